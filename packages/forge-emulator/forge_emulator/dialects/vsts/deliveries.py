"""What service hooks send: an event's envelope, without any signature of the body.

A secret travels in a Basic `Authorization` header or in a header of the subscriber's own, as the
host's "Webhooks" page describes. The shapes follow its page "Service hook events".
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from forge_emulator import git
from forge_emulator.changes import (
    HookRegistered,
    PullRequestChanged,
    Pushed,
    RepositoryDeleted,
    RepositoryRenamed,
)
from forge_emulator.deliveries import Delivery
from forge_emulator.dialects.vsts import serialize
from forge_emulator.dialects.vsts.call import page_of, project_of, repository_id
from forge_emulator.dialects.vsts.ids import guid
from forge_emulator.dialects.vsts.rest_hooks import hook_id
from forge_emulator.dialects.vsts.rest_pulls import pull_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forge_emulator.changes import Change
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.store import Hook
    from forge_emulator.world import World

_ZERO = "0" * 40
_MOST_COMMITS = 20
_ORGANIZATION = "emulated"
_PULL_EVENTS = {
    "opened": "git.pullrequest.created",
    "edited": "git.pullrequest.updated",
    "closed": "git.pullrequest.updated",
    "merged": "git.pullrequest.merged",
}


def deliveries(world: World, change: Change, hook: Hook) -> list[Delivery]:
    """What one subscription is sent of a change; nothing where it is for another event."""
    return [
        _delivery(world, change.repository, hook, event, resource)
        for event, resource in _events(world, change)
        if event in hook.events
    ]


def _events(world: World, change: Change) -> Iterator[tuple[str, JsonObject]]:
    root, found = f"{world.url}/{_ORGANIZATION}", change.repository
    match change:
        case Pushed():
            yield "git.push", _push(root, change)
        case PullRequestChanged():
            shown = pull_request(root, found, change.pull_request)
            shown["repository"] = _repository(root, found)
            yield _PULL_EVENTS[change.action], shown
        case RepositoryRenamed():
            yield "git.repo.renamed", _renamed(root, change)
        case RepositoryDeleted():
            yield "git.repo.deleted", _deleted(root, change)
        case HookRegistered():
            return


def _repository(root: str, found: Repository) -> JsonObject:
    branch = found.default_branch()
    return serialize.repository(root, found, project_of(found), branch)


def _push(root: str, change: Pushed) -> JsonObject:
    """All that one push did; of its commits the newest."""
    found = change.repository
    return {
        "commits": [_commit(root, found, oid) for oid in _pushed_commits(change)],
        "refUpdates": [
            {
                "name": update.name,
                "oldObjectId": update.before or _ZERO,
                "newObjectId": update.after or _ZERO,
            }
            for update in change.updates
        ],
        "repository": _repository(root, found),
        "pushedBy": serialize.identity(change.login),
        "pushId": 1,
        "date": serialize.fine_time(change.when),
        "url": f"{root}/_apis/git/repositories/{repository_id(found)}/pushes/1",
    }


def _pushed_commits(change: Pushed) -> list[str]:
    fresh: dict[str, None] = {}
    for update in change.updates:
        if update.after and update.name.startswith("refs/heads/"):
            new = git.new_commits(change.repository.git_dir, update.after, change.known)
            fresh |= dict.fromkeys(reversed(new))
    return list(fresh)[:_MOST_COMMITS]


def _commit(root: str, found: Repository, oid: str) -> JsonObject:
    commit = git.read_commit(found.git_dir, oid)
    return {
        "commitId": oid,
        "author": serialize.person(commit.author),
        "committer": serialize.person(commit.committer),
        "comment": commit.message,
        "url": f"{page_of(root, found)}/commit/{oid}",
    }


def _renamed(root: str, change: RepositoryRenamed) -> JsonObject:
    return {
        "oldName": change.previous.rpartition("/")[2],
        "newName": change.repository.hosted.name,
        "repository": _repository(root, change.repository),
        "initiatedBy": serialize.identity("dora@example.com"),
        "utcTimestamp": serialize.fine_time(change.when),
    }


def _deleted(root: str, change: RepositoryDeleted) -> JsonObject:
    found = change.repository
    return {
        "project": serialize.project(root, project_of(found)),
        "repositoryId": repository_id(found),
        "repositoryName": found.hosted.name,
        "isHardDelete": False,
        "initiatedBy": serialize.identity("dora@example.com"),
        "utcTimestamp": serialize.fine_time(change.when),
    }


def _delivery(
    world: World, found: Repository, hook: Hook, event: str, resource: JsonObject
) -> Delivery:
    text = {"text": event, "html": event, "markdown": event}
    number = world.store.next_delivery(hook.id)
    body: JsonObject = {
        "subscriptionId": hook_id(hook),
        "notificationId": number,
        "id": guid("event", f"{hook.id}/{number}"),
        "eventType": event,
        "publisherId": "tfs",
        "message": text,
        "detailedMessage": text,
        "resource": resource,
        "resourceVersion": "1.0",
        "resourceContainers": {
            "collection": {"id": guid("organization", _ORGANIZATION)},
            "account": {"id": guid("organization", _ORGANIZATION)},
            "project": {"id": project_of(found).id},
        },
        "createdDate": serialize.fine_time(world.clock()),
    }
    return Delivery(url=hook.config["url"], headers=_headers(hook), body=json.dumps(body).encode())


def _headers(hook: Hook) -> dict[str, str]:
    """The subscription's own headers, and its account and password."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "VSServices/emulated",
        "X-VSS-SubscriptionId": quote(hook_id(hook)),
    }
    for line in hook.config.get("httpHeaders", "").splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip():
            headers[name.strip()] = value.strip()
    password = hook.config.get("basicAuthPassword")
    if password is not None:
        pair = f"{hook.config.get('basicAuthUsername', '')}:{password}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return headers
