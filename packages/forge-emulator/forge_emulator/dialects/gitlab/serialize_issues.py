"""Issues, notes, merge requests and webhooks as GitLab's REST JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator.dialects.gitlab.serialize import instant, user

if TYPE_CHECKING:
    from forge_emulator.dialects.gitlab.urls import Urls
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.store import Comment, Hook, Issue, PullRequest

HOOK_EVENTS = (
    "push_events",
    "tag_push_events",
    "merge_requests_events",
    "repository_update_events",
    "enable_ssl_verification",
    "issues_events",
    "confidential_issues_events",
    "note_events",
    "confidential_note_events",
    "pipeline_events",
    "wiki_page_events",
    "deployment_events",
    "feature_flag_events",
    "job_events",
    "releases_events",
    "milestone_events",
    "emoji_events",
    "resource_access_token_events",
    "vulnerability_events",
)


def issue(urls: Urls, found: Repository, value: Issue, *, notes: int) -> JsonObject:
    api = f"{urls.project(found)}/issues/{value.number}"
    assignees = [user(urls, login) for login in value.assignees]
    return {
        "id": value.id,
        "iid": value.number,
        "project_id": found.id,
        "title": value.title,
        "description": value.body,
        "state": "opened" if value.state == "open" else "closed",
        "created_at": instant(value.created_at),
        "updated_at": instant(value.updated_at),
        "closed_at": None if value.closed_at is None else instant(value.closed_at),
        "closed_by": user(urls, value.author) if value.closed_at else None,
        "labels": list(value.labels),
        "milestone": None,
        "assignees": assignees,
        "author": user(urls, value.author),
        "type": "ISSUE",
        "issue_type": "issue",
        "assignee": assignees[0] if assignees else None,
        "user_notes_count": notes,
        "merge_requests_count": 0,
        "upvotes": 0,
        "downvotes": 0,
        "due_date": None,
        "confidential": False,
        "discussion_locked": None,
        "web_url": urls.page(found, "issues", str(value.number)),
        "time_stats": _no_time(),
        "task_completion_status": {"count": 0, "completed_count": 0},
        "has_tasks": False,
        "_links": {
            "self": api,
            "notes": f"{api}/notes",
            "award_emoji": f"{api}/award_emoji",
            "project": urls.project(found),
            "closed_as_duplicate_of": None,
        },
        "references": _references(found, "#", value.number),
        "severity": "UNKNOWN",
        "moved_to_id": None,
        "imported": False,
        "imported_from": "none",
        "service_desk_reply_to": None,
    }


def note(urls: Urls, found: Repository, value: Comment, issue_id: int) -> JsonObject:
    """A comment on an issue."""
    return {
        "id": value.id,
        "type": None,
        "body": value.body,
        "author": user(urls, value.author),
        "created_at": instant(value.created_at),
        "updated_at": instant(value.updated_at),
        "system": False,
        "noteable_id": issue_id,
        "noteable_type": "Issue",
        "project_id": found.id,
        "resolvable": False,
        "confidential": False,
        "internal": False,
        "imported": False,
        "imported_from": "none",
        "noteable_iid": value.issue_number,
        "commands_changes": {},
    }


def merge_request(urls: Urls, found: Repository, value: PullRequest) -> JsonObject:
    """A `MergeRequestBasic`."""
    merged = None if value.merged_at is None else instant(value.merged_at)
    is_closed = value.closed_at is not None and value.merged_at is None
    closed = instant(value.closed_at) if is_closed and value.closed_at else None
    return {
        "id": value.id,
        "iid": value.number,
        "project_id": found.id,
        "title": value.title,
        "description": value.body,
        "state": state_of(value),
        "created_at": instant(value.created_at),
        "updated_at": instant(value.updated_at or value.merged_at or value.created_at),
        "merged_by": user(urls, value.author) if merged else None,
        "merge_user": user(urls, value.author) if merged else None,
        "merged_at": merged,
        "closed_by": user(urls, value.author) if closed else None,
        "closed_at": closed,
        "target_branch": value.base,
        "source_branch": value.head,
        "user_notes_count": 0,
        "upvotes": 0,
        "downvotes": 0,
        "author": user(urls, value.author),
        "assignees": [],
        "assignee": None,
        "reviewers": [],
        "source_project_id": found.id,
        "target_project_id": found.id,
        "labels": [],
        "draft": False,
        "work_in_progress": False,
        "milestone": None,
        "merge_when_pipeline_succeeds": False,
        "merge_status": "can_be_merged",
        "detailed_merge_status": "not_open" if merged or closed else "mergeable",
        "sha": value.head_oid,
        "merge_commit_sha": value.merge_commit,
        "squash_commit_sha": None,
        "discussion_locked": None,
        "should_remove_source_branch": None,
        "force_remove_source_branch": False,
        "reference": f"!{value.number}",
        "references": _references(found, "!", value.number),
        "web_url": urls.page(found, "merge_requests", str(value.number)),
        "time_stats": _no_time(),
        "squash": False,
        "squash_on_merge": False,
        "task_completion_status": {"count": 0, "completed_count": 0},
        "has_conflicts": False,
        "blocking_discussions_resolved": True,
    }


def state_of(value: PullRequest) -> str:
    """A merge request's state, by GitLab's word for it."""
    if value.merged_at is not None:
        return "merged"
    return "opened" if value.state == "open" else "closed"


def hook(found: Repository, value: Hook) -> JsonObject:
    """A `ProjectHook`; its tokens are never shown."""
    return {
        "id": value.id,
        "url": value.config["url"],
        "name": value.config.get("name") or None,
        "description": value.config.get("description") or None,
        "created_at": instant(value.created_at),
        "project_id": found.id,
        "push_events_branch_filter": None,
        "branch_filter_strategy": "wildcard",
        "custom_webhook_template": None,
        "custom_headers": [],
        "url_variables": [],
        "alert_status": "executable",
        "disabled_until": None,
        "token_present": bool(value.config.get("token")),
        "signing_token_present": bool(value.config.get("signing_token")),
        **{name: name in value.events for name in HOOK_EVENTS},
    }


def _references(found: Repository, mark: str, number: int) -> JsonObject:
    short = f"{mark}{number}"
    return {"short": short, "relative": short, "full": f"{found.full_name}{short}"}


def _no_time() -> JsonObject:
    return {
        "time_estimate": 0,
        "total_time_spent": 0,
        "human_time_estimate": None,
        "human_total_time_spent": None,
    }
