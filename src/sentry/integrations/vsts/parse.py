"""Reads what Azure DevOps answers about projects, repositories and commits. Pure and total.

Shapes: Azure DevOps' published description of version 7.1. Everything here raises HostUnavailable
for a shape that the description does not allow, unless it says otherwise.
"""

import re
from dataclasses import dataclass

from sentry.integrations.source_code_management.errors import InvalidArgument, ScmError
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_object,
    unexpected,
)
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    CommitInfo,
    RepositoryInfo,
)

PROJECT_ID = "project_id"  # in a repository's config: the host's id of its project
_PART = r"[^/\\:*?\"<>|#\x00-\x1f\x7f\ud800-\udfff]{1,256}"
_IDENTIFIER = re.compile(f"(?P<project>{_PART})/(?P<name>{_PART})")
_PROJECT = re.compile(f"(?P<project>{_PART})(?:/{_PART})?")
_DOTS = frozenset({".", ".."})
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_USER_INFO = re.compile(r"(?<=://)[^/@]*@")
_REFUSED_ACCOUNT = re.compile(r"The user '[^']+' is not authorized")
# Whom the host calls a caller without a credential, where an organization has public projects.
_ANONYMOUS = "System:PublicAccess"


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryName:
    """The two parts of "project/repository"."""

    project: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Whom a credential stands for: a name for people, and the id that stays."""

    name: str
    identity: str
    is_anonymous: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedCommit:
    """A commit in a list, where the host may have cut its message after the first line."""

    commit: CommitInfo
    is_cut: bool


def parse_identifier(identifier: str, *, field_name: str = "repo") -> RepositoryName:
    """Takes "project/repository" apart; both may hold spaces and any letters.

    Raises:
        InvalidArgument: it has characters or a form that Azure DevOps does not allow.
    """
    match = _IDENTIFIER.fullmatch(identifier)
    if match is None or _DOTS & {match["project"], match["name"]}:
        raise InvalidArgument(field_name, "must be project/repository, as Azure DevOps writes it")
    return RepositoryName(project=match["project"], name=match["name"])


def parse_project_of(text: str, *, field_name: str = "repo") -> str:
    """The project in "project" or "project/repository".

    Raises:
        InvalidArgument: it is neither.
    """
    match = _PROJECT.fullmatch(text)
    if match is None or _DOTS & set(text.split("/")):
        raise InvalidArgument(field_name, "must be a project, or project/repository")
    return match["project"]


def item_path(path: str) -> str:
    """A file's or folder's path as the host wants it, from the root.

    Raises:
        InvalidArgument: a part is empty, "." or "..", or holds NUL or half a surrogate pair; or it
            holds a backslash, which the host takes for a slash.
    """
    route("{+path}", path=path)
    if "\\" in path:
        raise InvalidArgument("path", "must not hold a backslash, which this host cannot name")
    return f"/{path}"


def is_guid(text: str) -> bool:
    """Whether a text is an id as the host gives repositories and projects."""
    return _GUID.fullmatch(text) is not None


def listed(value: Json, where: str) -> list[JsonObject]:
    """The members of a list in its envelope, ``{"count": 2, "value": [...]}``."""
    return as_object(value, where).objects("value")


def parse_account(value: Json) -> Account:
    """The answer of GET /_apis/connectionData."""
    answer = as_object(value, "connection")
    user = answer.object("authenticatedUser")
    number = user.text("id")
    return Account(
        name=user.optional_text("providerDisplayName") or number,
        identity=f"{answer.text('instanceId')}:{number}",
        is_anonymous=(user.optional_text("descriptor") or "").startswith(_ANONYMOUS),
    )


def parse_projects(value: Json) -> list[str]:
    """The names of a page of projects."""
    return [item.text("name") for item in listed(value, "projects")]


def parse_project_id(value: Json) -> str:
    """The id of a repository's project."""
    return _guid(as_object(value, "repository").object("project"))


def parse_repository(value: Json) -> RepositoryInfo:
    """One repository."""
    return repository_of(as_object(value, "repository"))


def parse_repositories(value: Json) -> list[RepositoryInfo]:
    """The repositories of a project, without those that are switched off: nobody reaches them."""
    return [
        repository_of(item)
        for item in listed(value, "repositories")
        if not item.optional_boolean("isDisabled")
    ]


def repository_of(item: JsonObject) -> RepositoryInfo:
    """A repository; a webhook's body holds it in the same shape."""
    project = item.object("project")
    name = f"{project.text('name')}/{item.text('name')}"
    branch = item.optional_text("defaultBranch")
    return RepositoryInfo(
        name=name,
        identifier=name,
        external_id=_guid(item),
        url=page_of(item),
        default_branch=branch.removeprefix("refs/heads/") if branch else None,
        facts=_facts(project),
    )


def _facts(project: JsonObject) -> dict[str, str]:
    number = project.optional_text("id") or ""
    return {PROJECT_ID: number.lower()} if is_guid(number) else {}


def page_of(item: JsonObject) -> str:
    """A repository's page; "" where the host tells none. Its clone URL is the same page."""
    url = item.optional_text("webUrl") or item.optional_text("remoteUrl") or ""
    return _USER_INFO.sub("", url)


def _guid(item: JsonObject) -> str:
    number = item.text("id")
    if not is_guid(number):
        raise unexpected(item.path("id"))
    return number.lower()


def parse_commit(value: Json) -> CommitInfo:
    """One commit."""
    return commit_of(as_object(value, "commit"))


def parse_commits(value: Json) -> list[ListedCommit]:
    """A page of commits."""
    return [
        ListedCommit(
            commit=commit_of(item), is_cut=item.optional_boolean("commentTruncated") or False
        )
        for item in listed(value, "commits")
    ]


def commit_of(item: JsonObject) -> CommitInfo:
    """A commit; a webhook's body holds it in the same shape."""
    author = item.optional_object("author")
    committer = item.optional_object("committer") or author
    if committer is None:
        raise unexpected(item.path("committer"))
    return CommitInfo(
        sha=item.text("commitId"),
        message=(item.optional_text("comment") or "").rstrip("\n"),
        author=AuthorInfo(
            name=(author.optional_text("name") if author else None) or "",
            email=(author.optional_text("email") if author else None) or "",
        ),
        committed_at=committer.time("date"),
        web_url=item.optional_text("remoteUrl") or "",
    )


def parse_blob_size(value: Json) -> int:
    """The size of GET /blobs/{sha1}, in bytes."""
    return as_object(value, "blob").integer("size")


def parse_object_id(value: Json) -> str:
    """The id of the one item that GET /items?path= gave."""
    return as_object(value, "item").text("objectId")


def parse_type_key(value: Json) -> str:
    """The ``typeKey`` of an error's body; "" where it has none. Raises nothing."""
    try:
        return as_object(value, "error").optional_text("typeKey") or ""
    except ScmError:
        return ""


def parse_is_known_account(value: Json) -> bool:
    """Whether a 401 names the account that lacks a permission. Raises nothing.

    A credential that is not accepted is told so in the name of nobody.
    """
    try:
        message = as_object(value, "error").optional_text("message") or ""
    except ScmError:
        return False
    return _REFUSED_ACCOUNT.search(message) is not None
