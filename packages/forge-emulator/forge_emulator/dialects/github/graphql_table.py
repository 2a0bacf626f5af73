"""The table from type and field of the GraphQL schema to what answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from forge_emulator import git
from forge_emulator.dialects.github.graphql_nodes import Actor, CommitNode, ObjectNode
from forge_emulator.dialects.github.graphql_resolvers import (
    TEXT_LIMIT,
    blob,
    by_id,
    diff,
    is_binary,
    resolve_blame,
    resolve_default_branch,
    resolve_entries,
    resolve_entry_object,
    resolve_file,
    resolve_history,
    resolve_object,
    resolve_owner,
    resolve_parents,
    resolve_pulls,
    resolve_pushed_at,
    resolve_rate_limit,
    resolve_ref,
    resolve_repository,
    resolve_target,
    resolve_text,
    resolve_user,
    resolve_viewer,
)
from forge_emulator.dialects.github.serialize import instant, node_id, user_number

if TYPE_CHECKING:
    from forge_emulator.dialects.github.graphql_resolvers import Info

Resolver: TypeAlias = Callable[..., object]


def _urls(info: Info) -> str:
    return info.context.call.urls.html


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
        "additions": lambda node, info: sum(change.additions for change in diff(node, info)),
        "associatedPullRequests": resolve_pulls,
        "author": _plain(lambda node: Actor(node.commit.author)),
        "authoredDate": _plain(lambda node: instant(node.commit.author.when)),
        "blame": resolve_blame,
        "changedFilesIfAvailable": lambda node, info: len(diff(node, info)),
        "committedDate": _plain(lambda node: instant(node.commit.committer.when)),
        "committer": _plain(lambda node: Actor(node.commit.committer)),
        "deletions": lambda node, info: sum(change.deletions for change in diff(node, info)),
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
        "byteSize": _plain(lambda node: len(blob(node))),
        "isBinary": _plain(lambda node: is_binary(blob(node))),
        "isTruncated": _plain(lambda node: len(blob(node)) > TEXT_LIMIT),
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
            lambda node: node.pull.merge_commit and by_id(node.home, node.pull.merge_commit)
        ),
        "merged": _plain(lambda node: node.pull.merged_at is not None),
        "mergedAt": _plain(lambda node: node.pull.merged_at and instant(node.pull.merged_at)),
        "number": _plain(lambda node: node.pull.number),
        "state": _plain(lambda node: "MERGED" if node.pull.merged_at else node.pull.state.upper()),
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
