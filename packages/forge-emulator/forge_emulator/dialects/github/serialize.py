"""Git values and accounts as GitHub's REST JSON. Pure: nothing here asks git or the store."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from forge_emulator.repositories import stable_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forge_emulator.dialects.github.urls import Urls
    from forge_emulator.diff import FileChange
    from forge_emulator.git import Commit, Person, Ref
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.tree import TreeEntry

_NO_REPLY = re.compile(
    r"(?:\d+\+)?(?P<login>[a-zA-Z0-9-]+(?:\[bot\])?)@users\.noreply\.github\.com"
)
_USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def instant(when: datetime) -> str:
    """An ISO 8601 time in UTC, in whole seconds."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(kind: str, *parts: object) -> str:
    """An opaque, stable global id."""
    raw = ":".join([kind, *(str(part) for part in parts)]).encode()
    initials = "".join(letter for letter in kind if letter.isupper())
    return f"{initials}_{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


def login_of(email: str, users: Mapping[str, str]) -> str | None:
    """The account that owns an address: one that is known, or one of GitHub's no-reply form."""
    match = _NO_REPLY.fullmatch(email)
    return match["login"] if match else users.get(email.lower())


def user_number(login: str) -> int:
    return stable_number(f"user:{login.lower()}")


def user(urls: Urls, login: str, kind: str = "User") -> JsonObject:
    """A `simple-user`; `kind` is User, Organization or Bot."""
    number, api = user_number(login), f"{urls.api}/users/{quote(login)}"
    return {
        "login": login,
        "id": number,
        "node_id": node_id(kind, number),
        "avatar_url": f"{urls.html}/avatars/u/{number}?v=4",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{urls.html}/{quote(login)}",
        **{name: f"{api}{suffix}" for name, suffix in _USER_LINKS.items()},
        "type": "Bot" if login.endswith("[bot]") else kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def organization(urls: Urls, login: str) -> JsonObject:
    """An `organization-simple`."""
    number, api = user_number(login), f"{urls.api}/orgs/{quote(login)}"
    return {
        "login": login,
        "id": number,
        "node_id": node_id("Organization", number),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{urls.html}/avatars/u/{number}?v=4",
        "description": None,
    }


def repository(
    urls: Urls,
    found: Repository,
    *,
    owner_kind: str,
    default_branch: str,
    pushed_at: datetime,
    size: int,
    open_issues: int,
) -> JsonObject:
    """A `repository`; `size` is in KiB."""
    hosted, api = found.hosted, urls.repository(found)
    host = urls.html.split("://", 1)[1]
    return {
        "id": hosted.id,
        "node_id": node_id("Repository", hosted.id),
        "name": hosted.name,
        "full_name": hosted.full_name,
        "private": hosted.private,
        "owner": user(urls, hosted.owner, owner_kind),
        "html_url": urls.page(found),
        "description": hosted.description or None,
        "fork": False,
        "url": api,
        **{name: f"{api}{suffix}" for name, suffix in _REPOSITORY_LINKS.items()},
        "created_at": instant(hosted.created_at),
        "updated_at": instant(pushed_at),
        "pushed_at": instant(pushed_at),
        "git_url": f"git://{host}/{hosted.full_name}.git",
        "ssh_url": f"git@{host.split(':')[0]}:{hosted.full_name}.git",
        "clone_url": f"{urls.page(found)}.git",
        "svn_url": urls.page(found),
        "homepage": None,
        "size": size,
        "stargazers_count": 0,
        "watchers_count": 0,
        "watchers": 0,
        "language": None,
        "has_issues": hosted.has_issues,
        "has_projects": False,
        "has_downloads": True,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 0,
        "forks": 0,
        "mirror_url": None,
        "archived": hosted.archived,
        "disabled": False,
        "open_issues_count": open_issues,
        "open_issues": open_issues,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if hosted.private else "public",
        "default_branch": default_branch,
    }


def commit(urls: Urls, found: Repository, value: Commit, users: Mapping[str, str]) -> JsonObject:
    """A `commit` without `stats` and `files`."""
    api = f"{urls.repository(found)}/commits/{value.oid}"
    return {
        "sha": value.oid,
        "node_id": node_id("Commit", found.id, value.oid),
        "commit": {
            "author": _person(value.author),
            "committer": _person(value.committer),
            "message": value.message,
            "tree": _tree_link(urls, found, value),
            "url": f"{urls.repository(found)}/git/commits/{value.oid}",
            "comment_count": 0,
            "verification": _unsigned(),
        },
        "url": api,
        "html_url": urls.page(found, "commit", value.oid),
        "comments_url": f"{api}/comments",
        "author": _account(urls, value.author, users),
        "committer": _account(urls, value.committer, users),
        "parents": [_parent(urls, found, oid, "commits") for oid in value.parents],
    }


def git_commit(urls: Urls, found: Repository, value: Commit) -> JsonObject:
    """A commit of the Git database API."""
    return {
        "sha": value.oid,
        "node_id": node_id("Commit", found.id, value.oid),
        "url": f"{urls.repository(found)}/git/commits/{value.oid}",
        "html_url": urls.page(found, "commit", value.oid),
        "author": _person(value.author),
        "committer": _person(value.committer),
        "tree": _tree_link(urls, found, value),
        "message": value.message,
        "parents": [_parent(urls, found, oid, "git/commits") for oid in value.parents],
        "verification": _unsigned(),
    }


def file_change(urls: Urls, found: Repository, oid: str, change: FileChange) -> JsonObject:
    """A `diff-entry`; `oid` is the commit in which the file can be read."""
    value: JsonObject = {
        "sha": change.oid,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": urls.page(found, "blob", oid, change.path),
        "raw_url": urls.page(found, "raw", oid, change.path),
        "contents_url": urls.contents(found, change.path, oid),
    }
    if change.patch is not None:
        value["patch"] = change.patch
    if change.previous_path is not None:
        value["previous_filename"] = change.previous_path
    return value


def stats(changes: Sequence[FileChange]) -> JsonObject:
    added = sum(change.additions for change in changes)
    deleted = sum(change.deletions for change in changes)
    return {"total": added + deleted, "additions": added, "deletions": deleted}


def short_branch(urls: Urls, found: Repository, branch: Ref) -> JsonObject:
    return {
        "name": branch.name,
        "commit": {
            "sha": branch.oid,
            "url": f"{urls.repository(found)}/commits/{branch.oid}",
        },
        "protected": False,
    }


def branch_with_protection(
    urls: Urls, found: Repository, branch: Ref, tip: JsonObject
) -> JsonObject:
    """A branch with its whole commit; none is protected here."""
    url = f"{urls.repository(found)}/branches/{quote(branch.name)}"
    return {
        "name": branch.name,
        "commit": tip,
        "_links": {"self": url, "html": urls.page(found, "tree", branch.name)},
        "protected": False,
        "protection": {
            "enabled": False,
            "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
        },
        "protection_url": f"{url}/protection",
    }


def git_ref(urls: Urls, found: Repository, name: str, oid: str, kind: str) -> JsonObject:
    """A ref of the Git database API; `name` begins with `refs/`."""
    api = f"{urls.repository(found)}/git"
    return {
        "ref": name,
        "node_id": node_id("Ref", found.id, name),
        "url": f"{api}/{quote(name)}",
        "object": {"sha": oid, "type": kind, "url": f"{api}/{kind}s/{oid}"},
    }


def tree(
    urls: Urls, found: Repository, oid: str, entries: Sequence[TreeEntry], *, truncated: bool
) -> JsonObject:
    return {
        "sha": oid,
        "url": f"{urls.repository(found)}/git/trees/{oid}",
        "tree": [_tree_entry(urls, found, entry) for entry in entries],
        "truncated": truncated,
    }


def _tree_entry(urls: Urls, found: Repository, entry: TreeEntry) -> JsonObject:
    value: JsonObject = {
        "path": entry.path,
        "mode": entry.mode,
        "type": entry.type,
        "sha": entry.oid,
    }
    if entry.size is not None:
        value["size"] = entry.size
    if entry.type != "commit":
        value["url"] = f"{urls.repository(found)}/git/{entry.type}s/{entry.oid}"
    return value


def _person(person: Person) -> JsonObject:
    return {"name": person.name, "email": person.email, "date": instant(person.when)}


def _account(urls: Urls, person: Person, users: Mapping[str, str]) -> JsonObject | None:
    login = login_of(person.email, users)
    return None if login is None else user(urls, login)


def _tree_link(urls: Urls, found: Repository, value: Commit) -> JsonObject:
    return {"sha": value.tree, "url": f"{urls.repository(found)}/git/trees/{value.tree}"}


def _parent(urls: Urls, found: Repository, oid: str, collection: str) -> JsonObject:
    return {
        "sha": oid,
        "url": f"{urls.repository(found)}/{collection}/{oid}",
        "html_url": urls.page(found, "commit", oid),
    }


def _unsigned() -> JsonObject:
    return {
        "verified": False,
        "reason": "unsigned",
        "signature": None,
        "payload": None,
        "verified_at": None,
    }
