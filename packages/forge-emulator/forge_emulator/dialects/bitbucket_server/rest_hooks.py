"""Webhooks of a repository; only who administers it may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.dialects.bitbucket_server import serialize
from forge_emulator.dialects.bitbucket_server.errors import ApiError
from forge_emulator.dialects.bitbucket_server.rest_repositories import REPO
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from forge_emulator.dialects.bitbucket_server.call import Call
    from forge_emulator.store import Hook

# "Event payload" in the documentation of Bitbucket Data Center 9.4.
EVENTS = frozenset(
    {
        "mirror:repo_synchronized",
        "project:modified",
        "repo:comment:added",
        "repo:comment:deleted",
        "repo:comment:edited",
        "repo:forked",
        "repo:modified",
        "repo:refs_changed",
        "repo:secret_detected",
        "pr:comment:added",
        "pr:comment:deleted",
        "pr:comment:edited",
        "pr:declined",
        "pr:deleted",
        "pr:from_ref_updated",
        "pr:merged",
        "pr:modified",
        "pr:opened",
        "pr:reviewer:approved",
        "pr:reviewer:changes_requested",
        "pr:reviewer:needs_work",
        "pr:reviewer:unapproved",
        "pr:reviewer:updated",
        "pr:to_ref_updated",
    }
)


def list_hooks(call: Call, key: str, slug: str) -> Response:
    found = call.administered(key, slug)
    return call.page(call.world.store.hooks(found.id), serialize.hook)


def create_hook(call: Call, key: str, slug: str) -> Response:
    """A further webhook; two may well have the same URL."""
    found = call.administered(key, slug)
    name, events, config, active = _fields(call)
    hook = call.world.store.create_hook(
        repository_id=found.id,
        active=active,
        events=events,
        config={"name": name, **config},
        now=call.now,
    )
    return call.answer(serialize.hook(hook))


def _fields(call: Call) -> tuple[str, tuple[str, ...], dict[str, str], bool]:
    """The name, the events, the configuration and whether it is active; raises `ApiError` 400."""
    body = call.body()
    name, url, events = body.get("name"), body.get("url"), body.get("events")
    if not isinstance(name, str) or not name.strip():
        raise ApiError(400, "A name is required.", context="name")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ApiError(400, "A URL with http or https is required.", context="url")
    if not isinstance(events, list) or not events or not EVENTS.issuperset(events):
        raise ApiError(400, "At least one known event is required.", context="events")
    configuration = body.get("configuration")
    secret = configuration.get("secret") if isinstance(configuration, Mapping) else None
    config = {"url": url, "ssl": "0" if body.get("sslVerificationRequired") is False else "1"}
    if isinstance(secret, str) and secret:
        config["secret"] = secret
    return name, tuple(events), config, body.get("active") is not False


def _hook(call: Call, repository_id: int, hook_id: int) -> Hook:
    try:
        return call.world.store.hook(repository_id, hook_id)
    except KeyError as error:
        raise ApiError(
            404, "The webhook does not exist.", "webhook.NoSuchWebhookException"
        ) from error


def get_hook(call: Call, key: str, slug: str, hook_id: int) -> Response:
    return call.answer(serialize.hook(_hook(call, call.administered(key, slug).id, hook_id)))


def update_hook(call: Call, key: str, slug: str, hook_id: int) -> Response:
    """What the body says takes the place of what was there."""
    hook = _hook(call, call.administered(key, slug).id, hook_id)
    name, events, config, active = _fields(call)
    changed = replace(hook, active=active, events=events, config={"name": name, **config})
    return call.answer(serialize.hook(call.world.store.save_hook(changed)))


def delete_hook(call: Call, key: str, slug: str, hook_id: int) -> Response:
    found = call.administered(key, slug)
    _hook(call, found.id, hook_id)
    call.world.store.delete_hook(found.id, hook_id)
    return Response(status=204)


_HOOKS = f"{REPO}/webhooks"

ROUTES = [
    Route("GET", _HOOKS, list_hooks),
    Route("POST", _HOOKS, create_hook),
    Route("GET", f"{_HOOKS}/<int:hook_id>", get_hook),
    Route("PUT", f"{_HOOKS}/<int:hook_id>", update_hook),
    Route("DELETE", f"{_HOOKS}/<int:hook_id>", delete_hook),
]
