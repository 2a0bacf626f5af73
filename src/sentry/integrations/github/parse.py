"""Reads what GitHub's REST API answers. Pure and total: JSON in, values out, one error.

Shapes: GitHub's published OpenAPI description. Everything here raises HostUnavailable for a shape
that the description does not allow, unless it says otherwise.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime

from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.issue_markers import split_marker
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_list,
    as_object,
    as_objects,
    unexpected,
)
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    CommitInfo,
    IssueCommentInfo,
    IssueInfo,
    IssueState,
    RepositoryInfo,
)

_IDENTIFIER = re.compile(
    r"(?P<owner>[A-Za-z0-9][A-Za-z0-9_\-]{0,99})/(?P<name>[A-Za-z0-9._\-]{1,100})"
)
_ISSUE_KEY = re.compile(r"(?P<repo>[^#]+)#(?P<number>[1-9][0-9]{0,18})")
# GitHub's names of an issue's fields, and ours.
_ISSUE_FIELDS = {
    "title": "title",
    "body": "description",
    "labels": "labels",
    "assignees": "assignee",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryName:
    """The two parts of "owner/name"."""

    owner: str
    name: str

    @property
    def identifier(self) -> str:
        """Both together, as GitHub's API addresses a repository."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallationToken:
    """A token of an App's installation, and until when GitHub accepts it."""

    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class FileEntry:
    """A file as the contents API tells of it, with git's id of its blob.

    ``content`` is None where GitHub leaves it out, and where it is another file's: of a symbolic
    link GitHub tells the id, and the content and the size of the file that it leads to.
    """

    size: int
    blob_sha: str
    content: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedIssue:
    """An issue in a list: what finding one by its marker needs beside the issue itself."""

    issue: IssueInfo
    marker: str
    created_at: datetime
    is_pull_request: bool


def parse_identifier(identifier: str, *, field_name: str = "repo") -> RepositoryName:
    """Takes "owner/name" apart.

    Raises:
        InvalidArgument: it has characters or a form that GitHub does not allow.
    """
    match = _IDENTIFIER.fullmatch(identifier)
    if match is None or match["name"] in (".", ".."):
        raise InvalidArgument(field_name, "must be owner/name, as GitHub writes it")
    return RepositoryName(owner=match["owner"], name=match["name"])


def parse_issue_key(key: str) -> tuple[RepositoryName, int]:
    """Takes "owner/name#7" apart.

    Raises:
        InvalidArgument: it is none.
    """
    match = _ISSUE_KEY.fullmatch(key)
    if match is None:
        raise InvalidArgument("key", "must be owner/name#number")
    return parse_identifier(match["repo"], field_name="key"), int(match["number"])


def parse_installation_token(value: Json) -> InstallationToken:
    """The answer of POST /app/installations/{id}/access_tokens."""
    answer = as_object(value, "token")
    token = answer.text("token")
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise unexpected("token.token")
    return InstallationToken(token=token, expires_at=answer.time("expires_at"))


def parse_repository(value: Json) -> RepositoryInfo:
    """One repository."""
    return _repository(as_object(value, "repository"))


def parse_repositories(value: Json) -> list[RepositoryInfo]:
    """A page of repositories: a bare list, or ``{"repositories": [...]}`` for an installation.

    GitHub was seen to put null in the place of a repository; those are left out.
    """
    if isinstance(value, dict):
        value = value.get("repositories")
    present: Json = [item for item in as_list(value, "repositories") if item is not None]
    return [_repository(item) for item in as_objects(present, "repositories")]


def _repository(item: JsonObject) -> RepositoryInfo:
    full_name = item.text("full_name")
    return RepositoryInfo(
        name=full_name,
        identifier=full_name,
        external_id=str(item.integer("id")),
        url=item.text("html_url"),
        default_branch=item.optional_text("default_branch") or None,
    )


def parse_commit(value: Json) -> CommitInfo:
    """One commit."""
    return _commit(as_object(value, "commit"))


def parse_commits(value: Json) -> list[CommitInfo]:
    """A page of commits."""
    return [_commit(item) for item in as_objects(value, "commits")]


def _commit(item: JsonObject) -> CommitInfo:
    facts = item.object("commit")
    author = facts.optional_object("author")
    committer = facts.optional_object("committer") or author
    if committer is None:
        raise unexpected(facts.path("committer"))
    account = item.optional_object("author")
    return CommitInfo(
        sha=item.text("sha"),
        message=facts.text("message"),
        author=parse_author(author, account),
        committed_at=committer.time("date"),
        web_url=item.optional_text("html_url") or "",
    )


def parse_author(author: JsonObject | None, account: JsonObject | None) -> AuthorInfo:
    """A commit's author and, where GitHub knows it, the account ("github:login")."""
    login = (account.optional_text("login") if account else None) or ""
    return AuthorInfo(
        name=(author.optional_text("name") if author else None) or "",
        email=(author.optional_text("email") if author else None) or "",
        external_id=f"github:{login}" if login else "",
    )


def parse_file_entry(value: Json) -> FileEntry | None:
    """What the contents API tells of a path; None where it is a folder or a submodule."""
    if isinstance(value, list):
        return None
    entry = as_object(value, "contents")
    if entry.text("type") not in ("file", "symlink"):
        return None
    size, sha = entry.integer("size"), entry.text("sha")
    if entry.optional_text("encoding") != "base64" or entry.get("content") is None:
        return FileEntry(size=size, blob_sha=sha, content=None)
    content = _base64(entry)
    is_own = _blob_sha(content) == sha
    return FileEntry(size=size, blob_sha=sha, content=content if is_own else None)


def _blob_sha(content: bytes) -> str:
    """The id that git gives a blob."""
    header = b"blob %d\0" % len(content)
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def _base64(entry: JsonObject) -> bytes:
    try:
        return base64.b64decode(entry.text("content"))
    except (binascii.Error, ValueError):
        raise unexpected(entry.path("content")) from None


def parse_issue(value: Json) -> IssueInfo:
    """One issue; its key has its repository's present name, whatever was asked for."""
    return _listed_issue(as_object(value, "issue")).issue


def parse_issues(value: Json) -> list[ListedIssue]:
    """A page of issues; GitHub lists pull requests among them."""
    return [_listed_issue(item) for item in as_objects(value, "issues")]


def _listed_issue(item: JsonObject) -> ListedIssue:
    repo, number = _home_of(item), item.integer("number")
    description, marker = split_marker(item.optional_text("body") or "")
    return ListedIssue(
        issue=IssueInfo(
            key=f"{repo.identifier}#{number}",
            title=item.text("title"),
            description=description,
            web_url=item.text("html_url"),
            metadata={"repo": repo.identifier, "number": str(number), "state": item.text("state")},
            state=IssueState.OPEN if item.text("state") == "open" else IssueState.CLOSED,
            assignees=_assignees(item),
        ),
        marker=marker,
        created_at=item.time("created_at"),
        is_pull_request="pull_request" in item,
    )


def _home_of(issue: JsonObject) -> RepositoryName:
    """The repository of an issue: the end of its ``repository_url``."""
    url = issue.text("repository_url")
    try:
        return parse_identifier("/".join(url.rsplit("/", 2)[-2:]))
    except InvalidArgument:
        raise unexpected(issue.path("repository_url")) from None


def _assignees(item: JsonObject) -> tuple[str, ...]:
    listed = item.objects("assignees") if item.get("assignees") is not None else []
    return tuple(each.text("login") for each in listed)


def parse_comment(value: Json) -> IssueCommentInfo:
    """A comment on an issue."""
    comment = as_object(value, "comment")
    return IssueCommentInfo(id=str(comment.integer("id")), web_url=comment.text("html_url"))


def parse_rejected_fields(value: Json) -> list[str]:
    """The fields of an issue, by our names, that a 422 complains of; none where it names none."""
    answer = as_object(value, "error")
    errors = as_list(answer.get("errors") or [], "error.errors")
    names = [item.get("field") for item in errors if isinstance(item, dict)]
    return [
        _ISSUE_FIELDS[name] for name in names if isinstance(name, str) and name in _ISSUE_FIELDS
    ]


def parse_message(value: Json) -> str:
    """The text of an error, for telling one cause from another; never for a caller's eyes."""
    return as_object(value, "error").optional_text("message") or ""
