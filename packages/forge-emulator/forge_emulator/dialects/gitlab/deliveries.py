"""What GitLab sends to a webhook: pushes, merge requests and, to system hooks, names of projects.

Bodies, headers and both forms of a secret as GitLab's "Webhooks", "Webhook events" and "System
hooks" describe them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from typing import TYPE_CHECKING

from forge_emulator.changes import (
    PullRequestChanged,
    Pushed,
    RepositoryDeleted,
    RepositoryRenamed,
)
from forge_emulator.deliveries import Delivery
from forge_emulator.dialects.gitlab import deliveries_push
from forge_emulator.dialects.gitlab.deliveries_push import hook_project, hook_repository, hook_user
from forge_emulator.dialects.gitlab.rest_hooks import SYSTEM, signing_key
from forge_emulator.dialects.gitlab.serialize import instant, user_number
from forge_emulator.dialects.gitlab.serialize_issues import state_of
from forge_emulator.dialects.gitlab.urls import Urls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from forge_emulator.changes import Change
    from forge_emulator.json_types import JsonObject
    from forge_emulator.store import Hook
    from forge_emulator.world import World

_ACTIONS = {"opened": "open", "edited": "update", "closed": "close", "merged": "merge"}


def deliveries(world: World, change: Change, hook: Hook) -> list[Delivery]:
    """What one hook is sent of a change; a registration is answered with nothing."""
    urls = Urls(root=world.url)
    if isinstance(change, RepositoryRenamed | RepositoryDeleted):
        if hook.repository_id != SYSTEM:
            return []
        return [_delivery("System Hook", _repository(change), hook, change.when, world.url)]
    if isinstance(change, PullRequestChanged):
        if "merge_requests_events" not in hook.events:
            return []
        body = _merge_request(urls, change)
        return [_delivery(_event("Merge Request Hook", hook), body, hook, change.when, world.url)]
    if isinstance(change, Pushed):
        return [
            _delivery(_event(event, hook), body, hook, change.when, world.url)
            for event, body in deliveries_push.bodies(urls, change, hook.events)
        ]
    return []


def _event(name: str, hook: Hook) -> str:
    return "System Hook" if hook.repository_id == SYSTEM else name


def _repository(change: RepositoryRenamed | RepositoryDeleted) -> JsonObject:
    found = change.repository
    value: JsonObject = {
        "created_at": instant(found.hosted.created_at),
        "updated_at": instant(change.when),
        "name": found.hosted.name,
        "path": found.hosted.name,
        "path_with_namespace": found.full_name,
        "project_id": found.id,
        "owner_name": found.hosted.owner,
        "owner_email": "",
        "owners": [{"name": found.hosted.owner, "email": ""}],
        "project_visibility": "private" if found.hosted.private else "public",
    }
    if isinstance(change, RepositoryDeleted):
        return {"event_name": "project_destroy", **value}
    owner = change.previous.rpartition("/")[0]
    event = "project_rename" if owner == found.hosted.owner else "project_transfer"
    return {"event_name": event, **value, "old_path_with_namespace": change.previous}


def _merge_request(urls: Urls, change: PullRequestChanged) -> JsonObject:
    pull, found = change.pull_request, change.repository
    project = hook_project(urls, found)
    author = user_number(pull.author)
    attributes: JsonObject = {
        "assignee_id": None,
        "author_id": author,
        "created_at": instant(pull.created_at),
        "description": pull.body,
        "draft": False,
        "head_pipeline_id": None,
        "id": pull.id,
        "iid": pull.number,
        "last_edited_at": None,
        "merge_commit_sha": pull.merge_commit,
        "merge_error": None,
        "merge_params": {},
        "merge_status": "can_be_merged",
        "merge_user_id": author if pull.merged_at else None,
        "merge_when_pipeline_succeeds": False,
        "milestone_id": None,
        "source_branch": pull.head,
        "source_project_id": found.id,
        "state": state_of(pull),
        "state_id": {"opened": 1, "closed": 2, "merged": 3}[state_of(pull)],
        "target_branch": pull.base,
        "target_project_id": found.id,
        "time_estimate": 0,
        "title": pull.title,
        "updated_at": instant(pull.updated_at or change.when),
        "url": urls.page(found, "merge_requests", str(pull.number)),
        "source": project,
        "target": project,
        "last_commit": deliveries_push.one_commit(urls, found, pull.head_oid),
        "work_in_progress": False,
        "assignee_ids": [],
        "reviewer_ids": [],
        "labels": [],
        "blocking_discussions_resolved": True,
        "detailed_merge_status": "not_open" if pull.merged_at else "mergeable",
        "action": _ACTIONS[change.action],
    }
    return {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": hook_user(urls, pull.author),
        "project": project,
        "object_attributes": attributes,
        "labels": [],
        "changes": {},
        "repository": hook_repository(urls, found),
    }


def _delivery(event: str, body: JsonObject, hook: Hook, when: datetime, instance: str) -> Delivery:
    raw = json.dumps(body).encode()
    number = str(uuid.uuid4())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitLab/emulated",
        "X-Gitlab-Event": event,
        "X-Gitlab-Instance": instance,
        "X-Gitlab-Event-UUID": str(uuid.uuid4()),
        "X-Gitlab-Webhook-UUID": str(uuid.uuid4()),
        "Idempotency-Key": number,
    }
    headers |= dict(_secrets(hook, number, raw, when))
    return Delivery(url=hook.config["url"], headers=headers, body=raw)


def _secrets(hook: Hook, number: str, raw: bytes, when: datetime) -> Iterator[tuple[str, str]]:
    """The static token as it is, and the signature in the form of Standard Webhooks."""
    if hook.config.get("token"):
        yield "X-Gitlab-Token", hook.config["token"]
    key = signing_key(hook.config.get("signing_token", ""))
    if key is not None:
        stamp = str(int(when.timestamp()))
        signed = b".".join([number.encode(), stamp.encode(), raw])
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        yield "webhook-id", number
        yield "webhook-timestamp", stamp
        yield "webhook-signature", f"v1,{base64.b64encode(digest).decode()}"
