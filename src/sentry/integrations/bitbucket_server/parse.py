"""Reads what Bitbucket Data Center's REST API answers. Pure and total: JSON in, values out.

Shapes: the API's published description and recorded answers. Everything here raises
HostUnavailable for a shape that neither allows. Times come as milliseconds, from some servers as
ISO 8601. ``page`` is a repository's web page, from which those of its parts are made.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sentry.integrations.bitbucket_server.endpoints import Endpoints
from sentry.integrations.bitbucket_server.names import RepositoryName
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_list,
    as_object,
    as_objects,
    as_text,
    as_time,
    unexpected,
)
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    BranchInfo,
    ChangeKind,
    CommitInfo,
    FileChange,
    PullRequestInfo,
    PullRequestState,
    RepositoryInfo,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {
    "ADD": ChangeKind.ADDED,
    "COPY": ChangeKind.ADDED,
    "DELETE": ChangeKind.REMOVED,
    "MODIFY": ChangeKind.MODIFIED,
    "MOVE": ChangeKind.RENAMED,
    "UNKNOWN": ChangeKind.MODIFIED,
}
_STATES = {
    "OPEN": PullRequestState.OPEN,
    "DECLINED": PullRequestState.CLOSED,
    "MERGED": PullRequestState.MERGED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page of a list.

    ``next_start`` is where the next one begins, None where none can be had; ``is_last`` says
    whether there is nothing more, which is not the same beyond a cap of the host's.
    """

    values: list[Json]
    next_start: int | None
    is_last: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """A webhook's registration."""

    id: str
    url: str


def parse_page(value: Json) -> Page:
    """The frame of a page."""
    answer = as_object(value, "page")
    is_last = answer.boolean("isLastPage")
    return Page(
        values=as_list(answer.get("values"), "page.values"),
        next_start=None if is_last else answer.optional_integer("nextPageStart"),
        is_last=is_last,
    )


def parse_repository(value: Json, endpoints: Endpoints) -> RepositoryInfo:
    """One repository; its default branch stands there on some servers only."""
    item = as_object(value, "repository")
    name = RepositoryName(project=item.object("project").text("key"), slug=item.text("slug"))
    return RepositoryInfo(
        name=name.identifier,
        identifier=name.identifier,
        external_id=parse_repository_id(item),
        url=endpoints.page(name),
        default_branch=item.optional_text("defaultBranch") or None,
    )


def parse_repository_id(item: JsonObject) -> str:
    """The host's number for a repository, which outlives its names."""
    return str(item.integer("id"))


def parse_default_branch(value: Json) -> str:
    """The name of the default branch."""
    return as_object(value, "branch").text("displayId")


def parse_branches(values: Json) -> list[BranchInfo]:
    """A page of branches; older servers call the tip a changeset."""
    return [
        BranchInfo(
            name=item.text("displayId"),
            sha=item.optional_text("latestCommit") or item.text("latestChangeset"),
        )
        for item in as_objects(values, "branches")
    ]


def parse_commit(value: Json, page: str) -> CommitInfo:
    """One commit."""
    return _commit(as_object(value, "commit"), page)


def parse_commits(values: Json, page: str) -> list[CommitInfo]:
    """A page of commits."""
    return [_commit(item, page) for item in as_objects(values, "commits")]


def _commit(item: JsonObject, page: str) -> CommitInfo:
    sha = item.text("id")
    # Older servers tell the author alone.
    when = "authorTimestamp" if item.get("committerTimestamp") is None else "committerTimestamp"
    return CommitInfo(
        sha=sha,
        message=(item.optional_text("message") or "").rstrip("\n"),
        author=parse_person(item.object("author")),
        committed_at=parse_moment(item, when),
        web_url=f"{page}/commits/{sha}",
    )


def parse_person(item: JsonObject) -> AuthorInfo:
    """An author: what git recorded or, where an account has the address, the account.

    An account's ``name`` is its login, and ``displayName`` the name of the person.
    """
    slug = item.optional_text("slug") or ""
    return AuthorInfo(
        name=item.optional_text("displayName") or item.optional_text("name") or "",
        email=item.optional_text("emailAddress") or "",
        external_id=f"bitbucket_server:{slug}" if slug else "",
    )


def parse_moment(item: JsonObject, name: str) -> datetime:
    """A time in UTC: milliseconds since the epoch, or ISO 8601."""
    value = item.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return as_time(value, item.path(name))
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        raise unexpected(item.path(name)) from None


def parse_changes(values: Json) -> list[FileChange]:
    """A page of changed files."""
    return [_change(item) for item in as_objects(values, "changes")]


def _change(item: JsonObject) -> FileChange:
    kind = _KINDS.get(item.text("type"), ChangeKind.MODIFIED)
    path = _path(item.object("path"))
    previous = _path(item.object("srcPath")) if kind is ChangeKind.RENAMED else ""
    return FileChange(path=path, kind=kind, previous_path=previous)


def _path(item: JsonObject) -> str:
    parts = as_list(item.get("components"), item.path("components"))
    return "/".join(as_text(part, item.path("components")) for part in parts)


def parse_paths(values: Json) -> list[str]:
    """A page of files by their paths."""
    return [as_text(value, "files") for value in as_list(values, "files")]


def parse_size(value: Json) -> int:
    """A file's size in bytes."""
    return as_object(value, "file").integer("size")


def parse_pull_requests(values: Json, page: str) -> list[PullRequestInfo]:
    """A page of pull requests."""
    return [parse_pull_request(item, page) for item in as_objects(values, "pullRequests")]


def parse_pull_request(item: JsonObject, page: str) -> PullRequestInfo:
    """One pull request; where ``page`` is "", only the host's own link tells its page."""
    number = str(item.integer("id"))
    state = _STATES.get(item.text("state"))
    if state is None:
        raise unexpected(item.path("state"))
    head, base = item.object("fromRef"), item.object("toRef")
    author = item.optional_object("author")
    properties = item.optional_object("properties")
    merge = properties.optional_object("mergeCommit") if properties else None
    merged_at = None
    if state is PullRequestState.MERGED:
        closed = "updatedDate" if item.get("closedDate") is None else "closedDate"
        merged_at = parse_moment(item, closed)
    return PullRequestInfo(
        key=number,
        title=item.text("title"),
        description=item.optional_text("description") or "",
        state=state,
        author=parse_person(author.object("user")) if author else None,
        head_branch=_branch(head),
        base_branch=_branch(base),
        head_sha=head.optional_text("latestCommit") or "",
        merge_sha=merge.text("id") if merge else "",
        web_url=f"{page}/pull-requests/{number}" if page else parse_self_link(item),
        created_at=parse_moment(item, "createdDate"),
        merged_at=merged_at,
    )


def _branch(item: JsonObject) -> str:
    return item.optional_text("displayId") or item.text("id").removeprefix("refs/heads/")


def parse_self_link(item: JsonObject) -> str:
    """The page that an answer names as its own; "" where it names none."""
    links = item.optional_object("links")
    if links is None or links.get("self") is None:
        return ""
    named = links.objects("self")
    return named[0].optional_text("href") or "" if named else ""


def parse_hook(value: Json) -> Hook:
    """One webhook."""
    return _hook(as_object(value, "webhook"))


def parse_hooks(values: Json) -> list[Hook]:
    """A page of webhooks."""
    return [_hook(item) for item in as_objects(values, "webhooks")]


def _hook(item: JsonObject) -> Hook:
    return Hook(id=str(item.integer("id")), url=item.optional_text("url") or "")


def parse_errors(value: Json) -> list[str]:
    """What an error's body tells: each exception's short name, and each text in lower case.

    For telling one cause from another; never for a caller's eyes.
    """
    told: list[str] = []
    for item in as_object(value, "error").objects("errors"):
        told.append((item.optional_text("exceptionName") or "").rpartition(".")[2])
        told.append((item.optional_text("message") or "").lower())
    return told
