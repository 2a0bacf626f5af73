"""Files and folders as of a commit."""

from __future__ import annotations

import hashlib
import mimetypes
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import git, tree
from forge_emulator.dialects.bitbucket import serialize_files
from forge_emulator.dialects.bitbucket.errors import TIMED_OUT, ApiError, no_commit, no_file
from forge_emulator.dialects.bitbucket.paging import link, page_length, unnumbered
from forge_emulator.dialects.bitbucket.places import Place
from forge_emulator.dialects.bitbucket.routes import REPOSITORY, route

if TYPE_CHECKING:
    from forge_emulator.dialects.bitbucket.call import Call
    from forge_emulator.repositories import Repository
    from forge_emulator.tree import TreeEntry


def get_main_source(call: Call, workspace: str, repo_slug: str) -> Response:
    """Leads to the listing of the main branch's root."""
    found = call.repository(workspace, repo_slug)
    try:
        oid = git.resolve_head(found.git_dir)
    except git.RevisionError as error:
        raise no_commit("HEAD") from error
    query = call.request.query_string.decode("ascii", "replace")
    response = Response(status=302)
    response.headers["Location"] = call.urls.repository(found, "src", oid) + (
        f"/?{query}" if query else "/"
    )
    return response


def get_source(call: Call, workspace: str, repo_slug: str, commit: str, path: str = "") -> Response:
    """A file's bytes, a folder's entries, or either's meta data with `format=meta`."""
    found = call.repository(workspace, repo_slug)
    oid = call.commit_id(found, commit)
    entry = tree.entry_at(found.git_dir, oid, path.removesuffix("/"))
    if entry is None or (path.endswith("/") and entry.type != "tree"):
        raise no_file(path)
    if call.request.args.get("format") == "meta":
        return call.answer(serialize_files.entry(call.urls, found, oid, entry))
    if entry.type == "tree":
        return _listing(call, found, oid, entry)
    return _raw(call, found, entry)


def _listing(call: Call, found: Repository, commit: str, folder: TreeEntry) -> Response:
    """The entries down to `max_depth`, in git's order; too many of them take too long."""
    length = page_length(call)
    depth = call.request.args.get("max_depth", "1")
    if not depth.isdecimal() or int(depth) < 1:
        raise ApiError(400, "Invalid max_depth")
    entries = [
        each
        for each in tree.list_tree(found.git_dir, folder.oid, recursive=int(depth) > 1)
        if each.path.count("/") < int(depth)
    ]
    if len(entries) > call.world.tree_limit:
        raise ApiError(TIMED_OUT)
    facts = {"repository": str(found.id), "commit": commit, "path": folder.path, "depth": depth}
    start = 0
    if "page" in call.request.args:
        place = call.places.find(call.request.args["page"])
        if place.facts != facts:
            raise ApiError(400, "Invalid page")
        start = place.offset
    onward = None
    if start + length < len(entries):
        name = call.places.keep(Place(facts=facts, offset=start + length))
        onward = link(call, page=name)
    shown = (
        serialize_files.entry(call.urls, found, commit, _below(folder, each))
        for each in entries[start : start + length]
    )
    return call.answer(unnumbered(length, shown, onward))


def _below(parent: TreeEntry, child: TreeEntry) -> TreeEntry:
    """The entry of a tree with its whole path."""
    path = f"{parent.path}/{child.path}" if parent.path else child.path
    return tree.TreeEntry(
        mode=child.mode, type=child.type, oid=child.oid, size=child.size, path=path
    )


def _raw(call: Call, found: Repository, entry: TreeEntry) -> Response:
    """The bytes, with an `ETag` of the content and its kind; a submodule shows its commit's id."""
    is_commit = entry.type == "commit"
    content = entry.oid.encode() if is_commit else tree.read_blob(found.git_dir, entry.oid)
    kind = mimetypes.guess_type(entry.path)[0] or "application/octet-stream"
    response = Response(content)
    response.headers["Content-Type"] = kind  # without an encoding, which git does not know
    response.headers["Content-Disposition"] = "attachment"
    response.set_etag(hashlib.sha256(f"{entry.mode} {entry.oid}".encode()).hexdigest()[:32])
    return response.make_conditional(call.request)


_SOURCE = f"{REPOSITORY}/src"

ROUTES = [
    route("GET", _SOURCE, get_main_source),
    route("GET", f"{_SOURCE}/<commit>", get_source),
    route("GET", f"{_SOURCE}/<commit>/<any_path:path>", get_source),
]
