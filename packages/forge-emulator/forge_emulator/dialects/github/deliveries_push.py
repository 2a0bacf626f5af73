"""A push as GitHub's webhook tells it: one body for each ref."""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.dialects.github.serialize import login_of
from forge_emulator.diff import changes_of_commits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from forge_emulator.changes import Pushed, RefUpdate
    from forge_emulator.dialects.github.urls import Urls
    from forge_emulator.diff import PathChange
    from forge_emulator.git import Commit, Person
    from forge_emulator.json_types import JsonObject
    from forge_emulator.world import World

_ZERO = "0" * 40
_MOST_COMMITS = 2048  # of one push; the later ones are shown
_MOST_FILES = 3000  # of one commit
_MOST_TAGS = 3  # beyond these, no tag is told of
_LISTS = {"added": "added", "removed": "removed"}  # every other status is a modification


def bodies(world: World, urls: Urls, change: Pushed) -> Iterator[JsonObject]:
    """The body of each ref's delivery, without the repository and the sender."""
    tags = sum(update.name.startswith("refs/tags/") for update in change.updates)
    for update in change.updates:
        if tags <= _MOST_TAGS or not update.name.startswith("refs/tags/"):
            yield _body(world, urls, change, update)


def _body(world: World, urls: Urls, change: Pushed, update: RefUpdate) -> JsonObject:
    git_dir, page = change.repository.git_dir, urls.page(change.repository)
    shown = _commits(world, page, change, update)
    tip = _peeled(git_dir, update.after)
    head = _described(world, page, change, [tip]) if tip else []
    forced = bool(update.before and tip) and not _is_ancestor(change, update)
    return {
        "ref": update.name,
        "before": update.before or _ZERO,
        "after": update.after or _ZERO,
        "created": not update.before,
        "deleted": not update.after,
        "forced": forced,
        "base_ref": None,
        "compare": f"{page}/compare/{update.before[:12]}...{update.after[:12]}",
        "commits": shown,
        "head_commit": head[0] if head else None,
        "pusher": {"name": change.login, "email": f"{change.login}@users.noreply.github.com"},
    }


def _peeled(git_dir: Path, oid: str) -> str:
    """The commit that an object is or names; "" where there is none."""
    try:
        return git.resolve_commit(git_dir, oid) if oid else ""
    except git.RevisionError:
        return ""


def _is_ancestor(change: Pushed, update: RefUpdate) -> bool:
    git_dir = change.repository.git_dir
    before = _peeled(git_dir, update.before)
    return git.merge_base(git_dir, before, _peeled(git_dir, update.after)) == before


def _commits(world: World, page: str, change: Pushed, update: RefUpdate) -> list[JsonObject]:
    """Oldest first: what a branch got since, or on a new branch what nothing else had."""
    if not update.after or not update.name.startswith("refs/heads/"):
        return []
    known = [update.before] if update.before else change.known
    oids = git.new_commits(change.repository.git_dir, update.after, known)
    return _described(world, page, change, oids[-_MOST_COMMITS:])


def _described(world: World, page: str, change: Pushed, oids: Sequence[str]) -> list[JsonObject]:
    git_dir = change.repository.git_dir
    files = changes_of_commits(git_dir, oids, renames=False)
    fresh = set(git.new_commits(git_dir, oids[-1], change.known)) if oids else set()
    return [
        _commit(page, commit, files[commit.oid], world.users, distinct=commit.oid in fresh)
        for commit in git.read_commits(git_dir, oids)
    ]


def _commit(
    page: str,
    commit: Commit,
    files: Sequence[PathChange],
    users: Mapping[str, str],
    *,
    distinct: bool,
) -> JsonObject:
    lists: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for file in files[:_MOST_FILES]:
        lists[_LISTS.get(file.status, "modified")].append(file.path)
    return {
        "id": commit.oid,
        "tree_id": commit.tree,
        "distinct": distinct,
        "message": commit.message,
        "timestamp": commit.committer.when.isoformat(),
        "url": f"{page}/commit/{commit.oid}",
        "author": _person(commit.author, users),
        "committer": _person(commit.committer, users),
        **{name: list(paths) for name, paths in lists.items()},
    }


def _person(person: Person, users: Mapping[str, str]) -> JsonObject:
    login = login_of(person.email, users)
    value: JsonObject = {"name": person.name, "email": person.email}
    return value if login is None else value | {"username": login}


def pushed_repository(repository: JsonObject) -> JsonObject:
    """A repository as pushes show it: some times as seconds, and its older names of things."""
    return repository | {
        "created_at": _seconds(repository["created_at"]),
        "pushed_at": _seconds(repository["pushed_at"]),
        "stargazers": repository["stargazers_count"],
        "master_branch": repository["default_branch"],
    }


def _seconds(instant: object) -> int:
    return calendar.timegm(time.strptime(str(instant), "%Y-%m-%dT%H:%M:%SZ"))
