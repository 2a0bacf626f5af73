"""Searches inside a project: code and issues. New things appear after the search lag.

As GitLab's basic search: the whole text is looked for as it stands, letter case ignored.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from forge_emulator import git, tree
from forge_emulator.dialects.gitlab.errors import bad_parameter
from forge_emulator.dialects.gitlab.limits import SEARCH
from forge_emulator.dialects.gitlab.rest_commits import find_commit
from forge_emulator.dialects.gitlab.rest_issues import holds, issue_json
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from werkzeug.wrappers import Response

    from forge_emulator.dialects.gitlab.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

_AROUND = 2  # lines before and after a match
_FILTER = re.compile(r"^-?(?P<name>filename|path|extension):(?P<value>.+)")


def search(call: Call, id: str) -> Response:  # noqa: A002 - the path's own name
    """What a project holds of the words, by scope."""
    found = call.project(id)
    words, scope = call.argument("search"), call.argument("scope")
    if scope == "issues":
        return _issues(call, found, words)
    if scope == "blobs":
        return _blobs(call, found, words)
    raise bad_parameter("scope does not have a valid value")


def _is_settled(call: Call, when: datetime) -> bool:
    """Whether something of that time has reached the index."""
    return call.now - when >= call.world.search_lag


def _issues(call: Call, found: Repository, words: str) -> Response:
    every = reversed(call.world.store.issues(found.id))
    hits = [each for each in every if holds(each, words) and _is_settled(call, each.updated_at)]
    return call.page(hits, lambda issue: issue_json(call, found, issue))


def _blobs(call: Call, found: Repository, words: str) -> Response:
    if not git.branches(found.git_dir) or not _is_settled(call, found.added_at):
        return call.page([], _same)
    ref = call.request.args.get("ref") or found.default_branch()
    commit = find_commit(found, ref)
    hits = [
        hit for path in _paths(found, commit, words) for hit in _hits(found, commit, path, words)
    ]
    return call.page([hit | {"ref": ref} for hit in hits], _same)


def _same(value: JsonObject) -> JsonObject:
    return value


def _split(words: str) -> tuple[str, list[re.Match[str]]]:
    """The text without its filters, and those."""
    parts = words.split(" ")
    found = [_FILTER.match(part) for part in parts]
    text = " ".join(part for part, match in zip(parts, found, strict=True) if match is None)
    return text.strip().strip('"'), [match for match in found if match is not None]


def _paths(found: Repository, commit: str, words: str) -> list[str]:
    text, filters = _split(words)
    paths = tree.grep(found.git_dir, commit, text) if text else []
    return [path for path in paths if all(_passes(path, each) for each in filters)]


def _passes(path: str, wanted: re.Match[str]) -> bool:
    value = wanted["value"].lower()
    shown = {
        "filename": posixpath.basename(path),
        "path": path,
        "extension": path.rpartition(".")[2],
    }[wanted["name"]].lower()
    fits = shown == value if wanted["name"] == "extension" else value in shown
    return fits != wanted[0].startswith("-")


def _hits(found: Repository, commit: str, path: str, words: str) -> Iterator[JsonObject]:
    """Each group of lines around matches."""
    text, _ = _split(words)
    entry = tree.entry_at(found.git_dir, commit, path)
    if entry is None:
        return
    lines = git.text(tree.read_blob(found.git_dir, entry.oid)).removesuffix("\n").split("\n")
    for start, end in _groups([n for n, line in enumerate(lines) if text.lower() in line.lower()]):
        first = max(0, start - _AROUND)
        data = "".join(f"{line}\n" for line in lines[first : end + _AROUND + 1])
        yield {
            "basename": posixpath.splitext(path)[0],
            "data": data,
            "path": path,
            "filename": path,
            "id": None,
            "startline": first + 1,
            "project_id": found.id,
        }


def _groups(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of the matches whose surroundings touch."""
    start = end = None
    for number in numbers:
        if end is not None and start is not None and number - end > 2 * _AROUND + 1:
            yield start, end
            start = None
        start = number if start is None else start
        end = number
    if start is not None and end is not None:
        yield start, end


ROUTES = [
    Route("GET", "/api/v4/projects/<id>/search", search, SEARCH),
    Route("GET", "/api/v4/projects/<id>/-/search", search, SEARCH),
]
