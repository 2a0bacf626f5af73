"""Issues, comments, labels, pull requests and webhooks as GitHub's REST JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from forge_emulator.dialects.github.serialize import instant, node_id, user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forge_emulator.dialects.github.urls import Urls
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.store import Comment, Hook, Issue, Label, PullRequest

_ZERO_REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def issue(
    urls: Urls, found: Repository, value: Issue, labels: Mapping[str, Label], *, comments: int
) -> JsonObject:
    """An `issue`; `labels` are the repository's, by name."""
    api = f"{urls.repository(found)}/issues/{value.number}"
    assignees = [user(urls, login) for login in value.assignees]
    return {
        "id": value.id,
        "node_id": node_id("Issue", value.id),
        "url": api,
        "repository_url": urls.repository(found),
        "labels_url": f"{api}/labels{{/name}}",
        "comments_url": f"{api}/comments",
        "events_url": f"{api}/events",
        "html_url": urls.page(found, "issues", str(value.number)),
        "timeline_url": f"{api}/timeline",
        "number": value.number,
        "state": value.state,
        "state_reason": value.state_reason,
        "title": value.title,
        "body": value.body,
        "user": user(urls, value.author),
        "labels": [label(urls, found, labels[name]) for name in value.labels],
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None,
        "locked": False,
        "active_lock_reason": None,
        "comments": comments,
        "closed_at": None if value.closed_at is None else instant(value.closed_at),
        "created_at": instant(value.created_at),
        "updated_at": instant(value.updated_at),
        "author_association": "OWNER" if value.author == found.hosted.owner else "CONTRIBUTOR",
        "reactions": _no_reactions(api),
        "performed_via_github_app": None,
    }


def comment(urls: Urls, found: Repository, value: Comment) -> JsonObject:
    api = f"{urls.repository(found)}/issues"
    page = urls.page(found, "issues", str(value.issue_number))
    return {
        "id": value.id,
        "node_id": node_id("IssueComment", value.id),
        "url": f"{api}/comments/{value.id}",
        "html_url": f"{page}#issuecomment-{value.id}",
        "issue_url": f"{api}/{value.issue_number}",
        "body": value.body,
        "user": user(urls, value.author),
        "created_at": instant(value.created_at),
        "updated_at": instant(value.updated_at),
        "author_association": "OWNER" if value.author == found.hosted.owner else "CONTRIBUTOR",
        "reactions": _no_reactions(f"{api}/comments/{value.id}"),
        "performed_via_github_app": None,
    }


def label(urls: Urls, found: Repository, value: Label) -> JsonObject:
    return {
        "id": value.id,
        "node_id": node_id("Label", value.id),
        "url": f"{urls.repository(found)}/labels/{quote(value.name)}",
        "name": value.name,
        "description": value.description or None,
        "color": value.color,
        "default": value.default,
    }


def hook(urls: Urls, found: Repository, value: Hook) -> JsonObject:
    """A webhook; its secret is never shown."""
    api = f"{urls.repository(found)}/hooks/{value.id}"
    config = {
        key: "********" if key == "secret" else content for key, content in value.config.items()
    }
    return {
        "type": "Repository",
        "id": value.id,
        "name": "web",
        "active": value.active,
        "events": list(value.events),
        "config": config,
        "updated_at": instant(value.created_at),
        "created_at": instant(value.created_at),
        "url": api,
        "test_url": f"{api}/test",
        "ping_url": f"{api}/pings",
        "deliveries_url": f"{api}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }


def pull_request(
    urls: Urls, found: Repository, value: PullRequest, shown: JsonObject
) -> JsonObject:
    """A `pull-request-simple`; `shown` is the repository that both its ends are in."""
    api = f"{urls.repository(found)}/pulls/{value.number}"
    issue_api = f"{urls.repository(found)}/issues/{value.number}"
    html = urls.page(found, "pull", str(value.number))
    statuses = f"{urls.repository(found)}/statuses/{value.head_oid}"
    merged = None if value.merged_at is None else instant(value.merged_at)
    closed = merged if value.closed_at is None else instant(value.closed_at)
    links = {
        "self": api,
        "html": html,
        "issue": issue_api,
        "comments": f"{issue_api}/comments",
        "review_comments": f"{api}/comments",
        "review_comment": f"{urls.repository(found)}/pulls/comments{{/number}}",
        "commits": f"{api}/commits",
        "statuses": statuses,
    }
    return {
        "url": api,
        "id": value.id,
        "node_id": node_id("PullRequest", value.id),
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "issue_url": issue_api,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": statuses,
        "number": value.number,
        "state": value.state,
        "locked": False,
        "title": value.title,
        "user": user(urls, value.author),
        "body": value.body or None,
        "labels": [],
        "milestone": None,
        "created_at": instant(value.created_at),
        "updated_at": instant(
            value.updated_at or value.closed_at or value.merged_at or value.created_at
        ),
        "closed_at": closed,
        "merged_at": merged,
        "merge_commit_sha": value.merge_commit,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _end(urls, found, value.head, value.head_oid, shown),
        "base": _end(urls, found, value.base, value.base_oid, shown),
        "_links": {name: {"href": url} for name, url in links.items()},
        "author_association": "CONTRIBUTOR",
        "auto_merge": None,
        "draft": False,
    }


def _end(urls: Urls, found: Repository, ref: str, oid: str, shown: JsonObject) -> JsonObject:
    owner = found.hosted.owner
    return {
        "label": f"{owner}:{ref}",
        "ref": ref,
        "sha": oid,
        "user": user(urls, owner),
        "repo": shown,
    }


def _no_reactions(api: str) -> JsonObject:
    return {"url": f"{api}/reactions", "total_count": 0, **dict.fromkeys(_ZERO_REACTIONS, 0)}
