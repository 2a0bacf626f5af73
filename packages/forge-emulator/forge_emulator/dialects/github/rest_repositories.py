"""Repositories, branches, refs, the rate limit and the caller's own account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.dialects.github import serialize
from forge_emulator.dialects.github.errors import ApiError, not_found
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.github.call import Call
    from forge_emulator.dialects.github.urls import Urls
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World


def repository_json(call: Call, found: Repository) -> JsonObject:
    """A repository with what git and the store know of it, and what the caller may do there."""
    return describe(call.world, call.urls, found) | permissions(call, found)


def describe(world: World, urls: Urls, found: Repository) -> JsonObject:
    """A repository with what git and the store know of it."""
    issues = world.store.issues(found.id)
    return serialize.repository(
        urls,
        found,
        owner_kind=owner_kind(world, found.hosted.owner),
        default_branch=found.default_branch(),
        pushed_at=git.newest_time(found.git_dir) or found.hosted.created_at,
        size=git.disk_usage(found.git_dir),
        open_issues=sum(issue.state == "open" for issue in issues),
    )


def owner_kind(world: World, owner: str) -> str:
    """An owner with a token of its own is a user, any other an organization."""
    return "User" if owner in world.credentials.logins() else "Organization"


def permissions(call: Call, found: Repository) -> JsonObject:
    if call.identity is None:
        return {}
    mine = call.identity.grants(found)
    return {
        "permissions": {
            "admin": mine,
            "maintain": mine,
            "push": mine,
            "triage": mine,
            "pull": True,
        }
    }


def get_repository(call: Call, owner: str, repo: str) -> Response:
    return call.answer(_full(call, call.repository(owner, repo)))


def get_repository_by_id(call: Call, repository_id: int) -> Response:
    found = call.world.repositories.by_id(repository_id)
    if found is None or not call.sees(found):
        raise not_found()
    return call.answer(_full(call, found))


def _full(call: Call, found: Repository) -> JsonObject:
    """A `full-repository`: lists leave these counts out."""
    return repository_json(call, found) | {"network_count": 0, "subscribers_count": 0}


def list_user_repositories(call: Call) -> Response:
    identity = call.authenticated()
    if identity.kind != "user":
        raise ApiError(403)
    mine = [found for found in call.visible_repositories() if identity.grants(found)]
    return call.page(mine, lambda found: repository_json(call, found))


def list_organization_repositories(call: Call, org: str) -> Response:
    owned = [
        found for found in call.visible_repositories() if found.hosted.owner.lower() == org.lower()
    ]
    if not owned or owner_kind(call.world, owned[0].hosted.owner) == "User":
        raise not_found()
    return call.page(owned, lambda found: repository_json(call, found))


def list_branches(call: Call, owner: str, repo: str) -> Response:
    found = call.repository(owner, repo)
    branches = git.branches(found.git_dir)
    return call.page(branches, lambda ref: serialize.short_branch(call.urls, found, ref))


def get_branch(call: Call, owner: str, repo: str, branch: str) -> Response:
    found = call.repository(owner, repo)
    ref = next((ref for ref in git.branches(found.git_dir) if ref.name == branch), None)
    if ref is None:
        raise ApiError(404, "Branch not found")
    commit = git.read_commit(found.git_dir, ref.oid)
    tip = serialize.commit(call.urls, found, commit, call.world.users)
    return call.answer(serialize.branch_with_protection(call.urls, found, ref, tip))


def get_ref(call: Call, owner: str, repo: str, ref: str) -> Response:
    found = call.repository(owner, repo)
    name = f"refs/{ref}"
    target = git.ref_target(found.git_dir, name)
    if target is None:
        raise not_found()
    return call.answer(serialize.git_ref(call.urls, found, name, *target))


def get_user(call: Call) -> Response:
    identity = call.authenticated()
    if identity.kind != "user":
        raise ApiError(403)
    owned = [r for r in call.world.repositories.all() if r.hosted.owner == identity.login]
    public = sum(not found.hosted.private for found in owned)
    epoch = serialize.instant(datetime(2020, 1, 1, tzinfo=UTC))
    profile: JsonObject = {
        "user_view_type": "private",
        "name": None,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "public_repos": public,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": epoch,
        "updated_at": epoch,
        "private_gists": 0,
        "total_private_repos": len(owned) - public,
        "owned_private_repos": len(owned) - public,
        "disk_usage": sum(git.disk_usage(found.git_dir) for found in owned),
        "collaborators": 0,
        "two_factor_authentication": True,
    }
    return call.answer(serialize.user(call.urls, identity.login) | profile)


def get_rate_limit(call: Call) -> Response:
    """The state of every limit; asking is free. 404 where the host has no limits."""
    if call.limits is None:
        raise ApiError(404, "Rate limiting is not enabled.")
    resources: JsonObject = {}
    for resource in call.limits.resources():
        usage = call.limits.look(call.caller, resource, call.ceiling(resource))
        resources[resource] = {
            "limit": usage.limit,
            "used": usage.used,
            "remaining": usage.remaining,
            "reset": int(usage.reset.timestamp()),
        }
    return call.answer({"resources": resources, "rate": resources["core"]})


ROUTES = [
    Route("GET", "/rate_limit", get_rate_limit, None),
    Route("GET", "/user", get_user),
    Route("GET", "/user/repos", list_user_repositories),
    Route("GET", "/orgs/<org>/repos", list_organization_repositories),
    Route("GET", "/repos/<owner>/<repo>", get_repository),
    Route("GET", "/repositories/<int:repository_id>", get_repository_by_id),
    Route("GET", "/repos/<owner>/<repo>/branches", list_branches),
    Route("GET", "/repos/<owner>/<repo>/branches/<path:branch>", get_branch),
    Route("GET", "/repos/<owner>/<repo>/git/ref/<path:ref>", get_ref),
]
