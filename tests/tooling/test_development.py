"""The files that other tools read: direnv, pre-commit, devservices, GitHub's workflows."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentry.testutils.services import SERVICES
from tests.live import BIN, PATIENCE, ROOT, git

DIRENV = 'PATH_add() { PATH="$PWD/$1:$PATH"; }'  # what direnv's own function does


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def jobs_of_make() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))


def run(command: list[str | Path], folder: Path, status: int = 0, **variables: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={"PATH": os.environ["PATH"], **variables}, capture_output=True,
        text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


class TestDirenv:
    def enter(self, folder: Path) -> str:
        shutil.copy(ROOT / ".envrc", folder)
        script = f'{DIRENV}\n. ./.envrc\necho "$VIRTUAL_ENV"\ncommand -v sentry pytest || true'
        return run(["bash", "-euc", script], folder)

    def test_it_puts_the_programs_of_the_checkout_on_the_path(self, tmp_path: Path) -> None:
        (tmp_path / ".venv").symlink_to(BIN.parent)
        venv = tmp_path / ".venv"
        assert self.enter(tmp_path).split() == [
            str(venv), f"{venv}/bin/sentry", f"{venv}/bin/pytest",
        ]  # fmt: skip

    def test_it_says_what_to_do_before_set_up(self, tmp_path: Path) -> None:
        assert "run `make develop`" in self.enter(tmp_path)


class TestPreCommit:
    @pytest.fixture
    def checkout(self, tmp_path: Path) -> Path:
        """A checkout with what the hook `lint` reads, and a module with a fault."""
        top = tmp_path / "checkout"
        for name in (".pre-commit-config.yaml", "pyproject.toml", "bin/lint"):
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, top / name)
        (top / ".venv").symlink_to(BIN.parent)
        (top / "src/sentry").mkdir(parents=True)
        (top / "src/sentry/new.py").write_text('"""New."""\n\nimport os\n')
        git(top, "init", "--quiet")
        git(top, "add", ".pre-commit-config.yaml", "src")
        return top

    def pre_commit(self, folder: Path, home: Path, *arguments: str, status: int = 0) -> str:
        command: list[str | Path] = [BIN / "pre-commit", "run", "--color=never", *arguments]
        return run(command, folder, status, PRE_COMMIT_HOME=str(home), HOME=str(home))

    def test_it_passes_on_a_file_of_the_platform(self, tmp_path: Path) -> None:
        told = self.pre_commit(ROOT, tmp_path, "--files", "src/sentry/wsgi.py", "README.md")
        assert re.findall(r"(\w+)$", told, re.MULTILINE) == ["Passed"] * 3

    def test_it_fails_on_a_fault(self, checkout: Path, tmp_path: Path) -> None:
        told = self.pre_commit(checkout, tmp_path, "lint", "--files", "src/sentry/new.py", status=1)
        assert "F401" in told

    def test_every_hook_is_a_script_of_the_checkout(self) -> None:
        (repository,) = read(".pre-commit-config.yaml")["repos"]
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            assert hook["language"] == "system"
            script = hook["entry"].split()[-1]
            assert (ROOT / script).is_file()


class TestDevservices:
    CONFIG = read("devservices/config.yml")

    def test_it_has_the_form_that_the_tool_reads(self) -> None:
        config = self.CONFIG["x-sentry-service-config"]
        assert config["version"] == 0.1
        assert config["service_name"] == "sentry"
        assert set(config["dependencies"]) == set(self.CONFIG["services"])
        assert all(set(each) == {"description"} for each in config["dependencies"].values())
        assert set(config["modes"]["default"]) == set(config["dependencies"])
        assert self.CONFIG["networks"]["devservices"]["name"] == "devservices"
        program = self.CONFIG["x-programs"]["devserver"]["command"].split()
        assert program[0] == "sentry"
        assert (BIN / program[0]).exists()

    @pytest.mark.parametrize("name", ["postgres", "redis", "rabbitmq", "kafka"])
    def test_a_service_listens_where_the_tests_look_for_it(self, name: str) -> None:
        service = self.CONFIG["services"][name]
        (port,) = {re.findall(r":(\d+)", usual)[-1] for usual in SERVICES[name].usual}
        assert f"127.0.0.1:{port}:{port}" in service["ports"]
        assert all(each.startswith("127.0.0.1:") for each in service["ports"])
        assert service["healthcheck"]["test"]
        assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", service["image"])


class TestWorkflow:
    JOBS = read(".github/workflows/ci.yml")["jobs"]

    def commands(self) -> list[str]:
        """Every command of the workflow, once for each member of its job's matrix."""
        found = []
        for job in self.JOBS.values():
            members = job.get("strategy", {}).get("matrix", {}).get("job", [""])
            texts = [step["run"] for step in job["steps"] if "run" in step]
            found += [text.replace("${{ matrix.job }}", each) for text in texts for each in members]
        return found

    def test_it_runs_the_jobs_of_the_local_script(self) -> None:
        ran = [text.removeprefix("make ") for text in self.commands()]
        listed = re.search(r"for job in (.*); do", (ROOT / ".ci/run").read_text(encoding="utf-8"))
        assert listed
        assert ran == listed[1].split()
        assert set(ran) <= jobs_of_make()

    def test_every_action_is_pinned_to_a_commit(self) -> None:
        used = [
            step["uses"] for job in self.JOBS.values() for step in job["steps"] if "uses" in step
        ]
        assert used
        assert [
            each for each in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", each)
        ] == []

    def test_the_services_are_those_that_it_requires(self) -> None:
        job = self.JOBS["test"]
        required = set(job["env"]["REQUIRE_SERVICES"].split(","))
        assert required - {"node"} == set(job["services"])
        assert required <= set(SERVICES)
        development = TestDevservices.CONFIG["services"]
        for name, service in job["services"].items():
            (port,) = service["ports"]
            assert f"127.0.0.1:{port}" in development[name]["ports"]

    def test_it_ends_in_time_and_may_only_read(self) -> None:
        assert all(job["timeout-minutes"] <= 20 for job in self.JOBS.values())
        assert read(".github/workflows/ci.yml")["permissions"] == {"contents": "read"}
