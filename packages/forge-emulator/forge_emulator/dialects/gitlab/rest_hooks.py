"""The registrations of webhooks: a project's, and the whole instance's system hooks."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.changes import HookRegistered
from forge_emulator.dialects.gitlab import serialize_issues
from forge_emulator.dialects.gitlab.call import optional_flag, optional_text
from forge_emulator.dialects.gitlab.credentials import WRITE
from forge_emulator.dialects.gitlab.errors import bad_parameter, bad_value, not_found
from forge_emulator.dialects.gitlab.limits import API
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forge_emulator.dialects.gitlab.call import Call
    from forge_emulator.repositories import Repository
    from forge_emulator.store import Hook

SYSTEM = 0  # what the store has in the place of a project's id for a system hook
_DEFAULTS = ("push_events", "enable_ssl_verification")
_KEY_BYTES = 32


def list_hooks(call: Call, id: str) -> Response:  # noqa: A002 - the path's own name
    found = call.writable(id)
    hooks = call.world.store.hooks(found.id)
    return call.page(hooks, lambda each: serialize_issues.hook(found, each))


def create_hook(call: Call, id: str) -> Response:  # noqa: A002 - the path's own name
    """A new registration; GitLab takes the same address twice, and sends no ping."""
    found = call.writable(id)
    hook = call.world.store.create_hook(
        repository_id=found.id,
        active=True,
        events=_events(call.body(), _DEFAULTS),
        config=_config(call.body(), {}),
        now=call.now,
    )
    call.world.announce(HookRegistered(repository=found, hook=hook, when=call.now))
    return call.answer(serialize_issues.hook(found, hook), 201)


def get_hook(call: Call, id: str, hook_id: int) -> Response:  # noqa: A002 - the path's own name
    found = call.writable(id)
    return call.answer(serialize_issues.hook(found, _hook(call, found, hook_id)))


def update_hook(call: Call, id: str, hook_id: int) -> Response:  # noqa: A002 - likewise
    """Change what the body names."""
    found = call.writable(id)
    hook, body = _hook(call, found, hook_id), call.body()
    changed = replace(hook, events=_events(body, hook.events), config=_config(body, hook.config))
    return call.answer(serialize_issues.hook(found, call.world.store.save_hook(changed)))


def delete_hook(call: Call, id: str, hook_id: int) -> Response:  # noqa: A002 - likewise
    found = call.writable(id)
    hook = _hook(call, found, hook_id)
    call.world.store.delete_hook(found.id, hook.id)
    return Response(status=204)


def create_system_hook(call: Call) -> Response:
    """A registration for the whole instance; what projects are called is told to these alone."""
    call.authenticated()
    call.demand(WRITE)
    hook = call.world.store.create_hook(
        repository_id=SYSTEM,
        active=True,
        events=_events(call.body(), ("repository_update_events", "enable_ssl_verification")),
        config=_config(call.body(), {}),
        now=call.now,
    )
    return call.answer({"id": hook.id, "url": hook.config["url"]}, 201)


def _hook(call: Call, found: Repository, number: int) -> Hook:
    try:
        return call.world.store.hook(found.id, number)
    except KeyError as error:
        raise not_found() from error


def _events(body: Mapping[str, object], before: Sequence[str]) -> tuple[str, ...]:
    chosen = []
    for name in serialize_issues.HOOK_EVENTS:
        wanted = optional_flag(body, name)
        if wanted if wanted is not None else name in before:
            chosen.append(name)
    return tuple(chosen)


def _config(body: Mapping[str, object], before: Mapping[str, str]) -> dict[str, str]:
    """The address, the names and the secrets."""
    config = dict(before)
    for name in ("url", "name", "description", "token", "signing_token"):
        value = optional_text(body, name)
        if value is not None:
            config[name] = value
    if "url" not in config:
        raise bad_parameter("url is missing")
    if not config["url"].startswith(("http://", "https://")):
        raise bad_value("Invalid url given", 422)
    if config.get("signing_token") and signing_key(config["signing_token"]) is None:
        raise bad_value({"signing_token": ["must be whsec_ and 32 bytes in base64"]}, 422)
    return config


def signing_key(token: str) -> bytes | None:
    """The key in `whsec_<base64>`; None where there is none of 32 bytes."""
    try:
        key = base64.b64decode(token.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return None
    return key if token.startswith("whsec_") and len(key) == _KEY_BYTES else None


_HOOKS = "/api/v4/projects/<id>/hooks"

ROUTES = [
    Route("GET", _HOOKS, list_hooks, API),
    Route("POST", _HOOKS, create_hook, API),
    Route("GET", f"{_HOOKS}/<int:hook_id>", get_hook, API),
    Route("PUT", f"{_HOOKS}/<int:hook_id>", update_hook, API),
    Route("DELETE", f"{_HOOKS}/<int:hook_id>", delete_hook, API),
    Route("POST", "/api/v4/hooks", create_system_hook, API),
]
