"""What each field of the GraphQL schema that asks git or the store answers.

A resolver is a function of (node, info, **arguments); argument names come in snake case.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from graphql import GraphQLError

from forge_emulator import git, tree
from forge_emulator.dialects.github.graphql_nodes import (
    Account,
    Actor,
    CommitNode,
    Connection,
    EntryNode,
    ObjectNode,
    PullNode,
    RangeNode,
    RefNode,
    RepositoryNode,
    window,
)
from forge_emulator.dialects.github.serialize import instant, login_of
from forge_emulator.diff import changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import GraphQLResolveInfo

    from forge_emulator.dialects.github.graphql_nodes import ExecutionContext
    from forge_emulator.diff import FileChange
    from forge_emulator.limits import Usage

    Info: TypeAlias = GraphQLResolveInfo[ExecutionContext]

TEXT_LIMIT = 512 * 1024
_OLDEST = 10


def not_found(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"type": "NOT_FOUND"})


# Query


def resolve_repository(
    _root: object, info: Info, owner: str, name: str, *, follow_renames: bool = True
) -> RepositoryNode:
    """The repository that has this name, or had it last."""
    call, full_name = info.context.call, f"{owner}/{name}"
    found = call.world.repositories.by_name(full_name)
    if found is None and follow_renames:
        found = call.world.repositories.by_former_name(full_name)
    if found is None or not call.sees(found):
        raise not_found(f"Could not resolve to a Repository with the name '{full_name}'.")
    return RepositoryNode(found)


def resolve_rate_limit(_root: object, info: Info, **_dry_run: bool) -> tuple[Usage, int] | None:
    return info.context.points


def resolve_viewer(_root: object, info: Info) -> Account:
    identity = info.context.call.authenticated()
    return Account(identity.login)


# Repository


def resolve_object(
    node: RepositoryNode,
    _info: Info,
    expression: str | None = None,
    oid: str | None = None,
) -> CommitNode | ObjectNode | None:
    """A commit (`branch`, an id), or what stands at `revision:path`; null when there is none."""
    git_dir = node.found.git_dir
    if oid is not None:
        return by_id(node, oid)
    revision, colon, path = (expression or "").partition(":")
    try:
        commit = git.resolve_commit(git_dir, revision)
    except git.RevisionError:
        return None if colon else by_id(node, revision)
    if not colon:
        return CommitNode(node, git.read_commit(git_dir, commit))
    entry = tree.entry_at(git_dir, commit, path.rstrip("/"))
    if entry is None or entry.type == "commit":
        return None
    return ObjectNode(node, entry.oid, entry.type, entry.path)


def by_id(node: RepositoryNode, oid: str) -> CommitNode | ObjectNode | None:
    known = git.object_type(node.found.git_dir, oid)
    if known is None or known[1] == "tag":
        return None
    if known[1] == "commit":
        return CommitNode(node, git.read_commit(node.found.git_dir, known[0]))
    return ObjectNode(node, known[0], known[1])


def resolve_ref(node: RepositoryNode, _info: Info, qualified_name: str) -> RefNode | None:
    """A branch by its short or its whole name, or a tag; null when there is none."""
    whole = qualified_name.startswith("refs/")
    names = [qualified_name] if whole else [f"refs/{p}/{qualified_name}" for p in ("heads", "tags")]
    for name in names:
        target = git.ref_target(node.found.git_dir, name)
        if target is not None:
            return RefNode(node, name, target[0])
    return None


def resolve_default_branch(node: RepositoryNode, _info: Info) -> RefNode | None:
    name = node.found.default_branch()
    known = {ref.name: ref.oid for ref in git.branches(node.found.git_dir)}
    return RefNode(node, f"refs/heads/{name}", known[name]) if name in known else None


def resolve_pushed_at(node: RepositoryNode, _info: Info) -> str | None:
    newest = git.newest_time(node.found.git_dir)
    return None if newest is None else instant(newest)


def resolve_owner(node: RepositoryNode, info: Info) -> Account:
    owner = node.found.hosted.owner
    mine = owner in info.context.call.world.credentials.logins()
    return Account(owner, "User" if mine else "Organization")


def resolve_target(node: RefNode, _info: Info) -> CommitNode | ObjectNode | None:
    """What the ref names; an annotated tag shows as the commit behind it."""
    git_dir = node.home.found.git_dir
    try:
        commit = git.resolve_commit(git_dir, node.qualified_name.removeprefix("refs/"))
    except git.RevisionError:
        return by_id(node.home, node.oid)
    return CommitNode(node.home, git.read_commit(git_dir, commit))


# Commit


def resolve_user(node: Actor, info: Info) -> Account | None:
    login = login_of(node.person.email, info.context.call.world.users)
    return None if login is None else Account(login)


def resolve_blame(node: CommitNode, info: Info, path: str) -> list[RangeNode]:
    """Ranges of a whole file; a path without a file is an error of type NOT_FOUND."""
    git_dir, oid = node.home.found.git_dir, node.commit.oid
    entry = tree.entry_at(git_dir, oid, path) if path else None
    if entry is None or entry.type != "blob":
        raise not_found(f"Could not resolve file for path '{path}'.")
    ranges = info.context.call.world.blame.get(git_dir, oid, path)
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
    _info: Info,
    path: str | None = None,
    since: str | None = None,
    until: str | None = None,
    **place: Any,
) -> Connection:
    """Commits from this one back, newest first."""
    git_dir, tip = node.home.found.git_dir, node.commit.oid
    where = path or ""
    if where and not tree.is_path(where):
        return Connection((), 0, 0)
    low, high = _moment(since), _moment(until)
    total = git.count_commits(git_dir, tip, path=where, since=low, until=high)
    start, end = window(total, **place)
    oids = git.list_commits(
        git_dir, tip, path=where, since=low, until=high, skip=start, limit=end - start
    )
    nodes = [CommitNode(node.home, commit) for commit in git.read_commits(git_dir, oids)]
    return Connection(nodes, start, total)


def resolve_parents(node: CommitNode, _info: Info, **place: Any) -> Connection:
    oids = node.commit.parents
    start, end = window(len(oids), **place)
    commits = git.read_commits(node.home.found.git_dir, oids[start:end])
    return Connection([CommitNode(node.home, commit) for commit in commits], start, len(oids))


def resolve_pulls(node: CommitNode, info: Info, **place: Any) -> Connection:
    store = info.context.call.world.store
    pulls = store.pulls_with(node.home.found.id, node.commit.oid)
    start, end = window(len(pulls), **place)
    return Connection([PullNode(node.home, pull) for pull in pulls[start:end]], start, len(pulls))


def resolve_file(node: CommitNode, _info: Info, path: str) -> EntryNode | None:
    entry = tree.entry_at(node.home.found.git_dir, node.commit.oid, path)
    return None if entry is None or not entry.path else EntryNode(node.home, entry, entry.path)


def diff(node: CommitNode, info: Info) -> list[FileChange]:
    """The changes against the first parent, once for each execution."""
    known, key = info.context.diffs, (node.home.found.id, node.commit.oid)
    if key not in known:
        before = node.commit.parents[0] if node.commit.parents else None
        known[key] = changes(node.home.found.git_dir, before, node.commit.oid)
    return known[key]


# Blob and Tree


def blob(node: ObjectNode) -> bytes:
    return tree.read_blob(node.home.found.git_dir, node.oid)


def is_binary(raw: bytes) -> bool:
    return b"\0" in raw[:8000]  # as git decides it


def resolve_text(node: ObjectNode, _info: Info) -> str | None:
    raw = blob(node)
    return None if is_binary(raw) else git.text(raw[:TEXT_LIMIT])


def resolve_entries(node: ObjectNode, _info: Info) -> list[EntryNode]:
    prefix = f"{node.path}/" if node.path else ""
    entries = tree.list_tree(node.home.found.git_dir, node.oid)
    return [EntryNode(node.home, entry, f"{prefix}{entry.path}") for entry in entries]


def resolve_entry_object(node: EntryNode, _info: Info) -> CommitNode | ObjectNode | None:
    """The blob or tree; null for a submodule, whose commit is elsewhere."""
    if node.entry.type == "commit":
        return None
    return ObjectNode(node.home, node.entry.oid, node.entry.type, node.path)


def _moment(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError as error:
        raise GraphQLError(f"'{value}' is not a GitTimestamp.") from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)
