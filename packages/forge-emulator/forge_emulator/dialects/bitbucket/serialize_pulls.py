"""Pull requests and webhooks as Bitbucket's JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator.dialects.bitbucket.serialize import (
    account,
    commit_stub,
    href,
    moment,
    rendered,
    short_repository,
)
from forge_emulator.dialects.bitbucket.urls import braced

if TYPE_CHECKING:
    from forge_emulator.dialects.bitbucket.urls import Urls
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.store import Hook, PullRequest

_SHORT = 12  # the digits of a commit's id that pull requests show


def state_of(value: PullRequest) -> str:
    if value.merged_at is not None:
        return "MERGED"
    return "OPEN" if value.state == "open" else "DECLINED"


def pull_stub(urls: Urls, found: Repository, value: PullRequest) -> JsonObject:
    """A pull request as the list of a commit's shows it."""
    number = str(value.number)
    return {
        "type": "pullrequest",
        "id": value.number,
        "title": value.title,
        "links": href(
            self=urls.repository(found, "pullrequests", number),
            html=urls.page(found, "pull-requests", number),
        ),
    }


def pull_request(urls: Urls, found: Repository, value: PullRequest) -> JsonObject:
    number = str(value.number)
    parts = ("commits", "comments", "activity", "diff", "diffstat", "approve", "decline", "merge")
    merge = value.merge_commit and value.merge_commit[:_SHORT]
    when = value.merged_at or value.created_at
    return pull_stub(urls, found, value) | {
        "description": value.body,
        "summary": rendered(value.body),
        "rendered": {"title": rendered(value.title), "description": rendered(value.body)},
        "state": state_of(value),
        "author": account(urls, value.author),
        "source": _endpoint(urls, found, value.head, value.head_oid),
        "destination": _endpoint(urls, found, value.base, value.base_oid),
        "merge_commit": None if merge is None else commit_stub(urls, found, merge),
        "close_source_branch": False,
        "closed_by": None if value.merged_at is None else account(urls, value.author),
        "comment_count": 0,
        "task_count": 0,
        "reason": "",
        "created_on": moment(value.created_at),
        "updated_on": moment(when),
        "participants": [],
        "reviewers": [],
        "links": href(
            self=urls.repository(found, "pullrequests", number),
            html=urls.page(found, "pull-requests", number),
            **{part: urls.repository(found, "pullrequests", number, part) for part in parts},
        ),
    }


def _endpoint(urls: Urls, found: Repository, branch: str, oid: str) -> JsonObject:
    return {
        "branch": {"name": branch},
        "commit": commit_stub(urls, found, oid[:_SHORT]),
        "repository": short_repository(urls, found),
    }


def hook_id(value: Hook) -> str:
    return braced("hook", value.id)


def hook(urls: Urls, found: Repository, value: Hook) -> JsonObject:
    """A registration; its secret is never shown."""
    return {
        "type": "webhook_subscription",
        "uuid": hook_id(value),
        "url": value.config["url"],
        "description": value.config.get("description", ""),
        "subject_type": "repository",
        "subject": short_repository(urls, found),
        "active": value.active,
        "created_at": moment(value.created_at),
        "events": list(value.events),
        "secret_set": bool(value.config.get("secret")),
        "links": href(self=urls.repository(found, "hooks", hook_id(value))),
    }
