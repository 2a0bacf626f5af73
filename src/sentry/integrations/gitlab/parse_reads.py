"""Reads what GitLab answers about changes, trees, merge requests and code. Pure and total.

Shapes as in ``parse``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sentry.integrations.gitlab.parse import commit_of
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

_LINK_MODE = "120000"
_STATES = {"closed": PullRequestState.CLOSED, "merged": PullRequestState.MERGED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A comparison: commits as GitLab orders them, oldest first.

    ``has_root`` says that a commit without a parent is among them, as always where the two have no
    common ancestor; ``is_cut`` that GitLab gave up on the files.
    """

    commits: tuple[CommitInfo, ...]
    files: tuple[FileChange, ...]
    has_root: bool
    is_cut: bool


def parse_comparison(value: Json, head: str) -> Compared:
    """GET /projects/{id}/repository/compare up to commit ``head``."""
    answer = as_object(value, "comparison")
    listed = answer.objects("commits")
    commits = [commit_of(item) for item in listed]
    if commits and commits[0].sha == head:
        commits.reverse()
    return Compared(
        commits=tuple(commits),
        files=tuple(_change(item) for item in answer.objects("diffs")),
        has_root=any(item.get("parent_ids") == [] for item in listed),
        is_cut=answer.optional_boolean("compare_timeout") or False,
    )


def parse_changes(value: Json) -> list[FileChange]:
    """A page of GET /projects/{id}/repository/commits/{sha}/diff."""
    return [_change(item) for item in as_objects(value, "diffs")]


def _change(item: JsonObject) -> FileChange:
    path, previous = item.text("new_path"), item.text("old_path")
    if item.boolean("new_file"):
        return FileChange(path=path, kind=ChangeKind.ADDED)
    if item.boolean("deleted_file"):
        return FileChange(path=previous, kind=ChangeKind.REMOVED)
    if item.boolean("renamed_file"):
        return FileChange(path=path, kind=ChangeKind.RENAMED, previous_path=previous)
    return FileChange(path=path, kind=ChangeKind.MODIFIED)


def parse_tree(value: Json) -> list[TreeEntry]:
    """The files on a page of GET /projects/{id}/repository/tree; folders are left out."""
    items = as_objects(value, "tree")
    return [_entry(item) for item in items if item.text("type") != "tree"]


def _entry(item: JsonObject) -> TreeEntry:
    kind = EntryKind.FILE
    if item.text("type") == "commit":
        kind = EntryKind.SUBMODULE
    elif item.text("mode") == _LINK_MODE:
        kind = EntryKind.SYMLINK
    return TreeEntry(path=item.text("path"), kind=kind, object_id=item.text("id"))


def parse_branches(value: Json) -> list[BranchInfo]:
    """A page of branches."""
    return [
        BranchInfo(name=item.text("name"), sha=item.object("commit").text("id"))
        for item in as_objects(value, "branches")
    ]


def parse_merge_requests(value: Json) -> list[PullRequestInfo]:
    """A list of merge requests."""
    return [_merge_request(item) for item in as_objects(value, "merge_requests")]


def _merge_request(item: JsonObject) -> PullRequestInfo:
    author = item.optional_object("author")
    return PullRequestInfo(
        key=str(item.integer("iid")),
        title=item.text("title"),
        description=item.optional_text("description") or "",
        state=state_of(item),
        author=account_of(author) if author else None,
        head_branch=item.text("source_branch"),
        base_branch=item.text("target_branch"),
        head_sha=item.optional_text("sha") or "",
        merge_sha=merge_sha_of(item),
        web_url=item.optional_text("web_url") or "",
        created_at=item.optional_time("created_at"),
        merged_at=item.optional_time("merged_at"),
    )


def state_of(item: JsonObject) -> PullRequestState:
    """A merge request's state; one that is locked is being merged."""
    return _STATES.get(item.text("state"), PullRequestState.OPEN)


def merge_sha_of(item: JsonObject) -> str:
    """The commit that merged, or the one that a merge request was squashed into."""
    merged = item.optional_text("merge_commit_sha")
    return merged or item.optional_text("squash_commit_sha") or ""


def account_of(user: JsonObject) -> AuthorInfo:
    """An account ("gitlab:username"); GitLab does not tell its address here."""
    login = user.text("username")
    return AuthorInfo(
        name=user.optional_text("name") or login, email="", external_id=f"gitlab:{login}"
    )


def parse_code_matches(value: Json, words: Sequence[str]) -> list[CodeMatch]:
    """A page of a search of blobs: GitLab gives a file once for each place in it."""
    found: dict[tuple[str, str], list[CodeMatchLine]] = {}
    for item in as_objects(value, "matches"):
        place = item.text("path"), item.optional_text("ref") or ""
        first = item.optional_integer("startline") or 1
        found.setdefault(place, []).extend(_matching(item.text("data"), first, words))
    return [
        CodeMatch(path=path, ref=ref, lines=tuple(lines)) for (path, ref), lines in found.items()
    ]


def _matching(data: str, first: int, words: Iterable[str]) -> list[CodeMatchLine]:
    """The lines that hold a word, without those around them; all where none does."""
    lines = [
        CodeMatchLine(number=number, text=text)
        for number, text in enumerate(split_lines(data), start=first)
    ]
    wanted = [word.casefold() for word in words]
    chosen = [line for line in lines if any(word in line.text.casefold() for word in wanted)]
    return chosen or lines
