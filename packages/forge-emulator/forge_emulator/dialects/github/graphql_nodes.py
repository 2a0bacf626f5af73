"""The values that GraphQL's resolvers hand to each other, and the pages of its lists.

A node is small and frozen and knows its repository; what it shows is in `graphql_table`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphql import GraphQLError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forge_emulator import git, tree
    from forge_emulator.dialects.github.call import Call
    from forge_emulator.diff import FileChange
    from forge_emulator.limits import Usage
    from forge_emulator.repositories import Repository
    from forge_emulator.store import PullRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionContext:
    """One execution: its request, and the state of the limit with this query's cost.

    `diffs` keeps what was compared, by repository and commit.
    """

    call: Call
    points: tuple[Usage, int] | None
    diffs: dict[tuple[int, str], list[FileChange]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    login: str
    kind: str = "User"


@dataclass(frozen=True, slots=True)
class RepositoryNode:
    found: Repository


@dataclass(frozen=True, slots=True)
class RefNode:
    home: RepositoryNode
    qualified_name: str
    oid: str


@dataclass(frozen=True, slots=True)
class Actor:
    person: git.Person


@dataclass(frozen=True, slots=True)
class CommitNode:
    home: RepositoryNode
    commit: git.Commit


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """A blob or a tree, by `kind`; `path` is where it was found, for a tree's entries."""

    home: RepositoryNode
    oid: str
    kind: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class EntryNode:
    home: RepositoryNode
    entry: tree.TreeEntry
    path: str


@dataclass(frozen=True, slots=True)
class RangeNode:
    commit: CommitNode
    start: int
    end: int
    age: int


@dataclass(frozen=True, slots=True)
class PullNode:
    home: RepositoryNode
    pull: PullRequest


@dataclass(frozen=True, slots=True)
class Connection:
    """A page of a list; a cursor is the position in the whole list."""

    nodes: Sequence[object]
    start: int
    total: int

    @property
    def end(self) -> int:
        return self.start + len(self.nodes)


def type_name(value: object) -> str:
    """The object type behind an interface."""
    if isinstance(value, ObjectNode):
        return value.kind.capitalize()
    if isinstance(value, Account):
        return value.kind
    return {CommitNode: "Commit", RepositoryNode: "Repository"}[type(value)]


def window(
    total: int,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    before: str | None = None,
) -> tuple[int, int]:
    """(start, end) of the wanted part of a list of `total`; a page needs a size up to 100."""
    size = first if first is not None else last
    if size is None:
        raise GraphQLError(
            "You must provide a `first` or `last` value to properly paginate the connection.",
            extensions={"type": "MISSING_PAGINATION_BOUNDARIES"},
        )
    if not 0 <= size <= 100:  # noqa: PLR2004 - GitHub's largest page
        raise GraphQLError(
            f"Requesting {size} records exceeds the `first` limit of 100 records.",
            extensions={"type": "EXCESSIVE_PAGINATION"},
        )
    start = min(total, _position(after) + 1 if after else 0)
    end = min(total, _position(before) if before else total)
    if first is not None:
        return start, max(start, min(end, start + size))
    return max(start, end - size), max(start, end)


def _position(cursor: str) -> int:
    number = cursor.removeprefix("cursor ")
    if not number.isdigit() or not number.isascii() or len(number) > 9:  # noqa: PLR2004 - digits
        raise GraphQLError(
            f"`{cursor}` does not appear to be a valid cursor.",
            extensions={"type": "INVALID_CURSOR_ARGUMENTS"},
        )
    return int(number)
