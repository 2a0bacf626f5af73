"""What Bitbucket sends to a webhook: pushes, pull requests, and what becomes of a repository.

Bodies and headers as "Event payloads" on support.atlassian.com describes them, the signature as
"Manage webhooks" does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.changes import (
    PullRequestChanged,
    Pushed,
    RepositoryDeleted,
    RepositoryRenamed,
)
from forge_emulator.deliveries import Delivery
from forge_emulator.dialects.bitbucket import serialize, serialize_pulls
from forge_emulator.dialects.bitbucket.urls import API, Urls

if TYPE_CHECKING:
    from pathlib import Path

    from forge_emulator.changes import Change, RefUpdate
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.store import Hook
    from forge_emulator.world import World

_MOST_COMMITS = 5
_PULL_EVENTS = {
    "opened": "pullrequest:created",
    "edited": "pullrequest:updated",
    "closed": "pullrequest:rejected",
    "merged": "pullrequest:fulfilled",
}
_KINDS = {"refs/heads/": "branch", "refs/tags/": "tag"}


def deliveries(world: World, change: Change, hook: Hook) -> list[Delivery]:
    """What one hook is sent of a change: one delivery, or none that it did not ask for."""
    urls = Urls(api=f"{world.url}{API}", html=world.url)
    login = change.repository.hosted.owner
    body: JsonObject = {}
    if isinstance(change, Pushed):
        event, body, login = "repo:push", _push(world, urls, change), change.login
    elif isinstance(change, PullRequestChanged):
        pull = change.pull_request
        event, login = _PULL_EVENTS[change.action], pull.author
        body = {"pullrequest": serialize_pulls.pull_request(urls, change.repository, pull)}
    elif isinstance(change, RepositoryRenamed):
        event, body = _rename(change)
    elif isinstance(change, RepositoryDeleted):
        event = "repo:deleted"
    else:
        return []
    if event not in hook.events:
        return []
    around: JsonObject = {
        "repository": _repository(urls, change.repository),
        "actor": serialize.account(urls, login),
    }
    return [_delivery(event, body | around, hook)]


def _repository(urls: Urls, found: Repository) -> JsonObject:
    return serialize.short_repository(urls, found) | {
        "scm": "git",
        "website": "",
        "is_private": found.hosted.private,
        "owner": serialize.account(urls, found.hosted.owner),
    }


def _rename(change: RepositoryRenamed) -> tuple[str, JsonObject]:
    """Another name within the workspace, or a transfer to another one."""
    owner, _, name = change.previous.rpartition("/")
    now = change.repository.hosted
    if owner != now.owner:
        return "repo:transfer", {"previous_owner": {"type": "team", "display_name": owner}}
    changes: JsonObject = {
        "name": {"old": name, "new": now.name},
        "full_name": {"old": change.previous, "new": now.full_name},
    }
    return "repo:updated", {"changes": changes}


# --- pushes ------------------------------------------------------------------------------------


def _push(world: World, urls: Urls, change: Pushed) -> JsonObject:
    return {"push": {"changes": [_change(world, urls, change, each) for each in change.updates]}}


def _change(world: World, urls: Urls, change: Pushed, update: RefUpdate) -> JsonObject:
    """One ref; the commits that it got newest first, as many as Bitbucket shows."""
    before, after = (
        _peeled(change.repository.git_dir, oid) for oid in (update.before, update.after)
    )
    shown: JsonObject = {
        "forced": bool(before and after) and not _is_ancestor(change, before, after),
        "created": not update.before,
        "closed": not update.after,
        "old": _ref(world, urls, change.repository, update.name, before),
        "new": _ref(world, urls, change.repository, update.name, after),
        "truncated": False,
        "links": {},
    }
    if not after or not update.name.startswith("refs/heads/"):
        return shown
    known = [update.before] if update.before else change.known
    oids = git.new_commits(change.repository.git_dir, after, known)[::-1]
    commits = git.read_commits(change.repository.git_dir, oids[:_MOST_COMMITS])
    return shown | {
        "commits": [
            serialize.commit(urls, change.repository, commit, world.users) for commit in commits
        ],
        "truncated": len(oids) > _MOST_COMMITS,
    }


def _ref(world: World, urls: Urls, found: Repository, name: str, oid: str) -> JsonObject | None:
    if not oid:
        return None
    prefix = next(prefix for prefix in _KINDS if name.startswith(prefix))
    target = serialize.commit(urls, found, git.read_commit(found.git_dir, oid), world.users)
    ref = git.Ref(name=name.removeprefix(prefix), oid=oid)
    return serialize.ref(urls, found, _KINDS[prefix], ref, target)


def _peeled(git_dir: Path, oid: str) -> str:
    """The commit that an object is or names; "" where there is none."""
    try:
        return git.resolve_commit(git_dir, oid) if oid else ""
    except git.RevisionError:
        return ""


def _is_ancestor(change: Pushed, before: str, after: str) -> bool:
    return git.merge_base(change.repository.git_dir, before, after) == before


# --- on the wire -------------------------------------------------------------------------------


def _delivery(event: str, body: JsonObject, hook: Hook) -> Delivery:
    raw = json.dumps(body).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Bitbucket-Webhooks/2.0",
        "X-Event-Key": event,
        "X-Hook-UUID": serialize_pulls.hook_id(hook).strip("{}"),
        "X-Request-UUID": str(uuid.uuid4()),
        "X-Attempt-Number": "1",
    }
    secret = hook.config.get("secret", "").encode()
    if secret:
        digest = hmac.new(secret, raw, hashlib.sha256).hexdigest()
        headers["X-Hub-Signature"] = f"sha256={digest}"
    return Delivery(url=hook.config["url"], headers=headers, body=raw)
