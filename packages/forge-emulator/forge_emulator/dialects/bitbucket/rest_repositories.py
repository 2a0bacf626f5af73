"""The caller's account and workspaces, and the repositories of a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.dialects.bitbucket import serialize
from forge_emulator.dialects.bitbucket.paging import numbered
from forge_emulator.dialects.bitbucket.query import matcher
from forge_emulator.dialects.bitbucket.routes import REPOSITORY, route
from forge_emulator.dialects.bitbucket.urls import braced

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.bitbucket.call import Call
    from forge_emulator.dialects.bitbucket.urls import Urls
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository


def repository_json(urls: Urls, found: Repository) -> JsonObject:
    """A repository with what git knows of it."""
    newest = git.newest_time(found.git_dir)
    return serialize.repository(
        urls,
        found,
        branch=None if newest is None else found.default_branch(),
        updated=newest or found.hosted.created_at,
        size=git.disk_usage(found.git_dir) * 1024,
    )


def get_user(call: Call) -> Response:
    return call.answer(serialize.current_user(call.urls, call.account().identity.login))


def list_user_workspaces(call: Call) -> Response:
    """The workspaces of the repositories that the account may act in."""
    identity = call.account().identity
    mine = [found for found in call.world.repositories.all() if identity.grants(found)]
    keys = {found.hosted.owner: found.owner_key for found in mine}
    return call.answer(
        numbered(
            call,
            sorted(keys),
            lambda slug: serialize.workspace_access(call.urls, slug, keys[slug]),
        )
    )


def get_workspace(call: Call, workspace: str) -> Response:
    found = call.in_workspace(workspace)[0]
    return call.answer(serialize.workspace(call.urls, found.hosted.owner, found.owner_key))


def list_repositories(call: Call, workspace: str) -> Response:
    fits = matcher(call.request.args.get("q", ""), ("name", "full_name", "slug", "uuid"))
    found = [
        each for each in call.in_workspace(workspace) if call.sees(each) and fits(_fields(each))
    ]
    return call.answer(numbered(call, found, lambda each: repository_json(call.urls, each)))


def _fields(found: Repository) -> dict[str, str]:
    return {
        "name": found.hosted.name,
        "slug": found.hosted.name,
        "full_name": found.full_name,
        "uuid": braced("repository", found.id),
    }


def get_repository(call: Call, workspace: str, repo_slug: str) -> Response:
    return call.answer(repository_json(call.urls, call.repository(workspace, repo_slug)))


ROUTES = [
    route("GET", "/user", get_user, scope="account"),
    route("GET", "/user/workspaces", list_user_workspaces, scope="team"),
    route("GET", "/workspaces/<workspace>", get_workspace, scope="team"),
    route("GET", "/repositories/<workspace>", list_repositories),
    route("GET", REPOSITORY, get_repository),
]
