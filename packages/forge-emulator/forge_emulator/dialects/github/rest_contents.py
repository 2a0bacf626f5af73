"""What stands in a commit: files, directories, trees and blobs."""

from __future__ import annotations

import base64
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import git, tree
from forge_emulator.dialects.github import serialize, serialize_contents
from forge_emulator.dialects.github.errors import ApiError, not_found
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from forge_emulator.dialects.github.call import Call
    from forge_emulator.repositories import Repository
    from forge_emulator.tree import TreeEntry

_RAW = ("application/vnd.github.raw", "application/vnd.github.v3.raw")
_LARGEST_IN_JSON = 1024 * 1024
_LARGEST = 100 * 1024 * 1024
_LONGEST_LISTING = 1000
_SYMLINK = "120000"


def get_contents(call: Call, owner: str, repo: str, path: str = "") -> Response:
    """A file or a directory at `ref` (the default branch without it)."""
    found = call.repository(owner, repo)
    ref = call.request.args.get("ref") or found.default_branch()
    commit = _commit_at(found, ref)
    entry = tree.entry_at(found.git_dir, commit, path.rstrip("/"))
    if entry is None:
        raise not_found()
    if entry.type == "tree":
        children = tree.list_tree(found.git_dir, entry.oid)[:_LONGEST_LISTING]
        listed = [_below(entry, child) for child in children]
        return call.answer(
            [serialize_contents.entry(call.urls, found, ref, child) for child in listed]
        )
    if entry.type == "commit":
        return call.answer(serialize_contents.submodule(call.urls, found, ref, entry))
    return _file(call, found, ref, entry, _followed(found, commit, entry))


def _commit_at(found: Repository, ref: str) -> str:
    try:
        return git.resolve_commit(found.git_dir, ref)
    except git.RevisionError as error:
        if not git.branches(found.git_dir):
            raise ApiError(404, "This repository is empty.") from error
        raise ApiError(404, f"No commit found for the ref {ref}") from error


def _below(parent: TreeEntry, child: TreeEntry) -> TreeEntry:
    """The entry of a tree with its whole path."""
    path = f"{parent.path}/{child.path}" if parent.path else child.path
    return tree.TreeEntry(
        mode=child.mode, type=child.type, oid=child.oid, size=child.size, path=path
    )


def _followed(found: Repository, commit: str, entry: TreeEntry) -> TreeEntry:
    """The file that a symbolic link points to inside the repository, or the link itself."""
    if entry.mode != _SYMLINK:
        return entry
    target = git.text(tree.read_blob(found.git_dir, entry.oid))
    path = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), target))
    aim = tree.entry_at(found.git_dir, commit, path)
    return aim if aim is not None and aim.type == "blob" and aim.mode != _SYMLINK else entry


def _file(
    call: Call, found: Repository, ref: str, entry: TreeEntry, followed: TreeEntry
) -> Response:
    """An entry, with the size and the content of the file that it leads to."""
    size = followed.size or 0
    if size > _LARGEST:
        message = "This API returns blobs up to 100 MB in size."
        error = {"resource": "Blob", "field": "data", "code": "too_large"}
        raise ApiError(403, message, errors=[error])
    if _wants_raw(call):
        return _raw(tree.read_blob(found.git_dir, followed.oid))
    if followed.mode == _SYMLINK:
        target = git.text(tree.read_blob(found.git_dir, entry.oid))
        return call.answer(serialize_contents.symlink(call.urls, found, ref, entry, target))
    fits = size <= _LARGEST_IN_JSON
    content = tree.read_blob(found.git_dir, followed.oid) if fits else None
    sized = replace(entry, size=size)
    return call.answer(serialize_contents.file(call.urls, found, ref, sized, content))


def _wants_raw(call: Call) -> bool:
    return call.request.headers.get("Accept", "").startswith(_RAW)


def _raw(content: bytes) -> Response:
    response = Response(content, content_type="application/vnd.github.raw+json; charset=utf-8")
    response.headers["x-github-media-type"] = "github.v3; param=raw"
    return response


def get_tree(call: Call, owner: str, repo: str, tree_sha: str) -> Response:
    """A tree by its id, or that of a commit or branch; `truncated` where it is too long."""
    found = call.repository(owner, repo)
    oid = _tree_id(found, tree_sha)
    recursive = "recursive" in call.request.args
    entries = tree.list_tree(found.git_dir, oid, recursive=recursive)
    limit = call.world.tree_limit
    shown = serialize.tree(call.urls, found, oid, entries[:limit], truncated=len(entries) > limit)
    return call.answer(shown)


def _tree_id(found: Repository, name: str) -> str:
    known = git.object_type(found.git_dir, name) if git.is_full_id(name) else None
    if known is not None and known[1] == "tree":
        return known[0]
    try:
        commit = git.resolve_commit(found.git_dir, name)
    except git.RevisionError as error:
        raise ApiError(404 if git.branches(found.git_dir) else 409) from error
    return git.read_commit(found.git_dir, commit).tree


def get_blob(call: Call, owner: str, repo: str, file_sha: str) -> Response:
    found = call.repository(owner, repo)
    known = git.object_type(found.git_dir, file_sha) if git.is_full_id(file_sha) else None
    if known is None or known[1] != "blob":
        raise not_found()
    raw = tree.read_blob(found.git_dir, known[0])
    if _wants_raw(call):
        return _raw(raw)
    return call.answer(
        {
            "sha": known[0],
            "node_id": serialize.node_id("Blob", found.id, known[0]),
            "size": len(raw),
            "url": f"{call.urls.repository(found)}/git/blobs/{known[0]}",
            "content": base64.encodebytes(raw).decode(),
            "encoding": "base64",
        }
    )


ROUTES = [
    Route("GET", "/repos/<owner>/<repo>/contents", get_contents),
    Route("GET", "/repos/<owner>/<repo>/contents/<path:path>", get_contents),
    Route("GET", "/repos/<owner>/<repo>/git/trees/<path:tree_sha>", get_tree),
    Route("GET", "/repos/<owner>/<repo>/git/blobs/<file_sha>", get_blob),
]
