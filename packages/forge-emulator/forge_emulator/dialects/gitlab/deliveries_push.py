"""A push as GitLab's webhooks tell it: one body for each ref."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.dialects.gitlab.serialize import user_number
from forge_emulator.diff import changes_of_commits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from forge_emulator.changes import Pushed, RefUpdate
    from forge_emulator.dialects.gitlab.urls import Urls
    from forge_emulator.diff import PathChange
    from forge_emulator.git import Commit
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

_ZERO = "0" * 40
_MOST_COMMITS = 20  # of one push; the newest are shown
_MOST_REFS = 3  # of one push; beyond these nothing is told
_LISTS = {"added": "added", "removed": "removed"}  # every other status is a modification
_EVENTS = {"push": ("push_events", "Push Hook"), "tag_push": ("tag_push_events", "Tag Push Hook")}


def bodies(urls: Urls, change: Pushed, events: Sequence[str]) -> Iterator[tuple[str, JsonObject]]:
    """The header's event and the body for each ref, as far as the hook asked for it."""
    if len(change.updates) > _MOST_REFS:
        return
    for update in change.updates:
        kind = "tag_push" if update.name.startswith("refs/tags/") else "push"
        wanted, event = _EVENTS[kind]
        if wanted in events:
            yield event, _body(urls, change, update, kind)


def _body(urls: Urls, change: Pushed, update: RefUpdate, kind: str) -> JsonObject:
    found = change.repository
    oids = _new(change, update) if kind == "push" else []
    return {
        "object_kind": kind,
        "event_name": kind,
        "before": update.before or _ZERO,
        "after": update.after or _ZERO,
        "ref": update.name,
        "ref_protected": False,
        "checkout_sha": update.after or None,
        "message": None,
        "user_id": user_number(change.login),
        "user_name": change.login,
        "user_username": change.login,
        "user_email": "",
        "user_avatar": None,
        "project_id": found.id,
        "project": hook_project(urls, found),
        "commits": _commits(urls, found, oids[-_MOST_COMMITS:]),
        "total_commits_count": len(oids),
        "push_options": {},
        "repository": hook_repository(urls, found),
    }


def _new(change: Pushed, update: RefUpdate) -> list[str]:
    """Oldest first: what a branch got since, or on a new branch what nothing else had."""
    if not update.after:
        return []
    known = [update.before] if update.before else change.known
    return list(git.new_commits(change.repository.git_dir, update.after, known))


def _commits(urls: Urls, found: Repository, oids: Sequence[str]) -> list[JsonObject]:
    files = changes_of_commits(found.git_dir, oids, renames=False)
    return [
        _commit(urls, found, commit) | _lists(files[commit.oid])
        for commit in git.read_commits(found.git_dir, oids)
    ]


def _lists(files: Sequence[PathChange]) -> JsonObject:
    lists: dict[str, list[str]] = {"added": [], "modified": [], "removed": []}
    for file in files:
        lists[_LISTS.get(file.status, "modified")].append(file.path)
    return {name: list(paths) for name, paths in lists.items()}


def _commit(urls: Urls, found: Repository, value: Commit) -> JsonObject:
    return {
        "id": value.oid,
        "message": f"{value.message}\n",
        "title": value.message.split("\n", 1)[0],
        "timestamp": value.committer.when.isoformat(),
        "url": urls.page(found, "commit", value.oid),
        "author": {"name": value.author.name, "email": value.author.email},
    }


def one_commit(urls: Urls, found: Repository, oid: str) -> JsonObject:
    """A commit as a merge request's body shows its tip."""
    return _commit(urls, found, git.read_commit(found.git_dir, oid))


def hook_user(urls: Urls, login: str) -> JsonObject:
    avatar = f"{urls.root}/uploads/-/system/user/avatar/{user_number(login)}/avatar.png"
    return {
        "id": user_number(login),
        "name": login,
        "username": login,
        "avatar_url": avatar,
        "email": "[REDACTED]",
    }


def hook_project(urls: Urls, found: Repository) -> JsonObject:
    """A project as every body shows it."""
    page, host = urls.home(found), urls.root.split("://", 1)[-1].split(":", 1)[0]
    http, ssh = f"{page}.git", f"git@{host}:{found.full_name}.git"
    return {
        "id": found.id,
        "name": found.hosted.name,
        "description": found.hosted.description,
        "web_url": page,
        "avatar_url": None,
        "git_ssh_url": ssh,
        "git_http_url": http,
        "namespace": found.hosted.owner.rpartition("/")[2],
        "visibility_level": 0 if found.hosted.private else 20,
        "path_with_namespace": found.full_name,
        "default_branch": found.default_branch(),
        "ci_config_path": None,
        "homepage": page,
        "url": ssh,
        "ssh_url": ssh,
        "http_url": http,
    }


def hook_repository(urls: Urls, found: Repository) -> JsonObject:
    project = hook_project(urls, found)
    kept = ("name", "url", "description", "homepage", "git_http_url", "git_ssh_url")
    return {key: project[key] for key in (*kept, "visibility_level")}
