"""Files, folders, changes and search results as Bitbucket's JSON. Pure."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING

from forge_emulator.dialects.bitbucket.serialize import commit_stub, href, short_repository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forge_emulator.dialects.bitbucket.urls import Urls
    from forge_emulator.diff import FileChange
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.tree import TreeEntry

_ATTRIBUTES = {"120000": "link", "100755": "executable", "160000": "subrepository"}
_STATUS = {"copied": "added", "changed": "modified"}  # Bitbucket knows four words


def entry(urls: Urls, found: Repository, commit: str, value: TreeEntry) -> JsonObject:
    """An entry of a listing, or the meta data of a file."""
    is_folder = value.type == "tree"
    address = urls.repository(found, "src", commit, value.path)
    address = f"{address}/" if is_folder else address
    shown: JsonObject = {
        "type": "commit_directory" if is_folder else "commit_file",
        "path": value.path,
        "commit": commit_stub(urls, found, commit),
        "links": href(self=address, meta=f"{address}?format=meta"),
    }
    if is_folder:
        return shown
    attribute = _ATTRIBUTES.get(value.mode)
    return shown | {
        "escaped_path": value.path,
        "size": value.size or 0,
        "mimetype": mimetypes.guess_type(value.path)[0],
        "attributes": [] if attribute is None else [attribute],
    }


def change(
    urls: Urls, found: Repository, value: FileChange, *, before: str | None, after: str
) -> JsonObject:
    """A line of a diffstat; the side that is not there is null."""

    def side(path: str | None, commit: str | None) -> JsonObject | None:
        if path is None or commit is None:
            return None
        address = urls.repository(found, "src", commit, path)
        return {
            "type": "commit_file",
            "path": path,
            "escaped_path": path,
            "links": href(self=address),
        }

    old = None if value.status == "added" else value.previous_path or value.path
    new = None if value.status == "removed" else value.path
    return {
        "type": "diffstat",
        "status": _STATUS.get(value.status, value.status),
        "lines_added": value.additions,
        "lines_removed": value.deletions,
        "old": side(old, before),
        "new": side(new, after),
    }


def code_match(
    urls: Urls,
    found: Repository,
    commit: str,
    path: str,
    *,
    lines: Sequence[tuple[int, Sequence[tuple[str, bool]]]],
    path_segments: Sequence[tuple[str, bool]],
    with_repository: bool,
) -> JsonObject:
    """A file that a search found: its lines by number, each cut where the words begin and end.

    The repository is told where it was asked for.
    """
    owner: JsonObject = {"type": "commit", "repository": short_repository(urls, found)}
    return {
        "type": "code_search_result",
        "content_match_count": len(lines),
        "content_matches": [
            {"lines": [{"line": number, "segments": _segments(parts)} for number, parts in lines]}
        ]
        if lines
        else [],
        "path_matches": _segments(path_segments),
        "file": {
            "type": "commit_file",
            "path": path,
            "links": href(self=urls.repository(found, "src", commit, path)),
            **({"commit": owner} if with_repository else {}),
        },
    }


def _segments(parts: Sequence[tuple[str, bool]]) -> list[JsonObject]:
    return [{"text": text, "match": True} if hit else {"text": text} for text, hit in parts]
