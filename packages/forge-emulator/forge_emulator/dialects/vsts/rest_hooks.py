"""Service hooks: subscriptions of `tfs` events that are posted to an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from forge_emulator.dialects.vsts import serialize
from forge_emulator.dialects.vsts.errors import ApiError, bad_argument
from forge_emulator.dialects.vsts.ids import guid
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from forge_emulator.dialects.vsts.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.store import Hook

EVENTS = {
    "git.push",
    "git.pullrequest.created",
    "git.pullrequest.updated",
    "git.pullrequest.merged",
    "git.repo.created",
    "git.repo.deleted",
    "git.repo.renamed",
}
_INPUTS = {
    "url",
    "acceptUntrustedCerts",
    "basicAuthUsername",
    "basicAuthPassword",
    "httpHeaders",
    "resourceDetailsToSend",
    "messagesToSend",
    "detailedMessagesToSend",
}
_SECRET = {"basicAuthPassword"}
_PUBLISHER = "publisher."  # how a subscription's publisher inputs are kept in a hook's config


def subscription(root: str, hook: Hook, login: str) -> JsonObject:
    """A subscription; its password is never shown again."""
    kept = dict(hook.config)
    publisher = {
        key.removeprefix(_PUBLISHER): value
        for key, value in kept.items()
        if key.startswith(_PUBLISHER)
    }
    consumer = {
        key: "********" if key in _SECRET else value
        for key, value in kept.items()
        if not key.startswith(_PUBLISHER)
    }
    url = f"{root}/_apis/hooks/subscriptions/{hook_id(hook)}"
    return {
        "id": hook_id(hook),
        "url": url,
        "status": "enabled" if hook.active else "disabledByUser",
        "publisherId": "tfs",
        "eventType": hook.events[0],
        "subscriber": None,
        "resourceVersion": "1.0",
        "eventDescription": "Any",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "actionDescription": f"To host {urlsplit(kept['url']).netloc}",
        "createdBy": serialize.identity(login),
        "createdDate": serialize.fine_time(hook.created_at),
        "modifiedBy": serialize.identity(login),
        "modifiedDate": serialize.fine_time(hook.created_at),
        "publisherInputs": publisher,
        "consumerInputs": consumer,
    }


def hook_id(hook: Hook) -> str:
    return guid("subscription", hook.id)


def list_subscriptions(call: Call) -> Response:
    """All of the organization, by what the query names."""
    arguments = call.request.args
    shown = [subscription(call.root, hook, call.identity.login) for hook in _hooks(call)]
    wanted = {
        name: arguments[name]
        for name in ("publisherId", "eventType", "consumerId", "consumerActionId")
        if name in arguments
    }
    chosen = [each for each in shown if wanted.items() <= each.items()]
    return call.listed(chosen)


def _hooks(call: Call) -> list[Hook]:
    return [hook for found in call.repositories() for hook in call.world.store.hooks(found.id)]


def create_subscription(call: Call) -> Response:
    repository, event, config = _read(call)
    hook = call.world.store.create_hook(
        repository_id=repository, active=True, events=(event,), config=config, now=call.now
    )
    return call.answer(subscription(call.root, hook, call.identity.login))


def _read(call: Call) -> tuple[int, str, dict[str, str]]:
    """(repository, event, inputs) of the subscription in a body; raises `ApiError` 400."""
    body = call.body()
    event = body.get("eventType")
    kind = (body.get("publisherId"), body.get("consumerId"), body.get("consumerActionId"))
    if kind != ("tfs", "webHooks", "httpRequest"):
        raise _refused("The publisher, the consumer or its action is unknown.")
    if event not in EVENTS:
        raise _refused(f"The event type {event} is not supported by the publisher tfs.")
    consumer, publisher = (_inputs(body, name) for name in ("consumerInputs", "publisherInputs"))
    if set(consumer) - _INPUTS or "url" not in consumer:
        raise _refused("Invalid inputs of the consumer.")
    url = urlsplit(consumer["url"])
    local = url.hostname in {"127.0.0.1", "localhost"}
    if "basicAuthPassword" in consumer and url.scheme != "https" and not local:
        raise _refused("Basic authentication is only supported over HTTPS.")
    found = call.repository(publisher.get("projectId", ""), publisher.get("repository", ""))
    config = consumer | {_PUBLISHER + key: value for key, value in publisher.items()}
    return found.id, str(event), config


def _inputs(body: Mapping[str, object], name: str) -> dict[str, str]:
    value = body.get(name) or {}
    if not isinstance(value, Mapping):
        raise bad_argument(f"{name} is no object.")
    return {str(key): str(text) for key, text in value.items()}


def _refused(message: str) -> ApiError:
    return ApiError(400, message, key="SubscriptionInputException")


def _hook(call: Call, number: str) -> Hook:
    for hook in _hooks(call):
        if hook_id(hook) == number.lower():
            return hook
    raise ApiError(404, f"Subscription {number} not found.", key="SubscriptionNotFoundException")


def get_subscription(call: Call, number: str) -> Response:
    return call.answer(subscription(call.root, _hook(call, number), call.identity.login))


def replace_subscription(call: Call, number: str) -> Response:
    """Another whole subscription in the place of one."""
    hook = _hook(call, number)
    _, event, config = _read(call)
    hook = call.world.store.save_hook(replace(hook, events=(event,), config=config, active=True))
    return call.answer(subscription(call.root, hook, call.identity.login))


def delete_subscription(call: Call, number: str) -> Response:
    hook = _hook(call, number)
    call.world.store.delete_hook(hook.repository_id, hook.id)
    return Response(status=200)


_ALL = "/<organization>/_apis/hooks/subscriptions"

ROUTES = [
    Route("GET", _ALL, list_subscriptions, "vso.code"),
    Route("POST", _ALL, create_subscription, "vso.code"),
    Route("GET", f"{_ALL}/<number>", get_subscription, "vso.code"),
    Route("PUT", f"{_ALL}/<number>", replace_subscription, "vso.code"),
    Route("DELETE", f"{_ALL}/<number>", delete_subscription, "vso.code"),
]
