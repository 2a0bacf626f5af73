"""Accounts, repositories, commits and refs as Bitbucket's JSON. Pure: nothing here asks git."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from forge_emulator.dialects.bitbucket.urls import braced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forge_emulator.dialects.bitbucket.urls import Urls
    from forge_emulator.git import Commit, Person, Ref
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_COMMIT_LINKS = ("comments", "statuses", "approve")


def instant(when: datetime) -> str:
    """A commit's time: ISO 8601 in UTC, in whole seconds."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def moment(when: datetime) -> str:
    """Any other time, in microseconds."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def href(**addresses: str) -> JsonObject:
    """Links by their names."""
    return {name: {"href": address} for name, address in addresses.items()}


def rendered(raw: str) -> JsonObject:
    """A text and how its page shows it."""
    return {
        "type": "rendered",
        "raw": raw,
        "markup": "markdown",
        "html": f"<p>{escape(raw.strip())}</p>" if raw.strip() else "",
    }


def account(urls: Urls, login: str) -> JsonObject:
    uuid = braced("account", login)
    return {
        "type": "user",
        "uuid": uuid,
        "display_name": login,
        "nickname": login,
        "account_id": f"557058:{uuid[1:-1]}",
        "links": href(
            self=f"{urls.api}/users/{uuid}",
            html=f"{urls.html}/{uuid}/",
            avatar=f"{urls.html}/account/{login}/avatar/",
        ),
    }


def current_user(urls: Urls, login: str) -> JsonObject:
    return account(urls, login) | {"created_on": moment(_EPOCH), "username": login}


def workspace(urls: Urls, slug: str, key: str) -> JsonObject:
    """A workspace; its UUID depends on `key`, which stays when the slug changes."""
    return {
        "type": "workspace",
        "uuid": braced("workspace", key),
        "name": slug,
        "slug": slug,
        "is_private": False,
        "created_on": moment(_EPOCH),
        "links": href(
            self=f"{urls.api}/workspaces/{slug}",
            html=f"{urls.html}/{slug}/",
            avatar=f"{urls.html}/workspaces/{slug}/avatar/",
            repositories=f"{urls.api}/repositories/{slug}",
        ),
    }


def workspace_access(urls: Urls, slug: str, key: str) -> JsonObject:
    """An entry of the caller's own workspaces."""
    whole = workspace(urls, slug, key)
    return {
        "type": "workspace_access",
        "administrator": False,
        "workspace": {key: whole[key] for key in ("uuid", "slug", "links")}
        | {"type": "workspace_base"},
    }


def short_repository(urls: Urls, found: Repository) -> JsonObject:
    """A repository where another object names it."""
    return {
        "type": "repository",
        "uuid": braced("repository", found.id),
        "full_name": found.full_name,
        "name": found.hosted.name,
        "links": href(
            self=urls.repository(found),
            html=urls.page(found),
            avatar=f"{urls.html}/ravatar/{braced('repository', found.id)}",
        ),
    }


def repository(
    urls: Urls, found: Repository, *, branch: str | None, updated: datetime, size: int
) -> JsonObject:
    """A whole repository; `branch` is None while it is empty, `size` in bytes."""
    owner, slug = found.hosted.owner, found.hosted.name
    parts = ("commits", "downloads", "forks", "hooks", "pullrequests", "watchers")
    links: JsonObject = {
        **href(
            self=urls.repository(found),
            html=urls.page(found),
            avatar=f"{urls.html}/ravatar/{braced('repository', found.id)}",
            **{part: urls.repository(found, part) for part in parts},
        ),
        "clone": [
            {"name": "https", "href": f"{urls.page(found)}.git"},
            {"name": "ssh", "href": f"ssh://git@bitbucket.example/{owner}/{slug}.git"},
        ],
    }
    return {
        "type": "repository",
        "uuid": braced("repository", found.id),
        "full_name": found.full_name,
        "name": slug,
        "slug": slug,
        "description": found.hosted.description,
        "scm": "git",
        "is_private": found.hosted.private,
        "fork_policy": "allow_forks",
        "language": "",
        "has_issues": False,
        "has_wiki": False,
        "size": size,
        "owner": account(urls, owner),
        "workspace": workspace(urls, owner, found.owner_key),
        "mainbranch": None if branch is None else {"type": "branch", "name": branch},
        "created_on": moment(found.hosted.created_at),
        "updated_on": moment(updated),
        "links": links,
    }


def author(urls: Urls, person: Person, users: Mapping[str, str]) -> JsonObject:
    """Who wrote a commit; the account only where the address is known."""
    shown: JsonObject = {"type": "author", "raw": f"{person.name} <{person.email}>"}
    login = users.get(person.email.lower())
    return shown if login is None else shown | {"user": account(urls, login)}


def commit_stub(urls: Urls, found: Repository, oid: str) -> JsonObject:
    """A commit where another object names it."""
    return {
        "type": "commit",
        "hash": oid,
        "links": href(
            self=urls.repository(found, "commit", oid), html=urls.page(found, "commits", oid)
        ),
    }


def commit(urls: Urls, found: Repository, value: Commit, users: Mapping[str, str]) -> JsonObject:
    oid = value.oid
    links = {name: urls.repository(found, "commit", oid, name) for name in _COMMIT_LINKS}
    return {
        "type": "commit",
        "hash": oid,
        "date": instant(value.committer.when),
        "author": author(urls, value.author, users),
        "message": f"{value.message}\n",
        "summary": rendered(f"{value.message}\n"),
        "parents": [commit_stub(urls, found, parent) for parent in value.parents],
        "repository": short_repository(urls, found),
        "links": href(
            self=urls.repository(found, "commit", oid),
            html=urls.page(found, "commits", oid),
            diff=urls.repository(found, "diff", oid),
            patch=urls.repository(found, "patch", oid),
            **links,
        ),
    }


def ref(urls: Urls, found: Repository, kind: str, value: Ref, target: JsonObject) -> JsonObject:
    """A branch or a tag; `kind` says which."""
    plural = "branches" if kind == "branch" else "tags"
    shown: JsonObject = {
        "type": kind,
        "name": value.name,
        "target": target,
        "links": href(
            self=urls.repository(found, "refs", plural, value.name),
            commits=urls.repository(found, "commits", value.name),
            html=urls.page(found, kind if kind == "branch" else "commits", kind, value.name),
        ),
    }
    if kind == "tag":
        return shown | {"message": None, "date": None, "tagger": None}
    strategies: Sequence[str] = ("merge_commit", "squash", "fast_forward")
    return shown | {
        "merge_strategies": list(strategies),
        "default_merge_strategy": "merge_commit",
    }
