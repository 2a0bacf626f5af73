"""What each field of the GraphQL schema answers.

A node is a small frozen value that knows its repository; `RESOLVERS` maps type and field to a
function of (node, info, **arguments). Argument names come in snake case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from graphql import GraphQLError, GraphQLResolveInfo

from forge_emulator import git
from forge_emulator.dialects.github.serialize import instant, login_of, node_id, user_number
from forge_emulator.diff import changes

if TYPE_CHECKING:
    from forge_emulator.dialects.github.call import Call
    from forge_emulator.diff import FileChange
    from forge_emulator.limits import Usage
    from forge_emulator.repositories import Repository
    from forge_emulator.store import PullRequest

Resolver: TypeAlias = Callable[..., object]
_TEXT_LIMIT = 512 * 1024
_OLDEST = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionContext:
    """One execution: its request, the state of the limit with this query's cost, and its text."""

    call: Call
    points: tuple[Usage, int] | None
    query: str
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
    entry: git.TreeEntry
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


def _context(info: GraphQLResolveInfo) -> ExecutionContext:
    context = info.context
    if not isinstance(context, ExecutionContext):
        raise TypeError("executed without a context")
    return context


def not_found(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"type": "NOT_FOUND"})


# Query


def resolve_repository(
    _root: object, info: GraphQLResolveInfo, owner: str, name: str, follow_renames: bool = True
) -> RepositoryNode:
    call = _context(info).call
    found = call.world.repositories.by_name(f"{owner}/{name}")
    if found is None or not call.sees(found):
        raise not_found(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
    return RepositoryNode(found)


def resolve_rate_limit(
    _root: object, info: GraphQLResolveInfo, dry_run: bool = False
) -> tuple[Usage, int] | None:
    return _context(info).points


def resolve_viewer(_root: object, info: GraphQLResolveInfo) -> Account:
    identity = _context(info).call.authenticated()
    return Account(identity.login)


# Repository


def resolve_object(
    node: RepositoryNode,
    info: GraphQLResolveInfo,
    expression: str | None = None,
    oid: str | None = None,
) -> CommitNode | ObjectNode | None:
    """A commit (`branch`, an id), or what stands at `revision:path`; null when there is none."""
    git_dir = node.found.git_dir
    if oid is not None:
        return _by_id(node, oid)
    revision, colon, path = (expression or "").partition(":")
    try:
        commit = git.resolve_commit(git_dir, revision)
    except git.GitError:
        return None if colon else _by_id(node, revision)
    if not colon:
        return CommitNode(node, git.read_commit(git_dir, commit))
    entry = git.entry_at(git_dir, commit, path.rstrip("/"))
    if entry is None or entry.type == "commit":
        return None
    return ObjectNode(node, entry.oid, entry.type, entry.path)


def _by_id(node: RepositoryNode, oid: str) -> CommitNode | ObjectNode | None:
    known = git.object_type(node.found.git_dir, oid)
    if known is None or known[1] == "tag":
        return None
    if known[1] == "commit":
        return CommitNode(node, git.read_commit(node.found.git_dir, known[0]))
    return ObjectNode(node, known[0], known[1])


def resolve_ref(
    node: RepositoryNode, _info: GraphQLResolveInfo, qualified_name: str
) -> RefNode | None:
    """A branch by its short or its whole name, or a tag; null when there is none."""
    whole = qualified_name.startswith("refs/")
    names = [qualified_name] if whole else [f"refs/{p}/{qualified_name}" for p in ("heads", "tags")]
    for name in names:
        target = git.ref_target(node.found.git_dir, name)
        if target is not None:
            return RefNode(node, name, target[0])
    return None


def resolve_default_branch(node: RepositoryNode, _info: GraphQLResolveInfo) -> RefNode | None:
    name = node.found.default_branch()
    known = {ref.name: ref.oid for ref in git.branches(node.found.git_dir)}
    return RefNode(node, f"refs/heads/{name}", known[name]) if name in known else None


def resolve_pushed_at(node: RepositoryNode, _info: GraphQLResolveInfo) -> str | None:
    newest = git.newest_time(node.found.git_dir)
    return None if newest is None else instant(newest)


def resolve_owner(node: RepositoryNode, info: GraphQLResolveInfo) -> Account:
    owner = node.found.hosted.owner
    mine = owner in _context(info).call.world.credentials.logins()
    return Account(owner, "User" if mine else "Organization")


def resolve_target(node: RefNode, _info: GraphQLResolveInfo) -> CommitNode | ObjectNode | None:
    """What the ref names; an annotated tag shows as the commit behind it."""
    git_dir = node.home.found.git_dir
    try:
        commit = git.resolve_commit(git_dir, node.qualified_name.removeprefix("refs/"))
    except git.GitError:
        return _by_id(node.home, node.oid)
    return CommitNode(node.home, git.read_commit(git_dir, commit))


# Commit


def resolve_user(node: Actor, info: GraphQLResolveInfo) -> Account | None:
    login = login_of(node.person.email, _context(info).call.world.users)
    return None if login is None else Account(login)


def resolve_blame(node: CommitNode, info: GraphQLResolveInfo, path: str) -> list[RangeNode]:
    """Ranges of a whole file; a path without a file is an error of type NOT_FOUND."""
    git_dir, oid = node.home.found.git_dir, node.commit.oid
    entry = git.entry_at(git_dir, oid, path) if path else None
    if entry is None or entry.type != "blob":
        raise not_found(f"Could not resolve file for path '{path}'.")
    ranges = _context(info).call.world.blame.get(git_dir, oid, path)
    oids = list(dict.fromkeys(found.oid for found in ranges))
    commits = dict(zip(oids, git.read_commits(git_dir, oids), strict=True))
    ages = _ages({oid: commit.committer.when for oid, commit in commits.items()})
    return [
        RangeNode(CommitNode(node.home, commits[f.oid]), f.start, f.end, ages[f.oid])
        for f in ranges
    ]


def _ages(times: Mapping[str, datetime]) -> dict[str, int]:
    """1 (newest) to 10 (oldest), by where a time lies between the file's newest and oldest.

    GitHub publishes the scale but not the formula; a file of one age is all new.
    """
    if not times:
        return {}
    newest, oldest = max(times.values()), min(times.values())
    span = (newest - oldest).total_seconds()
    if span == 0:
        return dict.fromkeys(times, 1)
    return {
        oid: 1 + round((_OLDEST - 1) * (newest - when).total_seconds() / span)
        for oid, when in times.items()
    }


def resolve_history(
    node: CommitNode,
    _info: GraphQLResolveInfo,
    path: str | None = None,
    since: str | None = None,
    until: str | None = None,
    **window: Any,
) -> Connection:
    """Commits from this one back, newest first."""
    git_dir, tip = node.home.found.git_dir, node.commit.oid
    where = path or ""
    if where and not git.is_path(where):
        return Connection((), 0, 0)
    low, high = _moment(since), _moment(until)
    total = git.count_commits(git_dir, tip, path=where, since=low, until=high)
    start, end = _window(total, **window)
    oids = git.list_commits(
        git_dir, tip, path=where, since=low, until=high, skip=start, limit=end - start
    )
    nodes = [CommitNode(node.home, commit) for commit in git.read_commits(git_dir, oids)]
    return Connection(nodes, start, total)


def resolve_parents(node: CommitNode, _info: GraphQLResolveInfo, **window: Any) -> Connection:
    oids = node.commit.parents
    start, end = _window(len(oids), **window)
    commits = git.read_commits(node.home.found.git_dir, oids[start:end])
    return Connection([CommitNode(node.home, commit) for commit in commits], start, len(oids))


def resolve_pulls(node: CommitNode, info: GraphQLResolveInfo, **window: Any) -> Connection:
    store = _context(info).call.world.store
    pulls = store.pulls_with(node.home.found.id, node.commit.oid)
    start, end = _window(len(pulls), **window)
    return Connection([PullNode(node.home, pull) for pull in pulls[start:end]], start, len(pulls))


def resolve_file(node: CommitNode, _info: GraphQLResolveInfo, path: str) -> EntryNode | None:
    entry = git.entry_at(node.home.found.git_dir, node.commit.oid, path)
    return None if entry is None or not entry.path else EntryNode(node.home, entry, entry.path)


def _diff(node: CommitNode, info: GraphQLResolveInfo) -> list[FileChange]:
    """The changes against the first parent, once for each execution."""
    known, key = _context(info).diffs, (node.home.found.id, node.commit.oid)
    if key not in known:
        before = node.commit.parents[0] if node.commit.parents else None
        known[key] = changes(node.home.found.git_dir, before, node.commit.oid)
    return known[key]


def _window(
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


def _moment(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError as error:
        raise GraphQLError(f"'{value}' is not a GitTimestamp.") from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)


# Blob and Tree


def _blob(node: ObjectNode) -> bytes:
    return git.read_blob(node.home.found.git_dir, node.oid)


def _is_binary(raw: bytes) -> bool:
    return b"\0" in raw[:8000]  # as git decides it


def resolve_text(node: ObjectNode, _info: GraphQLResolveInfo) -> str | None:
    raw = _blob(node)
    return None if _is_binary(raw) else git.text(raw[:_TEXT_LIMIT])


def resolve_entries(node: ObjectNode, _info: GraphQLResolveInfo) -> list[EntryNode]:
    prefix = f"{node.path}/" if node.path else ""
    entries = git.list_tree(node.home.found.git_dir, node.oid)
    return [EntryNode(node.home, entry, f"{prefix}{entry.path}") for entry in entries]


def resolve_entry_object(
    node: EntryNode, _info: GraphQLResolveInfo
) -> CommitNode | ObjectNode | None:
    """The blob or tree; null for a submodule, whose commit is elsewhere."""
    if node.entry.type == "commit":
        return None
    return ObjectNode(node.home, node.entry.oid, node.entry.type, node.path)


# the table


def _urls(info: GraphQLResolveInfo) -> str:
    return _context(info).call.urls.html


def _commit_path(node: Any) -> str:
    oid = node.commit.oid if isinstance(node, CommitNode) else node.oid
    return f"/{node.home.found.full_name}/commit/{oid}"


def _plain(get: Callable[[Any], object]) -> Resolver:
    """A field that needs the node alone."""
    return lambda node, _info: get(node)


def _git_object(oid: Callable[[Any], str], kind: str) -> dict[str, Resolver]:
    """The fields that every git object has."""
    return {
        "abbreviatedOid": _plain(lambda node: oid(node)[:7]),
        "commitResourcePath": _plain(_commit_path),
        "commitUrl": lambda node, info: f"{_urls(info)}{_commit_path(node)}",
        "id": _plain(lambda node: node_id(kind, node.home.found.id, oid(node))),
        "oid": _plain(oid),
        "repository": _plain(lambda node: node.home),
    }


def _account(kind: str) -> dict[str, Resolver]:
    return {
        "databaseId": _plain(lambda node: user_number(node.login)),
        "id": _plain(lambda node: node_id(kind, user_number(node.login))),
        "login": _plain(lambda node: node.login),
        "name": _plain(lambda _node: None),
        "url": lambda node, info: f"{_urls(info)}/{node.login}",
    }


def _connection() -> dict[str, Resolver]:
    return {
        "edges": _plain(lambda page: list(enumerate(page.nodes, page.start))),
        "nodes": _plain(lambda page: page.nodes),
        "pageInfo": _plain(lambda page: page),
        "totalCount": _plain(lambda page: page.total),
    }


def _edge() -> dict[str, Resolver]:
    return {
        "cursor": _plain(lambda edge: f"cursor {edge[0]}"),
        "node": _plain(lambda edge: edge[1]),
    }


def _hosted(get: Callable[[Any], object]) -> Resolver:
    return _plain(lambda node: get(node.found.hosted))


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Query": {
        "repository": resolve_repository,
        "rateLimit": resolve_rate_limit,
        "viewer": resolve_viewer,
    },
    "User": _account("User"),
    "Organization": _account("Organization"),
    "Repository": {
        "createdAt": _hosted(lambda hosted: instant(hosted.created_at)),
        "databaseId": _hosted(lambda hosted: hosted.id),
        "defaultBranchRef": resolve_default_branch,
        "description": _hosted(lambda hosted: hosted.description or None),
        "id": _hosted(lambda hosted: node_id("Repository", hosted.id)),
        "isArchived": _hosted(lambda hosted: hosted.archived),
        "isEmpty": _plain(lambda node: not git.branches(node.found.git_dir)),
        "isPrivate": _hosted(lambda hosted: hosted.private),
        "name": _hosted(lambda hosted: hosted.name),
        "nameWithOwner": _hosted(lambda hosted: hosted.full_name),
        "object": resolve_object,
        "owner": resolve_owner,
        "pushedAt": resolve_pushed_at,
        "ref": resolve_ref,
        "url": lambda node, info: f"{_urls(info)}/{node.found.full_name}",
    },
    "Ref": {
        "id": _plain(lambda node: node_id("Ref", node.home.found.id, node.qualified_name)),
        "name": _plain(lambda node: node.qualified_name.split("/", 2)[2]),
        "prefix": _plain(lambda node: "/".join(node.qualified_name.split("/", 2)[:2]) + "/"),
        "repository": _plain(lambda node: node.home),
        "target": resolve_target,
    },
    "GitActor": {
        "date": _plain(lambda node: node.person.when.isoformat()),
        "email": _plain(lambda node: node.person.email),
        "name": _plain(lambda node: node.person.name),
        "user": resolve_user,
    },
    "Commit": {
        **_git_object(lambda node: node.commit.oid, "Commit"),
        "additions": lambda node, info: sum(change.additions for change in _diff(node, info)),
        "associatedPullRequests": resolve_pulls,
        "author": _plain(lambda node: Actor(node.commit.author)),
        "authoredDate": _plain(lambda node: instant(node.commit.author.when)),
        "blame": resolve_blame,
        "changedFilesIfAvailable": lambda node, info: len(_diff(node, info)),
        "committedDate": _plain(lambda node: instant(node.commit.committer.when)),
        "committer": _plain(lambda node: Actor(node.commit.committer)),
        "deletions": lambda node, info: sum(change.deletions for change in _diff(node, info)),
        "file": resolve_file,
        "history": resolve_history,
        "message": _plain(lambda node: node.commit.message),
        "messageBody": _plain(lambda node: node.commit.message.partition("\n")[2].strip("\n")),
        "messageHeadline": _plain(lambda node: node.commit.message.partition("\n")[0]),
        "parents": resolve_parents,
        "tree": _plain(lambda node: ObjectNode(node.home, node.commit.tree, "tree")),
        "url": lambda node, info: f"{_urls(info)}{_commit_path(node)}",
    },
    "Blame": {"ranges": _plain(lambda ranges: ranges)},
    "BlameRange": {
        "age": _plain(lambda node: node.age),
        "commit": _plain(lambda node: node.commit),
        "endingLine": _plain(lambda node: node.end),
        "startingLine": _plain(lambda node: node.start),
    },
    "Blob": {
        **_git_object(lambda node: node.oid, "Blob"),
        "byteSize": _plain(lambda node: len(_blob(node))),
        "isBinary": _plain(lambda node: _is_binary(_blob(node))),
        "isTruncated": _plain(lambda node: len(_blob(node)) > _TEXT_LIMIT),
        "text": resolve_text,
    },
    "Tree": {**_git_object(lambda node: node.oid, "Tree"), "entries": resolve_entries},
    "TreeEntry": {
        "mode": _plain(lambda node: int(node.entry.mode, 8)),
        "name": _plain(lambda node: node.entry.name),
        "object": resolve_entry_object,
        "oid": _plain(lambda node: node.entry.oid),
        "path": _plain(lambda node: node.path),
        "repository": _plain(lambda node: node.home),
        "size": _plain(lambda node: node.entry.size or 0),
        "type": _plain(lambda node: node.entry.type),
    },
    "PageInfo": {
        "endCursor": _plain(lambda page: f"cursor {page.end - 1}" if page.nodes else None),
        "hasNextPage": _plain(lambda page: page.end < page.total),
        "hasPreviousPage": _plain(lambda page: page.start > 0),
        "startCursor": _plain(lambda page: f"cursor {page.start}" if page.nodes else None),
    },
    "CommitEdge": _edge(),
    "CommitConnection": _connection(),
    "CommitHistoryConnection": _connection(),
    "PullRequest": {
        "baseRefName": _plain(lambda node: node.pull.base),
        "body": _plain(lambda node: node.pull.body),
        "createdAt": _plain(lambda node: instant(node.pull.created_at)),
        "databaseId": _plain(lambda node: node.pull.id),
        "headRefName": _plain(lambda node: node.pull.head),
        "id": _plain(lambda node: node_id("PullRequest", node.pull.id)),
        "mergeCommit": _plain(
            lambda node: node.pull.merge_commit and _by_id(node.home, node.pull.merge_commit)
        ),
        "merged": _plain(lambda node: node.pull.merged_at is not None),
        "mergedAt": _plain(lambda node: node.pull.merged_at and instant(node.pull.merged_at)),
        "number": _plain(lambda node: node.pull.number),
        "state": _plain(lambda node: "OPEN" if node.pull.merged_at is None else "MERGED"),
        "title": _plain(lambda node: node.pull.title),
        "url": lambda node, info: (
            f"{_urls(info)}/{node.home.found.full_name}/pull/{node.pull.number}"
        ),
    },
    "PullRequestEdge": _edge(),
    "PullRequestConnection": _connection(),
    "RateLimit": {
        "cost": _plain(lambda points: points[1]),
        "limit": _plain(lambda points: points[0].limit),
        "nodeCount": _plain(lambda _points: 0),
        "remaining": _plain(lambda points: points[0].remaining),
        "resetAt": _plain(lambda points: instant(points[0].reset)),
        "used": _plain(lambda points: points[0].used),
    },
}
