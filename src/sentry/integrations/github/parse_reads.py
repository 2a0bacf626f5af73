"""Reads what GitHub answers about changes, trees, pull requests and code. Pure and total.

Shapes: GitHub's published OpenAPI description. Everything here raises HostUnavailable for a shape
that the description does not allow.
"""

from dataclasses import dataclass

from sentry.integrations.github.parse import parse_commits
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_object,
    as_objects,
)
from sentry.integrations.source_code_management.lines import split_lines
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    BranchInfo,
    ChangeKind,
    CodeMatch,
    CodeMatchLine,
    CommitInfo,
    EntryKind,
    FileChange,
    PullRequestInfo,
    PullRequestState,
    TreeEntry,
)

_CHANGES = {
    "added": ChangeKind.ADDED,
    "copied": ChangeKind.ADDED,
    "removed": ChangeKind.REMOVED,
    "renamed": ChangeKind.RENAMED,
}
_LINK_MODE = "120000"


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparedPage:
    """A page of a comparison: commits oldest first, how many there are in all, and files."""

    commits: tuple[CommitInfo, ...]
    total: int
    files: tuple[FileChange, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedTree:
    """A tree as GitHub lists it; ``folders`` maps the path of each folder to its id."""

    entries: tuple[TreeEntry, ...]
    folders: dict[str, str]
    truncated: bool


def parse_comparison(value: Json) -> ComparedPage:
    """GET /repos/{owner}/{repo}/compare/{basehead}."""
    answer = as_object(value, "comparison")
    return ComparedPage(
        commits=tuple(parse_commits(answer.get("commits"))),
        total=answer.integer("total_commits"),
        files=_changes(answer),
    )


def parse_changes(value: Json) -> tuple[FileChange, ...]:
    """The files of GET /repos/{owner}/{repo}/commits/{ref}."""
    return _changes(as_object(value, "commit"))


def _changes(answer: JsonObject) -> tuple[FileChange, ...]:
    if answer.get("files") is None:
        return ()
    return tuple(_change(item) for item in answer.objects("files"))


def _change(item: JsonObject) -> FileChange:
    kind = _CHANGES.get(item.text("status"), ChangeKind.MODIFIED)
    previous = item.optional_text("previous_filename") or ""
    return FileChange(
        path=item.text("filename"),
        kind=kind,
        previous_path=previous if kind is ChangeKind.RENAMED else "",
    )


def parse_tree(value: Json) -> ListedTree:
    """GET /repos/{owner}/{repo}/git/trees/{tree_sha}."""
    answer = as_object(value, "tree")
    items = answer.objects("tree")
    return ListedTree(
        entries=tuple(_entry(item) for item in items if item.text("type") != "tree"),
        folders={
            item.text("path"): item.text("sha") for item in items if item.text("type") == "tree"
        },
        truncated=answer.boolean("truncated"),
    )


def _entry(item: JsonObject) -> TreeEntry:
    kind = EntryKind.FILE
    if item.text("type") == "commit":
        kind = EntryKind.SUBMODULE
    elif item.text("mode") == _LINK_MODE:
        kind = EntryKind.SYMLINK
    return TreeEntry(
        path=item.text("path"),
        kind=kind,
        object_id=item.text("sha"),
        size=item.optional_integer("size"),
    )


def parse_branches(value: Json) -> list[BranchInfo]:
    """A page of branches."""
    return [
        BranchInfo(name=item.text("name"), sha=item.object("commit").text("sha"))
        for item in as_objects(value, "branches")
    ]


def parse_pull_requests(value: Json) -> list[PullRequestInfo]:
    """A page of pull requests."""
    return [parse_pull_request(item) for item in as_objects(value, "pulls")]


def parse_pull_request(item: JsonObject) -> PullRequestInfo:
    """One pull request; a webhook's body holds it in the same shape."""
    merged_at = item.optional_time("merged_at")
    state = PullRequestState.OPEN if item.text("state") == "open" else PullRequestState.CLOSED
    user = item.optional_object("user")
    login = user.text("login") if user else ""
    merge_sha = item.optional_text("merge_commit_sha") or ""
    return PullRequestInfo(
        key=str(item.integer("number")),
        title=item.text("title"),
        description=item.optional_text("body") or "",
        state=PullRequestState.MERGED if merged_at else state,
        author=AuthorInfo(name=login, email="", external_id=f"github:{login}") if login else None,
        head_branch=item.object("head").text("ref"),
        base_branch=item.object("base").text("ref"),
        head_sha=item.object("head").text("sha"),
        # of an open one GitHub names a trial merge, which is no commit of the repository
        merge_sha=merge_sha if merged_at else "",
        web_url=item.text("html_url"),
        created_at=item.time("created_at"),
        merged_at=merged_at,
    )


def parse_code_matches(value: Json, *, repository_id: str = "") -> list[CodeMatch]:
    """A page of GET /search/code, with the fragments of the text-match media type.

    With ``repository_id`` what is in any other repository is left out.
    """
    items = as_object(value, "search").objects("items")
    return [_code_match(item) for item in items if _is_in(item, repository_id)]


def _is_in(item: JsonObject, repository_id: str) -> bool:
    return not repository_id or str(item.object("repository").integer("id")) == repository_id


def _code_match(item: JsonObject) -> CodeMatch:
    fragments = item.objects("text_matches") if item.get("text_matches") is not None else []
    return CodeMatch(
        path=item.text("path"),
        ref="",
        lines=tuple(line for fragment in fragments for line in _lines(fragment)),
        web_url=item.text("html_url"),
    )


def _lines(fragment: JsonObject) -> list[CodeMatchLine]:
    """The lines of a fragment that hold a match: GitHub counts from the fragment's beginning."""
    if fragment.optional_text("property") not in (None, "content"):
        return []
    text = fragment.text("fragment")
    spans = [_span(match) for match in fragment.objects("matches")]
    found, start = [], 0
    for line in split_lines(text):
        end = start + len(line)
        if any(begin <= end and stop > start for begin, stop in spans):
            found.append(CodeMatchLine(number=0, text=line))
        start = end + (2 if text.startswith("\r\n", end) else 1)
    return found


def _span(match: JsonObject) -> tuple[int, int]:
    indices = [index for index in _list(match) if isinstance(index, int)]
    return (indices[0], indices[1]) if len(indices) == 2 else (0, 0)  # noqa: PLR2004 - a pair


def _list(match: JsonObject) -> list[Json]:
    value = match.get("indices")
    return value if isinstance(value, list) else []


def parse_found_issues(value: Json) -> Json:
    """The issues in an answer of GET /search/issues, as a page of issues has them."""
    return as_object(value, "search").get("items")
