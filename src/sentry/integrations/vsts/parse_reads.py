"""Reads what Azure DevOps answers about changes, trees, refs, pull requests and code. Pure, total.

Shapes: Azure DevOps' published description of version 7.1. Everything here raises HostUnavailable
for a shape that the description does not allow.
"""

from dataclasses import dataclass

from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_object,
    as_objects,
)
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    BranchInfo,
    ChangeKind,
    CodeMatchLine,
    EntryKind,
    FileChange,
    PullRequestInfo,
    PullRequestState,
    TreeEntry,
)
from sentry.integrations.vsts.parse import listed, page_of

_BRANCHES = "refs/heads/"
_STATES = {
    "abandoned": PullRequestState.CLOSED,
    "completed": PullRequestState.MERGED,
}
_ADDED = frozenset({"add", "branch", "undelete"})
_MOVED = frozenset({"rename", "targetrename"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangesPage:
    """A page of changes: ``count`` is how many the host listed, folders among them."""

    files: tuple[FileChange, ...]
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffPage:
    """A page of a comparison.

    Attributes:
        changes: what this page lists.
        is_last: whether there are no more changes.
        ahead: how many commits the target has that the base has not.
        has_common: whether the two have a common ancestor.
    """

    changes: ChangesPage
    is_last: bool
    ahead: int
    has_common: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedTree:
    """What lies below a path, in git's order; ``is_folder`` says whether the path is one."""

    entries: tuple[TreeEntry, ...]
    is_folder: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundFile:
    """A file that a search found, as of ``ref``; what the host does not tell is ""."""

    repository_id: str
    path: str
    ref: str
    lines: tuple[CodeMatchLine, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundPage:
    """A page of a search, and how many files it found in all."""

    files: tuple[FoundFile, ...]
    total: int


def parse_changes(value: Json) -> ChangesPage:
    """GET /commits/{id}/changes."""
    return _changes(as_object(value, "changes"))


def parse_diff(value: Json) -> DiffPage:
    """GET /diffs/commits."""
    answer = as_object(value, "diff")
    return DiffPage(
        changes=_changes(answer),
        is_last=answer.optional_boolean("allChangesIncluded") or False,
        ahead=answer.optional_integer("aheadCount") or 0,
        has_common=bool(answer.optional_text("commonCommit")),
    )


def _changes(answer: JsonObject) -> ChangesPage:
    items = answer.objects("changes") if answer.get("changes") is not None else []
    read = [_change(item) for item in items]
    return ChangesPage(files=tuple(each for each in read if each is not None), count=len(items))


def _change(change: JsonObject) -> FileChange | None:
    """A file's change; None for a folder, and for the place that a renamed file left.

    The kind is a set of flags, joined by commas.
    """
    item = change.object("item")
    kinds = {part.strip().lower() for part in change.text("changeType").split(",")}
    if _is_folder(item) or "sourcerename" in kinds:
        return None
    path = _relative(item.text("path"))
    if _MOVED & kinds:
        told = change.optional_text("sourceServerItem") or change.optional_text("originalPath")
        kind = ChangeKind.RENAMED if told else ChangeKind.ADDED
        return FileChange(path=path, kind=kind, previous_path=_relative(told or ""))
    if "delete" in kinds:
        return FileChange(path=path, kind=ChangeKind.REMOVED)
    return FileChange(path=path, kind=ChangeKind.ADDED if _ADDED & kinds else ChangeKind.MODIFIED)


def _is_folder(item: JsonObject) -> bool:
    return item.optional_boolean("isFolder") or item.optional_text("gitObjectType") == "tree"


def _relative(path: str) -> str:
    return path.removeprefix("/")


def parse_tree(value: Json, path: str) -> ListedTree:
    """GET /items?scopePath=, where ``path`` is what was asked for ("" for the root)."""
    items = listed(value, "items")
    folders = {_relative(item.text("path")) for item in items if _is_folder(item)}
    entries = [_entry(item) for item in items if not _is_folder(item)]
    # git orders whole paths by their bytes
    entries.sort(key=lambda entry: entry.path.encode())
    return ListedTree(entries=tuple(entries), is_folder=path in folders)


def _entry(item: JsonObject) -> TreeEntry:
    kind = EntryKind.FILE
    if item.optional_text("gitObjectType") == "commit":
        kind = EntryKind.SUBMODULE
    elif item.optional_boolean("isSymLink"):
        kind = EntryKind.SYMLINK
    return TreeEntry(
        path=_relative(item.text("path")),
        kind=kind,
        object_id=item.optional_text("objectId") or "",
    )


def parse_branches(value: Json) -> list[BranchInfo]:
    """A page of refs: the branches among them."""
    return [
        BranchInfo(name=item.text("name").removeprefix(_BRANCHES), sha=item.text("objectId"))
        for item in listed(value, "refs")
        if item.text("name").startswith(_BRANCHES)
    ]


def parse_pull_requests(value: Json, page: str) -> list[PullRequestInfo]:
    """POST /pullrequestquery: what all its queries found, each once.

    ``page`` is the repository's page.
    """
    found: dict[str, PullRequestInfo] = {}
    answer = as_object(value, "answer")
    for result in answer.objects("results"):
        for sha in result:
            for item in as_objects(result.get(sha), result.path(sha)):
                pull = pull_request_of(item, page)
                found.setdefault(pull.key, pull)
    return list(found.values())


def pull_request_of(item: JsonObject, page: str = "") -> PullRequestInfo:
    """One pull request; a webhook's body holds it in the same shape, with the repository's page."""
    state = _STATES.get(item.text("status"), PullRequestState.OPEN)
    number = item.integer("pullRequestId")
    repository = item.optional_object("repository")
    page = page or (page_of(repository) if repository else "")
    is_merged = state is PullRequestState.MERGED
    return PullRequestInfo(
        key=str(number),
        title=item.text("title"),
        description=item.optional_text("description") or "",
        state=state,
        author=_person(item.optional_object("createdBy")),
        head_branch=item.text("sourceRefName").removeprefix(_BRANCHES),
        base_branch=item.text("targetRefName").removeprefix(_BRANCHES),
        head_sha=_commit_id(item, "lastMergeSourceCommit"),
        # of an open one it is a trial merge, which is no commit of the repository
        merge_sha=_commit_id(item, "lastMergeCommit") if is_merged else "",
        web_url=f"{page}/pullrequest/{number}" if page else "",
        created_at=item.optional_time("creationDate"),
        merged_at=item.optional_time("closedDate") if is_merged else None,
    )


def _commit_id(item: JsonObject, name: str) -> str:
    commit = item.optional_object(name)
    return (commit.optional_text("commitId") if commit else None) or ""


def _person(account: JsonObject | None) -> AuthorInfo | None:
    if account is None:
        return None
    unique = account.optional_text("uniqueName") or ""
    number = account.optional_text("id") or ""
    return AuthorInfo(
        name=account.optional_text("displayName") or unique,
        email=unique if "@" in unique else "",
        external_id=f"vsts:{number}" if number else "",
    )


def parse_found(value: Json) -> FoundPage:
    """POST /search/codesearchresults."""
    answer = as_object(value, "search")
    return FoundPage(
        files=tuple(_found(item) for item in answer.objects("results")),
        total=answer.integer("count"),
    )


def _found(item: JsonObject) -> FoundFile:
    versions = item.objects("versions") if item.get("versions") is not None else []
    matches = item.optional_object("matches")
    hits = matches.objects("content") if matches and matches.get("content") is not None else []
    lines = dict.fromkeys(line for hit in hits if (line := _line(hit)) is not None)
    repository = item.optional_object("repository")
    return FoundFile(
        repository_id=((repository.optional_text("id") if repository else None) or "").lower(),
        path=_relative(item.text("path")),
        ref=(versions[0].optional_text("changeId") or "") if versions else "",
        lines=tuple(sorted(lines, key=lambda line: line.number)),
    )


def _line(hit: JsonObject) -> CodeMatchLine | None:
    """The line of a hit; None where the host gives places but no text."""
    text = hit.optional_text("codeSnippet")
    number = hit.optional_integer("line") or 0
    return None if text is None else CodeMatchLine(number=max(number, 0), text=text)
