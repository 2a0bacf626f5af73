"""The registrations of webhooks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.dialects.bitbucket import serialize_pulls
from forge_emulator.dialects.bitbucket.errors import ApiError
from forge_emulator.dialects.bitbucket.paging import numbered
from forge_emulator.dialects.bitbucket.routes import REPOSITORY, route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forge_emulator.dialects.bitbucket.call import Call
    from forge_emulator.repositories import Repository
    from forge_emulator.store import Hook

_EVENTS = frozenset(
    {
        "repo:push", "repo:fork", "repo:updated", "repo:transfer", "repo:created", "repo:deleted",
        "repo:imported", "repo:commit_comment_created", "repo:commit_status_created",
        "repo:commit_status_updated", "pullrequest:created", "pullrequest:updated",
        "pullrequest:approved", "pullrequest:unapproved", "pullrequest:fulfilled",
        "pullrequest:rejected", "pullrequest:changes_request_created",
        "pullrequest:changes_request_removed", "pullrequest:comment_created",
        "pullrequest:comment_updated", "pullrequest:comment_deleted",
        "pullrequest:comment_resolved", "pullrequest:comment_reopened",
    }
)  # fmt: skip
_LONGEST_SECRET = 128


def list_hooks(call: Call, workspace: str, repo_slug: str) -> Response:
    found = call.administered(workspace, repo_slug)
    hooks = call.world.store.hooks(found.id)
    return call.answer(
        numbered(call, hooks, lambda each: serialize_pulls.hook(call.urls, found, each))
    )


def create_hook(call: Call, workspace: str, repo_slug: str) -> Response:
    found = call.administered(workspace, repo_slug)
    body = call.body()
    hook = call.world.store.create_hook(
        repository_id=found.id,
        active=body.get("active") is not False,
        events=_events(body.get("events")),
        config=_config(body, {}),
        now=call.now,
    )
    return call.answer(serialize_pulls.hook(call.urls, found, hook), 201)


def get_hook(call: Call, workspace: str, repo_slug: str, uid: str) -> Response:
    found = call.administered(workspace, repo_slug)
    return call.answer(serialize_pulls.hook(call.urls, found, _hook(call, found, uid)))


def update_hook(call: Call, workspace: str, repo_slug: str, uid: str) -> Response:
    """Change what the body names; a secret that it does not name stays."""
    found = call.administered(workspace, repo_slug)
    hook, body = _hook(call, found, uid), call.body()
    changed = replace(
        hook,
        active=hook.active if "active" not in body else body["active"] is not False,
        events=hook.events if "events" not in body else _events(body["events"]),
        config=_config(body, hook.config),
    )
    call.world.store.save_hook(changed)
    return call.answer(serialize_pulls.hook(call.urls, found, changed))


def delete_hook(call: Call, workspace: str, repo_slug: str, uid: str) -> Response:
    found = call.administered(workspace, repo_slug)
    call.world.store.delete_hook(found.id, _hook(call, found, uid).id)
    return Response(status=204)


def _hook(call: Call, found: Repository, uid: str) -> Hook:
    """The registration of that UUID, with its braces or without."""
    for hook in call.world.store.hooks(found.id):
        if serialize_pulls.hook_id(hook).strip("{}") == uid.strip("{}"):
            return hook
    raise ApiError(404, f"Webhook {uid} not found")


def _events(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not _EVENTS.issuperset(map(str, value)):
        raise ApiError(400, "Bad request", data={"fields": {"events": ["Invalid events"]}})
    return tuple(str(event) for event in value)


def _config(body: Mapping[str, object], known: Mapping[str, str]) -> dict[str, str]:
    """The texts of a registration; null or nothing takes a secret away."""
    config = dict(known)
    for name in ("url", "description", "secret"):
        if name in body:
            config[name] = str(body[name] or "")
    if not config.get("url", "").startswith(("http://", "https://")):
        raise ApiError(400, "Bad request", data={"fields": {"url": ["Enter a valid URL."]}})
    if len(config.get("secret", "")) > _LONGEST_SECRET:
        raise ApiError(400, "Bad request", data={"fields": {"secret": ["Too long"]}})
    return config


_HOOKS = f"{REPOSITORY}/hooks"

ROUTES = [
    route(method, path, handler, scope="webhook", resource="webhooks")
    for method, path, handler in (
        ("GET", _HOOKS, list_hooks),
        ("POST", _HOOKS, create_hook),
        ("GET", f"{_HOOKS}/<uid>", get_hook),
        ("PUT", f"{_HOOKS}/<uid>", update_hook),
        ("DELETE", f"{_HOOKS}/<uid>", delete_hook),
    )
]
