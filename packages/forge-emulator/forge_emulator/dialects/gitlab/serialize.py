"""Git values, projects and accounts as GitLab's REST JSON. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from forge_emulator.repositories import stable_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forge_emulator.dialects.gitlab.urls import Urls
    from forge_emulator.diff import FileChange
    from forge_emulator.git import Commit, Ref
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.tree import TreeEntry

_SHORT = 8  # digits of a short id
OWNER, REPORTER = 50, 20  # access levels


def instant(when: datetime) -> str:
    """An ISO 8601 time in UTC, with milliseconds."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(when: datetime) -> str:
    """An ISO 8601 time in the zone that was recorded, with milliseconds."""
    return when.isoformat(timespec="milliseconds")


def user_number(login: str) -> int:
    return stable_number(f"user:{login.lower()}")


def user(urls: Urls, login: str) -> JsonObject:
    """A `UserBasic`."""
    number = user_number(login)
    return {
        "id": number,
        "username": login,
        "name": login,
        "state": "active",
        "locked": False,
        "avatar_url": f"{urls.root}/uploads/-/system/user/avatar/{number}/avatar.png",
        "web_url": f"{urls.root}/{quote(login)}",
    }


def namespace(urls: Urls, found: Repository, *, is_user: bool) -> JsonObject:
    """The group, or the user, that a project is in."""
    full_path = found.hosted.owner
    parent, _, path = full_path.rpartition("/")
    page = quote(full_path) if is_user else f"groups/{quote(full_path)}"
    return {
        "id": stable_number(f"namespace:{full_path.lower()}"),
        "name": path,
        "path": path,
        "kind": "user" if is_user else "group",
        "full_path": full_path,
        "parent_id": stable_number(f"namespace:{parent.lower()}") if parent else None,
        "avatar_url": None,
        "web_url": f"{urls.root}/{page}",
    }


def project(
    urls: Urls,
    found: Repository,
    *,
    default_branch: str | None,
    last_activity_at: datetime,
    is_user: bool,
) -> JsonObject:
    """A `BasicProjectDetails`; `default_branch` None for an empty repository."""
    hosted, page = found.hosted, urls.home(found)
    host = urls.root.split("://", 1)[1].split(":", 1)[0]
    return {
        "id": found.id,
        "description": hosted.description or None,
        "name": hosted.name,
        "name_with_namespace": " / ".join(hosted.full_name.split("/")),
        "path": hosted.name,
        "path_with_namespace": hosted.full_name,
        "created_at": instant(hosted.created_at),
        "default_branch": default_branch,
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": f"git@{host}:{hosted.full_name}.git",
        "http_url_to_repo": f"{page}.git",
        "web_url": page,
        "readme_url": None,
        "forks_count": 0,
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": instant(last_activity_at),
        "visibility": "private" if hosted.private else "public",
        "namespace": namespace(urls, found, is_user=is_user),
    }


def project_details(
    urls: Urls, found: Repository, *, is_member: bool, open_issues: int, is_empty: bool
) -> JsonObject:
    """What a project shows beside `project`."""
    hosted, api = found.hosted, urls.project(found)
    access: JsonObject = {"access_level": OWNER, "notification_level": 3}
    return {
        "_links": {
            "self": api,
            "issues": f"{api}/issues",
            "merge_requests": f"{api}/merge_requests",
            "repo_branches": f"{api}/repository/branches",
            "labels": f"{api}/labels",
            "events": f"{api}/events",
            "members": f"{api}/members",
        },
        "archived": hosted.archived,
        "empty_repo": is_empty,
        "issues_enabled": hosted.has_issues,
        "merge_requests_enabled": True,
        "open_issues_count": open_issues,
        "merge_method": "merge",
        "permissions": {"project_access": access if is_member else None, "group_access": None},
    }


def commit(urls: Urls, found: Repository, value: Commit) -> JsonObject:
    """A `Commit`; its times keep their zones."""
    return {
        "id": value.oid,
        "short_id": value.oid[:_SHORT],
        "created_at": local(value.committer.when),
        "parent_ids": list(value.parents),
        "title": value.message.split("\n", 1)[0],
        "message": value.message,
        "author_name": value.author.name,
        "author_email": value.author.email,
        "authored_date": local(value.author.when),
        "committer_name": value.committer.name,
        "committer_email": value.committer.email,
        "committed_date": local(value.committer.when),
        "trailers": {},
        "extended_trailers": {},
        "web_url": urls.page(found, "commit", value.oid),
    }


def blamed_commit(value: Commit) -> JsonObject:
    """A commit as blame tells of it."""
    return {
        "id": value.oid,
        "parent_ids": list(value.parents),
        "message": value.message,
        "authored_date": local(value.author.when),
        "author_name": value.author.name,
        "author_email": value.author.email,
        "committed_date": local(value.committer.when),
        "committer_name": value.committer.name,
        "committer_email": value.committer.email,
    }


def stats(changes: Sequence[FileChange]) -> JsonObject:
    added = sum(change.additions for change in changes)
    deleted = sum(change.deletions for change in changes)
    return {"additions": added, "deletions": deleted, "total": added + deleted}


def diff(change: FileChange) -> JsonObject:
    """A `Diff`: the hunks of one file."""
    before, after = change.modes
    return {
        "diff": f"{change.patch}\n" if change.patch else "",
        "new_path": change.path,
        "old_path": change.previous_path or change.path,
        "a_mode": before.lstrip("0") or "0",
        "b_mode": after.lstrip("0") or "0",
        "new_file": change.status in {"added", "copied"},
        "renamed_file": change.status == "renamed",
        "deleted_file": change.status == "removed",
        "generated_file": None,
        "collapsed": False,
        "too_large": False,
    }


def branch(
    urls: Urls, found: Repository, value: Ref, tip: JsonObject, *, default: str, may_push: bool
) -> JsonObject:
    return {
        "name": value.name,
        "commit": tip,
        "merged": False,
        "protected": value.name == default,
        "developers_can_push": False,
        "developers_can_merge": False,
        "can_push": may_push,
        "default": value.name == default,
        "web_url": urls.page(found, "tree", value.name),
    }


def tree_entry(value: TreeEntry) -> JsonObject:
    return {
        "id": value.oid,
        "name": value.name,
        "type": value.type,
        "path": value.path,
        "mode": value.mode,
    }
