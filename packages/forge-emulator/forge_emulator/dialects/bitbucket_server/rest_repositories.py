"""Repositories, branches, the server's properties, and accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.dialects.bitbucket_server import serialize
from forge_emulator.dialects.bitbucket_server.call import PERMISSIONS
from forge_emulator.dialects.bitbucket_server.errors import ApiError, not_permitted
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.bitbucket_server.call import Call
    from forge_emulator.repositories import Repository

VERSION = "9.4.0"
REPO = "/projects/<key>/repos/<slug>"


def get_application_properties(call: Call) -> Response:
    """Anybody may ask; whose credential it is stands in the headers, as in those of any answer."""
    properties = {
        "version": VERSION,
        "buildNumber": "9004000",
        "buildDate": "1732060800000",
        "displayName": "Bitbucket",
    }
    return call.answer(properties)


def list_repositories(call: Call) -> Response:
    """All that the caller may read, or that it has `permission` on."""
    arguments = call.request.args
    permission = arguments.get("permission", "")
    if permission and permission not in PERMISSIONS:
        raise ApiError(400, f"{permission} is no permission of repositories.", context="permission")
    name = arguments.get("name", "").strip().lower()
    key = arguments.get("projectkey", "").strip().lower()
    chosen = [
        found
        for found in call.world.repositories.all()
        if (call.may(found, permission) if permission else call.sees(found))
        and name in found.hosted.name.lower()
        and key in {"", found.hosted.owner.lower()}
        and _is_wanted(found, arguments.get("archived", "ACTIVE").upper())
    ]
    return call.page(chosen, lambda found: serialize.repository(call.urls, found))


def _is_wanted(found: Repository, archived: str) -> bool:
    return archived == "ALL" or found.hosted.archived == (archived == "ARCHIVED")


def list_project_repositories(call: Call, key: str) -> Response:
    every = [
        found
        for found in call.world.repositories.all()
        if found.hosted.owner.lower() == key.lower()
    ]
    if not every:
        raise ApiError(404, f"Project {key} does not exist.", "project.NoSuchProjectException")
    mine = [found for found in every if call.sees(found)]
    if not mine:
        raise not_permitted()
    return call.page(mine, lambda found: serialize.repository(call.urls, found))


def get_repository(call: Call, key: str, slug: str) -> Response:
    return call.answer(serialize.repository(call.urls, call.repository(key, slug)))


def get_default_branch(call: Call, key: str, slug: str) -> Response:
    """The branch that is configured, if it exists."""
    found = call.repository(key, slug)
    name = found.default_branch()
    if name not in {branch.name for branch in git.branches(found.git_dir)}:
        raise ApiError(
            404,
            f"The default branch refs/heads/{name} does not exist.",
            "repository.NoDefaultBranchException",
        )
    return call.answer(serialize.branch_name(name))


def list_branches(call: Call, key: str, slug: str) -> Response:
    found = call.repository(key, slug)
    default = found.default_branch()
    wanted = call.request.args.get("filterText", "").lower()
    chosen = [ref for ref in git.branches(found.git_dir) if wanted in ref.name.lower()]
    return call.page(
        chosen, lambda ref: serialize.branch(ref, is_default=ref.name == default), cap=1000
    )


def get_user(call: Call, slug: str) -> Response:
    known = [login for login in call.world.credentials.logins() if login.lower() == slug.lower()]
    if not known:
        raise ApiError(404, f"User {slug} does not exist.", "user.NoSuchUserException")
    return call.answer(serialize.user(call.urls, known[0]))


ROUTES = [
    Route("GET", "/application-properties", get_application_properties),
    Route("GET", "/repos", list_repositories),
    Route("GET", "/projects/<key>/repos", list_project_repositories),
    Route("GET", REPO, get_repository),
    Route("GET", f"{REPO}/default-branch", get_default_branch),
    Route("GET", f"{REPO}/branches", list_branches),
    Route("GET", "/users/<slug>", get_user),
]
