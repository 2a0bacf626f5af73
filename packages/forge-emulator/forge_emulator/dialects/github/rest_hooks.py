"""The registrations of webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.changes import HookRegistered
from forge_emulator.dialects.github import serialize_issues
from forge_emulator.dialects.github.call import text_list
from forge_emulator.dialects.github.errors import ApiError, missing_field, not_found
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from forge_emulator.dialects.github.call import Call


def list_hooks(call: Call, owner: str, repo: str) -> Response:
    found = call.writable(owner, repo)
    hooks = call.world.store.hooks(found.id)
    return call.page(hooks, lambda each: serialize_issues.hook(call.urls, found, each))


def create_hook(call: Call, owner: str, repo: str) -> Response:
    found = call.writable(owner, repo)
    body = call.body()
    config = body.get("config")
    if not isinstance(config, Mapping) or not isinstance(config.get("url"), str):
        raise missing_field("Hook", "config.url")
    events = text_list(body, "events") or ("push",)
    values = {str(key): str(value) for key, value in config.items()}
    if any(hook.config["url"] == values["url"] for hook in call.world.store.hooks(found.id)):
        error = {
            "resource": "Hook",
            "code": "custom",
            "message": "Hook already exists on this repository",
        }
        raise ApiError(422, errors=[error])
    hook = call.world.store.create_hook(
        repository_id=found.id,
        active=body.get("active") is not False,
        events=events,
        config={"content_type": "form", "insecure_ssl": "0"} | values,
        now=call.now,
    )
    call.world.announce(HookRegistered(repository=found, hook=hook, when=call.now))
    return call.answer(serialize_issues.hook(call.urls, found, hook), 201)


def get_hook(call: Call, owner: str, repo: str, hook_id: int) -> Response:
    found = call.writable(owner, repo)
    try:
        hook = call.world.store.hook(found.id, hook_id)
    except KeyError as error:
        raise not_found() from error
    return call.answer(serialize_issues.hook(call.urls, found, hook))


def update_hook(call: Call, owner: str, repo: str, hook_id: int) -> Response:
    """Change what the body names; a `config` takes the place of the whole one before."""
    found = call.writable(owner, repo)
    body = call.body()
    try:
        hook = call.world.store.hook(found.id, hook_id)
    except KeyError as error:
        raise not_found() from error
    config = body.get("config")
    if isinstance(config, Mapping):
        values = {str(key): str(value) for key, value in config.items()}
        if "url" not in values:
            raise missing_field("Hook", "config.url")
        hook = replace(hook, config={"content_type": "form", "insecure_ssl": "0"} | values)
    events = text_list(body, "events")
    active = body.get("active")
    hook = replace(
        hook,
        events=hook.events if events is None else events,
        active=active if isinstance(active, bool) else hook.active,
    )
    call.world.store.save_hook(hook)
    return call.answer(serialize_issues.hook(call.urls, found, hook))


def delete_hook(call: Call, owner: str, repo: str, hook_id: int) -> Response:
    found = call.writable(owner, repo)
    try:
        call.world.store.delete_hook(found.id, hook_id)
    except KeyError as error:
        raise not_found() from error
    return Response(status=204)


_HOOKS = "/repos/<owner>/<repo>/hooks"

ROUTES = [
    Route("GET", _HOOKS, list_hooks),
    Route("POST", _HOOKS, create_hook),
    Route("GET", f"{_HOOKS}/<int:hook_id>", get_hook),
    Route("PATCH", f"{_HOOKS}/<int:hook_id>", update_hook),
    Route("DELETE", f"{_HOOKS}/<int:hook_id>", delete_hook),
]
