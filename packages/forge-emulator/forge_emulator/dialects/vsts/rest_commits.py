"""Commits, comparisons and refs."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from forge_emulator import git, tree
from forge_emulator.dialects.vsts import serialize
from forge_emulator.dialects.vsts.call import commit_of, described, number, project_of
from forge_emulator.dialects.vsts.errors import bad_argument, no_item
from forge_emulator.dialects.vsts.rest_projects import REPOSITORIES
from forge_emulator.diff import changes
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from forge_emulator.dialects.vsts.call import Call
    from forge_emulator.diff import FileChange
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

_USUAL_PAGE = 100
_MOST_REFS = 1000
_SUBMODULE = "160000"
_WORDS = {
    "added": "add",
    "removed": "delete",
    "modified": "edit",
    "changed": "edit",
    "copied": "add",
}


def _shown(call: Call, found: Repository, oids: Sequence[str]) -> list[JsonObject]:
    owner = project_of(found)
    return [
        serialize.listed_commit(call.root, found, owner, commit)
        for commit in git.read_commits(found.git_dir, oids)
    ]


def list_commits(call: Call, project: str, repo: str) -> Response:
    """The history of a version, newest first, perhaps only of an item; no total, no token."""
    found = call.repository(project, repo)
    arguments = call.request.args
    tip = commit_of(found, *described(arguments, "searchCriteria.itemVersion."))
    path = arguments.get("searchCriteria.itemPath", "").strip("/")
    if path and not tree.is_path(path):
        raise no_item(path)
    oids = git.list_commits(
        found.git_dir, tip, path=path,
        skip=call.number("searchCriteria.$skip", 0),
        limit=call.number("searchCriteria.$top", _USUAL_PAGE),
    )  # fmt: skip
    if path and not git.list_commits(found.git_dir, tip, path=path, limit=1):
        raise no_item(path)
    return call.listed(_shown(call, found, oids))


def commits_batch(call: Call, project: str, repo: str) -> Response:
    """What `compareVersion` has that `itemVersion` has not, newest first."""
    found = call.repository(project, repo)
    body = call.body()
    base, head = (
        commit_of(found, *described(_object(body, name), ""))
        for name in ("itemVersion", "compareVersion")
    )
    skip = call.number("$skip", number(body, "$skip", 0))
    top = call.number("$top", number(body, "$top", _USUAL_PAGE))
    oids = git.commits_between(found.git_dir, base, head)[::-1]
    return call.listed(_shown(call, found, oids[skip : skip + top]))


def _object(body: Mapping[str, object], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise bad_argument(f"{name} is missing.")
    return dict(value)


def get_commit(call: Call, project: str, repo: str, commit_id: str) -> Response:
    found = call.repository(project, repo)
    oid = commit_of(found, "commit", commit_id)
    owner = project_of(found)
    return call.answer(
        serialize.commit(call.root, found, owner, git.read_commit(found.git_dir, oid))
    )


def get_changes(call: Call, project: str, repo: str, commit_id: str) -> Response:
    """What a commit changed against its first parent, folders among the files."""
    found = call.repository(project, repo)
    oid = commit_of(found, "commit", commit_id)
    parents = git.read_commit(found.git_dir, oid).parents
    every = _changes(call, found, parents[0] if parents else None, oid)
    skip, top = call.number("skip", 0), call.number("top", _USUAL_PAGE)
    return call.answer({"changeCounts": _counts(every), "changes": list(every[skip : skip + top])})


def diff_commits(call: Call, project: str, repo: str) -> Response:
    """What the target changed since the base, or since what both have in common."""
    found = call.repository(project, repo)
    arguments = call.request.args
    base, target = (
        commit_of(found, arguments.get(f"{side}Type", "branch"), arguments.get(side, ""))
        for side in ("baseVersion", "targetVersion")
    )
    common = git.merge_base(found.git_dir, base, target)
    before = common if call.flag("diffCommonCommit") else base
    every = [] if before is None else _changes(call, found, before, target)
    skip, top = call.number("$skip", 0), call.number("$top", _USUAL_PAGE)
    return call.answer(
        {
            "allChangesIncluded": skip + top >= len(every),
            "changeCounts": _counts(every),
            "changes": list(every[skip : skip + top]),
            "commonCommit": common,
            "baseCommit": before or base,
            "targetCommit": target,
            "aheadCount": len(git.commits_between(found.git_dir, base, target)),
            "behindCount": len(git.commits_between(found.git_dir, target, base)),
        }
    )


def _counts(every: Sequence[JsonObject]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in every:
        word = str(each["changeType"]).partition(",")[0].capitalize()
        counts[word] = counts.get(word, 0) + 1
    return counts


def _changes(call: Call, found: Repository, before: str | None, after: str) -> list[JsonObject]:
    files = changes(found.git_dir, before, after)
    folders = {folder for file in files for folder in _folders(file.path)}
    listed = [
        *(_change(call, found, after, folder, "edit", kind="tree") for folder in folders),
        *(change for file in files for change in _file(call, found, after, file)),
    ]
    return sorted(listed, key=lambda change: str(change["item"]["path"]))  # type: ignore[call-overload,index]


def _folders(path: str) -> list[str]:
    """Every folder above a path, which the host lists as changed too."""
    above, found = posixpath.dirname(path), []
    while above:
        found.append(above)
        above = posixpath.dirname(above)
    return found


def _file(call: Call, found: Repository, after: str, file: FileChange) -> list[JsonObject]:
    """A change of a file; one that moved is told at both of its places."""
    if file.status != "renamed" or file.previous_path is None:
        kind = "commit" if _SUBMODULE in file.modes else "blob"
        word = _WORDS[file.status]
        return [_change(call, found, after, file.path, word, oid=file.oid, kind=kind)]
    moved = "edit, rename" if file.patch else "rename"
    here = _change(call, found, after, file.path, moved, oid=file.oid)
    there = _change(call, found, after, file.previous_path, "delete, sourceRename", oid=file.oid)
    return [here | {"sourceServerItem": f"/{file.previous_path}"}, there]


def _change(
    call: Call,
    found: Repository,
    commit_id: str,
    path: str,
    word: str,
    *,
    oid: str = "",
    kind: str = "blob",
) -> JsonObject:
    entry = tree.TreeEntry(mode="100644", type=kind, oid=oid, size=None, path=path)
    owner = project_of(found)
    shown = serialize.item(call.root, found, owner, commit_id, entry)
    return {"item": shown, "changeType": word}


def list_refs(call: Call, project: str, repo: str) -> Response:
    """Branches and tags by name; where more follow, a header holds the token to ask with."""
    found = call.repository(project, repo)
    arguments = call.request.args
    prefix = f"refs/{arguments.get('filter', '')}"
    part = arguments.get("filterContains", "")
    chosen = [
        (name, oid)
        for name, oid in sorted(git.all_refs(found.git_dir).items())
        if name.startswith(prefix) and part in name
    ]
    size = min(call.number("$top", _USUAL_PAGE), _MOST_REFS, call.world.page_size_cap)
    after = arguments.get("continuationToken", "")
    if "$top" not in arguments and not after:
        size = len(chosen)
    rest = [pair for pair in chosen if pair[0] > after]
    shown = [_ref(call, found, *pair) for pair in rest[:size]]
    return call.listed(shown, token=rest[size - 1][0] if 0 < size < len(rest) else "")


def _ref(call: Call, found: Repository, name: str, oid: str) -> JsonObject:
    owner = project_of(found)
    short = serialize.quoted(name.removeprefix("refs/"))
    return {
        "name": name,
        "objectId": oid,
        "creator": serialize.identity("dora@example.com"),
        "url": f"{serialize.api_url(call.root, found, owner)}/refs?filter={short}",
    }


_ONE = f"{REPOSITORIES}/<repo>"

ROUTES = [
    Route("GET", f"{_ONE}/commits", list_commits, "vso.code"),
    Route("GET", f"{_ONE}/commits/<commit_id>", get_commit, "vso.code"),
    Route("GET", f"{_ONE}/commits/<commit_id>/changes", get_changes, "vso.code"),
    Route("POST", f"{_ONE}/commitsbatch", commits_batch, "vso.code"),
    Route("GET", f"{_ONE}/diffs/commits", diff_commits, "vso.code"),
    Route("GET", f"{_ONE}/refs", list_refs, "vso.code"),
]
