"""What GitHub sends to a webhook: pushes, pull requests, changes of repositories, and a ping.

Headers and signature as GitHub's "Validating webhook deliveries" describes them; the bodies are
compared with the description that it publishes of its webhooks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from forge_emulator.changes import (
    HookRegistered,
    PullRequestChanged,
    Pushed,
    RepositoryDeleted,
    RepositoryRenamed,
)
from forge_emulator.deliveries import Delivery
from forge_emulator.dialects.github import deliveries_push, serialize, serialize_issues
from forge_emulator.dialects.github.rest_repositories import describe, owner_kind
from forge_emulator.dialects.github.urls import Urls
from forge_emulator.diff import changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forge_emulator.changes import Change
    from forge_emulator.json_types import JsonObject
    from forge_emulator.store import Hook
    from forge_emulator.world import World


def deliveries(world: World, change: Change, hook: Hook) -> list[Delivery]:
    """What one hook is sent of a change: a delivery for each ref that was pushed, else one."""
    urls = Urls(api=world.url, html=world.url, current=world.url)
    if isinstance(change, Pushed):
        event, bodies = "push", list(deliveries_push.bodies(world, urls, change))
    elif isinstance(change, PullRequestChanged):
        event, bodies = "pull_request", [_pull_request(world, urls, change)]
    elif isinstance(change, HookRegistered):
        event, bodies = "ping", [_ping(urls, change)]
    else:
        event, bodies = "repository", [_repository(world, urls, change)]
    if event != "ping" and not {event, "*"} & set(hook.events):
        return []
    around = _around(world, urls, change, hook)
    return [_delivery(event, body | around, hook, change) for body in bodies]


def _around(world: World, urls: Urls, change: Change, hook: Hook) -> JsonObject:
    """What every body holds besides its own."""
    repository = describe(world, urls, change.repository)
    login = change.login if isinstance(change, Pushed) else change.repository.hosted.owner
    value: JsonObject = {"repository": repository, "sender": serialize.user(urls, login)}
    if isinstance(change, Pushed):
        value["repository"] = deliveries_push.pushed_repository(repository)
    number = hook.config.get("installation")
    if number is not None:
        node = serialize.node_id("IntegrationInstallation", number)
        value["installation"] = {"id": int(number), "node_id": node}
    return value


def _ping(urls: Urls, change: HookRegistered) -> JsonObject:
    shown = serialize_issues.hook(urls, change.repository, change.hook)
    return {"zen": "Keep it logically awesome.", "hook_id": change.hook.id, "hook": shown}


def _pull_request(world: World, urls: Urls, change: PullRequestChanged) -> JsonObject:
    """The pull request as it is now, with what only a single one shows."""
    pull, found = change.pull_request, change.repository
    shown = describe(world, urls, found)
    files = changes(found.git_dir, pull.base_oid, pull.head_oid)
    merged = pull.merged_at is not None
    action = "closed" if change.action == "merged" else change.action
    body = serialize_issues.pull_request(urls, found, pull, shown) | {
        "merged": merged,
        "mergeable": None,
        "mergeable_state": "unknown",
        "rebaseable": None,
        "merged_by": serialize.user(urls, pull.author) if merged else None,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(pull.commits),
        "additions": sum(file.additions for file in files),
        "deletions": sum(file.deletions for file in files),
        "changed_files": len(files),
    }
    value: JsonObject = {"action": action, "number": pull.number, "pull_request": body}
    return value | ({"changes": {}} if action == "edited" else {})


def _repository(
    world: World, urls: Urls, change: RepositoryRenamed | RepositoryDeleted
) -> JsonObject:
    """Renamed within its owner, transferred to another, or deleted."""
    if isinstance(change, RepositoryDeleted):
        return {"action": "deleted"}
    owner, _, name = change.previous.partition("/")
    if owner == change.repository.hosted.owner:
        return {"action": "renamed", "changes": {"repository": {"name": {"from": name}}}}
    if owner_kind(world, owner) == "User":
        former: JsonObject = {"user": serialize.user(urls, owner)}
    else:
        former = {"organization": serialize.organization(urls, owner)}
    return {"action": "transferred", "changes": {"owner": {"from": former}}}


def _delivery(event: str, body: JsonObject, hook: Hook, change: Change) -> Delivery:
    raw = json.dumps(body).encode()
    content_type = "application/json"
    if hook.config.get("content_type") != "json":
        raw = urlencode({"payload": raw.decode()}).encode()
        content_type = "application/x-www-form-urlencoded"
    is_app = hook.repository_id == 0
    headers = {
        "Content-Type": content_type,
        "User-Agent": "GitHub-Hookshot/emulated",
        "Accept": "*/*",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-ID": str(change.repository.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration" if is_app else "repository",
    }
    headers |= dict(_signatures(hook, raw))
    return Delivery(url=hook.config["url"], headers=headers, body=raw)


def _signatures(hook: Hook, raw: bytes) -> Iterator[tuple[str, str]]:
    """Both signatures of the body; none without a secret."""
    secret = hook.config.get("secret", "").encode()
    if secret:
        digest = hmac.new(secret, raw, hashlib.sha1).hexdigest()
        yield "X-Hub-Signature", f"sha1={digest}"
        yield "X-Hub-Signature-256", f"sha256={hmac.new(secret, raw, hashlib.sha256).hexdigest()}"
