"""Branches and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.dialects.bitbucket import serialize
from forge_emulator.dialects.bitbucket.errors import ApiError
from forge_emulator.dialects.bitbucket.paging import numbered
from forge_emulator.dialects.bitbucket.query import matcher
from forge_emulator.dialects.bitbucket.rest_commits import commit_json
from forge_emulator.dialects.bitbucket.routes import REPOSITORY, route

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.bitbucket.call import Call
    from forge_emulator.git import Ref
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository


def _named(call: Call, found: Repository, kinds: tuple[str, ...]) -> list[tuple[str, Ref]]:
    listed = [("branch", ref) for ref in git.branches(found.git_dir)] if "branch" in kinds else []
    if "tag" in kinds:
        listed += [("tag", ref) for ref in git.tags(found.git_dir)]
    fits = matcher(call.request.args.get("q", ""), ("name", "type"))
    return [pair for pair in listed if fits({"name": pair[1].name, "type": pair[0]})]


def _ref_json(call: Call, found: Repository, kind: str, value: Ref) -> JsonObject:
    tip = commit_json(call, found, git.read_commit(found.git_dir, value.oid))
    return serialize.ref(call.urls, found, kind, value, tip)


def _list(call: Call, found: Repository, *kinds: str) -> Response:
    listed = _named(call, found, kinds)
    return call.answer(numbered(call, listed, lambda pair: _ref_json(call, found, *pair)))


def list_refs(call: Call, workspace: str, repo_slug: str) -> Response:
    return _list(call, call.repository(workspace, repo_slug), "branch", "tag")


def list_branches(call: Call, workspace: str, repo_slug: str) -> Response:
    return _list(call, call.repository(workspace, repo_slug), "branch")


def list_tags(call: Call, workspace: str, repo_slug: str) -> Response:
    return _list(call, call.repository(workspace, repo_slug), "tag")


def get_branch(call: Call, workspace: str, repo_slug: str, name: str) -> Response:
    found = call.repository(workspace, repo_slug)
    value = next((ref for ref in git.branches(found.git_dir) if ref.name == name), None)
    if value is None:
        raise ApiError(404, f"Branch {name} not found")
    return call.answer(_ref_json(call, found, "branch", value))


ROUTES = [
    route("GET", f"{REPOSITORY}/refs", list_refs),
    route("GET", f"{REPOSITORY}/refs/branches", list_branches),
    route("GET", f"{REPOSITORY}/refs/branches/<path:name>", get_branch),
    route("GET", f"{REPOSITORY}/refs/tags", list_tags),
]
