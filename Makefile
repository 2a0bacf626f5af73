# One script per job in bin/. `make` alone lists the jobs.
.DEFAULT_GOAL := help
.PHONY: help setup develop demo demo-all test lint type imports proto-check docs build-api-docs bench run reset-db lock clean

help: ## list the jobs
	@sed -n 's/^\([a-z][a-z -]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

setup: ## prepare .venv (fast when nothing changed)
	@bin/setup

develop: setup ## the same as setup

demo: setup ## run the main job on a real repository (REPO=/path for another, PROVIDER=gitlab for another host)
	@bin/demo

demo-all: setup ## the demo on each of the six hosts, one line for each
	@bin/demo-all

test: setup ## run every test, with coverage
	@bin/test

lint: setup ## ruff, and what no file may hold
	@bin/lint

type: setup ## mypy, strict
	@bin/type

imports: setup ## the walls between the parts (import-linter)
	@bin/imports

proto-check: setup ## generated code is what the protos say; no field number ever changes
	@bin/proto-check

docs: setup ## nothing is undocumented, every link resolves
	@bin/docs

build-api-docs: setup ## write the OpenAPI document to build/openapi.json
	@bin/build-api-docs

bench: setup ## measure (ONLY=name for one figure)
	@bin/bench $(ONLY)

run: setup ## leave a server up on port 8000
	@bin/run

reset-db: setup ## empty the development database (asks; FORCE=1 answers)
	@bin/reset-db

lock: setup ## resolve the requirements anew into requirements/*.txt
	@bin/lock

clean: ## remove what the jobs made
	@bin/clean
