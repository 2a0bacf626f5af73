"""Files: a page of lines with their blame, the raw bytes, and the list of all below a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import git, tree
from forge_emulator.dialects.bitbucket_server import serialize
from forge_emulator.dialects.bitbucket_server.errors import ApiError, no_path
from forge_emulator.dialects.bitbucket_server.paging import LINES_CAP, PageRequest, cut, page
from forge_emulator.dialects.bitbucket_server.rest_repositories import REPO
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from forge_emulator.dialects.bitbucket_server.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.tree import TreeEntry

_TYPES = {"blob": "FILE", "tree": "DIRECTORY", "commit": "SUBMODULE"}
_SNIFFED = 8000  # bytes in which git looks for NUL to tell a binary file


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """What stands at a path of a repository as of a commit."""

    found: Repository
    commit: str
    entry: TreeEntry


def _at(call: Call, key: str, slug: str, path: str) -> _Place:
    """The place that a request is about; raises `ApiError` where there is none."""
    found = call.repository(key, slug)
    revision = call.request.args.get("at", "")
    commit = call.commit(found, revision)
    entry = tree.entry_at(found.git_dir, commit, path)
    if entry is None:
        raise no_path(path, revision or commit)
    return _Place(found=found, commit=commit, entry=entry)


def browse(call: Call, key: str, slug: str, path: str = "") -> Response:
    """What stands at a path: its size, its type, its lines with or without blame, its children."""
    place = _at(call, key, slug, path)
    arguments = call.request.args
    if arguments.get("size") == "true":
        return call.answer({"size": place.entry.size or 0})
    if arguments.get("type") == "true":
        return call.answer({"type": _TYPES[place.entry.type]})
    if place.entry.type != "blob":
        return _children(call, place)
    with_blame = arguments.get("blame", "false") != "false"
    content = tree.read_blob(place.found.git_dir, place.entry.oid)
    wanted = call.wanted(LINES_CAP)
    lines, about = cut(_lines(content), wanted)
    spans = _blame(call, place, wanted, len(lines)) if with_blame else []
    if with_blame and arguments.get("noContent", "false") != "false":
        return call.answer(page(spans, about))
    if b"\0" in content[:_SNIFFED]:
        return call.answer({"binary": True, "path": serialize.path(path)})
    value: JsonObject = {"lines": [{"text": line} for line in lines], **about}
    return call.answer(value | ({"blame": spans} if with_blame else {}))


def _blame(call: Call, place: _Place, wanted: PageRequest, size: int) -> list[JsonObject]:
    """The spans of a page's lines; one that goes on beyond the page is cut at its edge."""
    git_dir, path = place.found.git_dir, place.entry.path
    top, bottom = wanted.start + 1, wanted.start + size
    spans = [
        (max(span.start, top), min(span.end, bottom), span.oid)
        for span in (call.world.blame.get(git_dir, place.commit, path) if size else ())
        if span.start <= bottom and span.end >= top
    ]
    commits = git.read_commits(git_dir, [span[2] for span in spans])
    return [
        serialize.blame(call.urls, commit, call.world.users, path=path, first=first, last=last)
        for (first, last, _), commit in zip(spans, commits, strict=True)
    ]


def _lines(content: bytes) -> list[str]:
    """The lines as git counts them, without their ends."""
    *ended, last = git.text(content).split("\n")
    lines = [line.removesuffix("\r") for line in ended]
    return [*lines, last] if last else lines


def _children(call: Call, place: _Place) -> Response:
    """A folder, one level deep; of a submodule there is but its type."""
    entry = place.entry
    if entry.type != "tree":
        return call.answer({"type": _TYPES[entry.type]})
    listed = tree.list_tree(place.found.git_dir, entry.oid)
    children, about = cut(listed, call.wanted(1000))
    shown: list[JsonObject] = [
        {
            "path": serialize.path(child.name),
            "contentId": child.oid,
            "type": _TYPES[child.type],
            **({} if child.size is None else {"size": child.size}),
        }
        for child in children
    ]
    value: JsonObject = {
        "path": serialize.path(entry.path),
        "revision": call.request.args.get("at", place.commit),
        "children": page(shown, about),
    }
    return call.answer(value)


def raw(call: Call, key: str, slug: str, path: str) -> Response:
    """The bytes of a file; a symbolic link's are the path that it leads to."""
    place = _at(call, key, slug, path)
    if place.entry.type != "blob":
        raise no_path(path, call.request.args.get("at", place.commit))
    content = tree.read_blob(place.found.git_dir, place.entry.oid)
    is_binary = b"\0" in content[:_SNIFFED]
    kind = "application/octet-stream" if is_binary else "text/plain;charset=UTF-8"
    return Response(content, content_type=kind)


def list_files(call: Call, key: str, slug: str, path: str = "") -> Response:
    """Every file below a folder, all levels down, by its path from that folder."""
    place = _at(call, key, slug, path)
    if place.entry.type != "tree":
        message = f'The path "{path}" is not a directory'
        raise ApiError(400, message, "content.PathNotADirectoryException")
    below = tree.list_tree(place.found.git_dir, place.entry.oid, recursive=True)
    files = [each.path for each in below if each.type == "blob"]
    return call.page(files, str, cap=call.world.tree_limit)


ROUTES = [
    Route("GET", f"{REPO}/browse", browse),
    Route("GET", f"{REPO}/browse/<path:path>", browse),
    Route("GET", f"{REPO}/raw/<path:path>", raw),
    Route("GET", f"{REPO}/files", list_files),
    Route("GET", f"{REPO}/files/<path:path>", list_files),
]
