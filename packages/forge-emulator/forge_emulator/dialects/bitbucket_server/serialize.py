"""Git values, accounts, pull requests and webhooks as the host's JSON. Pure.

Times are milliseconds since the epoch. Absent facts are left out, as the host does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from forge_emulator.repositories import stable_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from forge_emulator.dialects.bitbucket_server.urls import Urls
    from forge_emulator.diff import FileChange
    from forge_emulator.git import Commit, Person, Ref
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.store import Hook, PullRequest

_SHORT = 11  # digits of an abbreviated id
_CHANGES = {
    "added": "ADD",
    "removed": "DELETE",
    "modified": "MODIFY",
    "changed": "MODIFY",
    "renamed": "MOVE",
    "copied": "COPY",
}


def millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def short(oid: str) -> str:
    return oid[:_SHORT]


def user(urls: Urls, login: str, *, email: str = "", display: str = "") -> JsonObject:
    value: JsonObject = {
        "name": login,
        "id": stable_number(f"user:{login}"),
        "displayName": display or login,
        "active": True,
        "slug": login,
        "type": "NORMAL",
        "links": {"self": [{"href": urls.user(login)}]},
    }
    return value | ({"emailAddress": email} if email else {})


def person(urls: Urls, who: Person, users: Mapping[str, str]) -> JsonObject:
    """An author or committer: the account that owns the address, else what git recorded."""
    login = users.get(who.email.lower())
    if login is None:
        return {"name": who.name, "emailAddress": who.email}
    return user(urls, login, email=who.email, display=who.name)


def commit(urls: Urls, value: Commit, users: Mapping[str, str]) -> JsonObject:
    return {
        "id": value.oid,
        "displayId": short(value.oid),
        "author": person(urls, value.author, users),
        "authorTimestamp": millis(value.author.when),
        "committer": person(urls, value.committer, users),
        "committerTimestamp": millis(value.committer.when),
        "message": value.message,
        "parents": [{"id": parent, "displayId": short(parent)} for parent in value.parents],
    }


def blame(
    urls: Urls, value: Commit, users: Mapping[str, str], *, path: str, first: int, last: int
) -> JsonObject:
    """Lines `first` to `last` (from 1) of a commit. It has no message and no committer."""
    return {
        "author": person(urls, value.author, users),
        "authorTimestamp": millis(value.author.when),
        "commitHash": value.oid,
        "displayCommitHash": short(value.oid),
        "commitId": value.oid,
        "commitDisplayId": short(value.oid),
        "fileName": path,
        "lineNumber": first,
        "spannedLines": last - first + 1,
    }


def project(urls: Urls, key: str) -> JsonObject:
    personal = key.startswith("~")
    value: JsonObject = {
        "key": key,
        "id": stable_number(f"project:{key.lower()}"),
        "name": key.lstrip("~"),
        "public": False,
        "type": "PERSONAL" if personal else "NORMAL",
        "links": {"self": [{"href": urls.project(key)}]},
    }
    return value | ({"owner": user(urls, key[1:])} if personal else {})


def repository(urls: Urls, found: Repository) -> JsonObject:
    hosted = found.hosted
    value: JsonObject = {
        "slug": hosted.name,
        "id": hosted.id,
        "name": hosted.name,
        "hierarchyId": f"{stable_number(f'hierarchy:{hosted.id}'):020x}",
        "scmId": "git",
        "state": "AVAILABLE",
        "statusMessage": "Available",
        "forkable": True,
        "project": project(urls, hosted.owner),
        "public": not hosted.private,
        "archived": hosted.archived,
        "links": {
            "clone": [{"href": urls.clone(found), "name": "http"}],
            "self": [{"href": f"{urls.repository(found)}/browse"}],
        },
    }
    return value | ({"description": hosted.description} if hosted.description else {})


def branch(value: Ref, *, is_default: bool) -> JsonObject:
    return {
        "id": f"refs/heads/{value.name}",
        "displayId": value.name,
        "type": "BRANCH",
        "latestCommit": value.oid,
        "latestChangeset": value.oid,
        "isDefault": is_default,
    }


def branch_name(name: str) -> JsonObject:
    return {"id": f"refs/heads/{name}", "displayId": name, "type": "BRANCH"}


def path(value: str) -> JsonObject:
    """A path in its parts, and whole."""
    parent, _, name = value.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    shown: JsonObject = {"components": value.split("/"), "parent": parent, "name": name}
    if dot and (stem or extension):
        shown["extension"] = extension
    return shown | {"toString": value}


def change(urls: Urls, found: Repository, value: FileChange, oid: str) -> JsonObject:
    """What happened to one file; `oid` is the commit that the page shows."""
    page = f"{urls.repository(found)}/commits/{oid}#{quote(value.path)}"
    shown: JsonObject = {
        "contentId": value.oid,
        "path": path(value.path),
        "executable": False,
        "percentUnchanged": -1,
        "type": _CHANGES[value.status],
        "nodeType": "FILE",
        "links": {"self": [{"href": page}]},
        "properties": {"gitChangeType": _CHANGES[value.status]},
    }
    if value.previous_path is not None:
        shown |= {"srcPath": path(value.previous_path), "srcExecutable": False}
    return shown


def pull_request(urls: Urls, found: Repository, value: PullRequest) -> JsonObject:
    closed = value.merged_at or value.closed_at
    state = "MERGED" if value.merged_at else "DECLINED" if closed else "OPEN"
    shown: JsonObject = {
        "id": value.number,
        "version": 0,
        "title": value.title,
        "state": state,
        "open": closed is None,
        "closed": closed is not None,
        "createdDate": millis(value.created_at),
        "updatedDate": millis(value.updated_at or closed or value.created_at),
        "fromRef": _end(urls, found, value.head, value.head_oid),
        "toRef": _end(urls, found, value.base, value.base_oid),
        "locked": False,
        "author": {
            "user": user(urls, value.author),
            "role": "AUTHOR",
            "approved": False,
            "status": "UNAPPROVED",
        },
        "reviewers": [],
        "participants": [],
        "links": {
            "self": [{"href": f"{urls.repository(found)}/pull-requests/{value.number}/overview"}]
        },
    }
    if value.body:
        shown["description"] = value.body
    if closed is not None:
        shown["closedDate"] = millis(closed)
    if value.merge_commit is not None:
        merge: JsonObject = {"id": value.merge_commit, "displayId": short(value.merge_commit)}
        shown["properties"] = {"mergeCommit": merge}
    return shown


def _end(urls: Urls, found: Repository, name: str, oid: str) -> JsonObject:
    return {
        "id": f"refs/heads/{name}",
        "displayId": name,
        "latestCommit": oid,
        "type": "BRANCH",
        "repository": repository(urls, found),
    }


def hook(value: Hook) -> JsonObject:
    """A webhook; its secret is shown to those who may administer the repository."""
    return {
        "id": value.id,
        "name": value.config.get("name", ""),
        "createdDate": millis(value.created_at),
        "updatedDate": millis(value.created_at),
        "events": _sorted(value.events),
        "configuration": {"secret": value.config["secret"]} if value.config.get("secret") else {},
        "url": value.config["url"],
        "active": value.active,
        "scopeType": "repository",
        "sslVerificationRequired": value.config.get("ssl") != "0",
    }


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names)
