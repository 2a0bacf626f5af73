"""What Bitbucket Data Center sends to a webhook: pushes, pull requests, and new names.

Bodies, headers and signature as "Event payload" and "Manage webhooks" in its documentation say. It
tells refs alone of a push, and nothing at all when a repository is deleted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from forge_emulator.changes import PullRequestChanged, Pushed, RepositoryRenamed
from forge_emulator.deliveries import Delivery
from forge_emulator.dialects.bitbucket_server import serialize
from forge_emulator.dialects.bitbucket_server.urls import Urls
from forge_emulator.repositories import HostedRepository

if TYPE_CHECKING:
    from datetime import datetime

    from forge_emulator.changes import Change, RefUpdate
    from forge_emulator.json_types import JsonObject
    from forge_emulator.store import Hook
    from forge_emulator.world import World

_PULL_EVENTS = {
    "opened": "pr:opened",
    "edited": "pr:modified",
    "closed": "pr:declined",
    "merged": "pr:merged",
}


def deliveries(world: World, change: Change, hook: Hook) -> list[Delivery]:
    """What one hook is sent of a change: one delivery, or none that it did not ask for."""
    urls = Urls(root=world.url)
    if isinstance(change, Pushed):
        event, body = "repo:refs_changed", _push(urls, change)
        login = change.login
    elif isinstance(change, PullRequestChanged):
        event = _PULL_EVENTS[change.action]
        shown = serialize.pull_request(urls, change.repository, change.pull_request)
        body, login = {"pullRequest": shown}, change.pull_request.author
    elif isinstance(change, RepositoryRenamed):
        event, body = "repo:modified", _rename(urls, change)
        login = change.repository.hosted.owner
    else:
        return []
    if event not in hook.events:
        return []
    head: JsonObject = {
        "eventKey": event,
        "date": _iso(change.when),
        "actor": serialize.user(urls, login),
    }
    return [_delivery(event, head | body, hook)]


def _push(urls: Urls, change: Pushed) -> JsonObject:
    return {
        "repository": serialize.repository(urls, change.repository),
        "changes": [_ref(update) for update in change.updates],
    }


def _ref(update: RefUpdate) -> JsonObject:
    """One ref: added, moved or deleted, where zeros stand for no commit."""
    zeros = "0" * len(update.before or update.after)
    kind = "TAG" if update.name.startswith("refs/tags/") else "BRANCH"
    name = update.name.removeprefix("refs/tags/").removeprefix("refs/heads/")
    how = "ADD" if not update.before else "DELETE" if not update.after else "UPDATE"
    return {
        "ref": {"id": update.name, "displayId": name, "type": kind},
        "refId": update.name,
        "fromHash": update.before or zeros,
        "toHash": update.after or zeros,
        "type": how,
    }


def _rename(urls: Urls, change: RepositoryRenamed) -> JsonObject:
    """The repository as it was, and as it is."""
    new = change.repository
    hosted = HostedRepository(
        full_name=change.previous,
        path=new.hosted.path,
        id=new.hosted.id,
        private=new.hosted.private,
        description=new.hosted.description,
    )
    old = replace(new, hosted=hosted)
    return {"old": serialize.repository(urls, old), "new": serialize.repository(urls, new)}


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S%z")


def _delivery(event: str, body: JsonObject, hook: Hook) -> Delivery:
    raw = json.dumps(body).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Atlassian HttpClient (emulated)",
        "X-Event-Key": event,
        "X-Request-Id": str(uuid.uuid4()),
    }
    secret = hook.config.get("secret", "").encode()
    if secret:
        digest = hmac.new(secret, raw, hashlib.sha256).hexdigest()
        headers["X-Hub-Signature"] = f"sha256={digest}"
    return Delivery(url=hook.config["url"], headers=headers, body=raw)
