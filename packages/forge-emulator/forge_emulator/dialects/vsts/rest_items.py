"""Files and folders as of a version."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import git, tree
from forge_emulator.dialects.vsts import serialize
from forge_emulator.dialects.vsts.call import commit_of, described, project_of
from forge_emulator.dialects.vsts.errors import ApiError, bad_argument, no_item
from forge_emulator.dialects.vsts.rest_projects import REPOSITORIES
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from forge_emulator.dialects.vsts.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.tree import TreeEntry

_LEVELS = {"none", "onelevel", "onelevelplusnestedemptyfolders", "full"}
_OCTETS = "application/octet-stream"


def items(call: Call, project: str, repo: str) -> Response:
    """One item by `path`, as bytes or JSON; or what lies below `scopePath`."""
    found = call.repository(project, repo)
    commit = commit_of(found, *described(call.request.args, "versionDescriptor."))
    path = call.request.args.get("path")
    if path is None:
        return _below(call, found, commit)
    entry = _entry(found, commit, path)
    if _wants_bytes(call):
        return _bytes(found, entry)
    owner = project_of(found)
    value = serialize.item(call.root, found, owner, commit, entry)
    if call.flag("includeContent") and entry.type == "blob":
        value["content"] = git.text(tree.read_blob(found.git_dir, entry.oid))
    return call.answer(value)


def _entry(found: Repository, commit: str, path: str) -> TreeEntry:
    """What stands at a path; a backslash separates folders too. Raises `ApiError` 404."""
    entry = tree.entry_at(found.git_dir, commit, path.replace("\\", "/").strip("/"))
    if entry is None:
        raise no_item(path)
    return entry


def _wants_bytes(call: Call) -> bool:
    wanted = call.request.args.get("$format", "").lower()
    if wanted:
        return wanted == "octetstream"
    return call.request.headers.get("Accept", "").startswith(_OCTETS)


def _bytes(found: Repository, entry: TreeEntry) -> Response:
    if entry.type != "blob":
        kind = entry.type.capitalize()
        message = f"Expected a Blob, but objectId {entry.oid} resolved to a {kind}."
        raise ApiError(400, message, key="GitUnexpectedObjectTypeException")
    return Response(tree.read_blob(found.git_dir, entry.oid), content_type=_OCTETS)


def _below(call: Call, found: Repository, commit: str) -> Response:
    scope = call.request.args.get("scopePath", "/")
    level = call.request.args.get("recursionLevel", "none").lower()
    if level not in _LEVELS:
        raise bad_argument(f"'{level}' is no level of recursion.")
    entry = _entry(found, commit, scope)
    owner = project_of(found)
    shown: list[JsonObject] = [
        serialize.item(call.root, found, owner, commit, each)
        for each in [entry, *_children(found, entry, level)]
    ]
    return call.listed(shown)


def _children(found: Repository, entry: TreeEntry, level: str) -> list[TreeEntry]:
    if entry.type != "tree" or level == "none":
        return []
    below = tree.list_tree(found.git_dir, entry.oid, recursive=level == "full")
    above = f"{entry.path}/" if entry.path else ""
    return [replace(each, path=above + each.path) for each in below]


def get_blob(call: Call, project: str, repo: str, sha1: str) -> Response:
    """What is known of a file's content, by its id."""
    found = call.repository(project, repo)
    known = git.object_type(found.git_dir, sha1) if git.is_full_id(sha1) else None
    if known is None or known[1] != "blob":
        raise no_item(sha1)
    owner = project_of(found)
    return call.answer(
        {
            "objectId": known[0],
            "size": len(tree.read_blob(found.git_dir, known[0])),
            "url": f"{serialize.api_url(call.root, found, owner)}/blobs/{known[0]}",
        }
    )


ROUTES = [
    Route("GET", f"{REPOSITORIES}/<repo>/items", items, "vso.code"),
    Route("GET", f"{REPOSITORIES}/<repo>/blobs/<sha1>", get_blob, "vso.code"),
]
