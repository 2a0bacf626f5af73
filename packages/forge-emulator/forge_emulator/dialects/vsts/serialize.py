"""Projects, repositories, commits and files as the host's JSON. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from forge_emulator.dialects.vsts.call import page_of, repository_id
from forge_emulator.dialects.vsts.ids import guid

if TYPE_CHECKING:
    from forge_emulator.dialects.vsts.call import Project
    from forge_emulator.git import Commit, Person
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.tree import TreeEntry

_SYMLINK = "120000"


def time(when: datetime) -> str:
    """A moment in UTC, to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fine_time(when: datetime) -> str:
    """A moment to a tenth of a microsecond, as the host counts."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def project(root: str, value: Project) -> JsonObject:
    return {
        "id": value.id,
        "name": value.name,
        "url": f"{root}/_apis/projects/{value.id}",
        "state": "wellFormed",
        "revision": 11,
        "visibility": "private",
        "lastUpdateTime": "2024-01-01T00:00:00Z",
    }


def api_url(root: str, found: Repository, owner: Project) -> str:
    return f"{root}/{owner.id}/_apis/git/repositories/{repository_id(found)}"


def repository(root: str, found: Repository, owner: Project, branch: str | None) -> JsonObject:
    """A repository; `branch` is its default branch, None while it is empty."""
    page = page_of(root, found)
    scheme, _, rest = page.partition("://")
    account = root.rpartition("/")[2]
    value: JsonObject = {
        "id": repository_id(found),
        "name": found.hosted.name,
        "url": api_url(root, found, owner),
        "project": project(root, owner),
        "size": 1024,
        "remoteUrl": f"{scheme}://{account}@{rest}",
        "sshUrl": f"git@ssh.dev.azure.com:v3/{account}/{found.hosted.owner}/{found.hosted.name}",
        "webUrl": page,
        "isDisabled": False,
        "isInMaintenance": False,
    }
    return value if branch is None else value | {"defaultBranch": f"refs/heads/{branch}"}


def person(who: Person) -> JsonObject:
    return {"name": who.name, "email": who.email, "date": time(who.when)}


def identity(login: str) -> JsonObject:
    """An account, by the name that signs it in."""
    return {
        "displayName": login.partition("@")[0],
        "url": f"https://spsproduks1.vssps.visualstudio.com/_apis/Identities/{guid('user', login)}",
        "id": guid("user", login),
        "uniqueName": login,
        "imageUrl": f"https://dev.azure.com/_api/_common/identityImage?id={guid('user', login)}",
        "descriptor": f"aad.{guid('descriptor', login)}",
    }


def commit(root: str, found: Repository, owner: Project, value: Commit) -> JsonObject:
    """A commit as it is shown alone, with its whole message."""
    return {
        "treeId": value.tree,
        "commitId": value.oid,
        "author": person(value.author),
        "committer": person(value.committer),
        "comment": value.message,
        "parents": list(value.parents),
        "url": f"{api_url(root, found, owner)}/commits/{value.oid}",
        "remoteUrl": f"{page_of(root, found)}/commit/{value.oid}",
        "_links": {"self": {"href": f"{api_url(root, found, owner)}/commits/{value.oid}"}},
    }


def listed_commit(root: str, found: Repository, owner: Project, value: Commit) -> JsonObject:
    """A commit in a list: of its message only the first line."""
    shown = commit(root, found, owner, value)
    first, _, rest = value.message.partition("\n")
    kept = ("commitId", "author", "committer", "url", "remoteUrl")
    return {
        **{name: shown[name] for name in kept},
        "comment": first,
        "commentTruncated": bool(rest),
    }


def item(
    root: str, found: Repository, owner: Project, commit_id: str, entry: TreeEntry
) -> JsonObject:
    """A file or folder as of a commit."""
    query = urlencode({"path": f"/{entry.path}", "versionType": "Commit", "version": commit_id})
    value: JsonObject = {
        "objectId": entry.oid,
        "gitObjectType": entry.type,
        "commitId": commit_id,
        "path": f"/{entry.path}",
        "url": f"{api_url(root, found, owner)}/items?{query}",
    }
    if entry.type == "tree":
        value["isFolder"] = True
    if entry.mode == _SYMLINK:
        value["isSymLink"] = True
    return value


def quoted(text: str) -> str:
    return quote(text, safe="")
