"""Search of the code of a workspace: default branches, words joined by AND."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_emulator import git, tree
from forge_emulator.dialects.bitbucket import serialize_files
from forge_emulator.dialects.bitbucket.errors import ApiError
from forge_emulator.dialects.bitbucket.paging import numbered
from forge_emulator.dialects.bitbucket.routes import route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from forge_emulator.dialects.bitbucket.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

_TERM = re.compile(r'(?:(?P<key>[a-z]+):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')
_MODIFIERS = {"repo", "project", "path", "ext", "lang"}
_OPERATORS = {"AND", "OR", "NOT"}
_LONGEST_QUERY = 250
_MOST_LINES = 20
_WITH_REPOSITORY = "+values.file.commit.repository"


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Words that must occur, and the modifiers' values."""

    words: tuple[str, ...]
    modifiers: tuple[tuple[str, str], ...]

    def values(self, key: str) -> list[str]:
        return [value.lower() for name, value in self.modifiers if name == key]

    def covers(self, found: Repository) -> bool:
        named = self.values("repo")
        return not named or found.hosted.name.lower() in named

    def fits(self, path: str) -> bool:
        lowered = path.lower()
        return all(wanted.strip("/") in lowered for wanted in self.values("path")) and all(
            lowered.endswith(f".{wanted.lstrip('.')}") for wanted in self.values("ext")
        )


def parse_query(text: str) -> Query:
    """Words, quoted phrases and `key:value`; OR and NOT are refused: nobody here asks for them."""
    words, modifiers = [], []
    for match in _TERM.finditer(text):
        value = match["quoted"] if match["quoted"] is not None else match["plain"]
        if match["key"] in _MODIFIERS:
            modifiers.append((match["key"], value))
        elif match["quoted"] is None and (value in _OPERATORS or value.startswith("-")):
            raise ApiError(400, "The search query is not supported", data={"key": "operators"})
        else:
            words.append(f"{match['key']}:{value}" if match["key"] else value)
    return Query(words=tuple(word for word in words if word), modifiers=tuple(modifiers))


def search_code(call: Call, workspace: str) -> Response:
    found = call.in_workspace(workspace)
    text = call.request.args.get("search_query", "").strip()
    if not text or len(text) > _LONGEST_QUERY:
        raise ApiError(400, "Invalid search query", data={"key": "search_query"})
    query = parse_query(text)
    if not query.words:
        raise ApiError(400, "Invalid search query", data={"key": "search_query"})
    indexed = [
        each
        for each in found
        if query.covers(each) and call.now - each.added_at >= call.world.search_lag
    ]
    hits = [hit for each in indexed for hit in _hits(each, query)]
    page = numbered(call, hits, lambda hit: _hit_json(call, query, *hit))
    return call.answer(page | {"query_substituted": False})


def _hits(found: Repository, query: Query) -> list[tuple[Repository, str, str]]:
    try:
        commit = git.resolve_commit(found.git_dir, found.default_branch())
    except git.RevisionError:
        return []
    paths = set.intersection(*(set(tree.grep(found.git_dir, commit, w)) for w in query.words))
    return [(found, commit, path) for path in sorted(paths) if query.fits(path)]


def _hit_json(call: Call, query: Query, found: Repository, commit: str, path: str) -> JsonObject:
    entry = tree.entry_at(found.git_dir, commit, path)
    content = b"" if entry is None else tree.read_blob(found.git_dir, entry.oid)
    rows = [line.removesuffix("\r") for line in git.text(content).split("\n")]
    wanted = call.request.args.get("fields", "")
    lines = [(number, _segments(line, query.words)) for number, line in enumerate(rows, 1)]
    hits = [line for line in lines if any(is_match for _, is_match in line[1])]
    return serialize_files.code_match(
        call.urls,
        found,
        commit,
        path,
        lines=hits[:_MOST_LINES],
        path_segments=_segments(path, query.words),
        with_repository=_WITH_REPOSITORY in wanted.split(","),
    )


def _segments(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """A line cut into parts, with those marked that a word fits."""
    pattern = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)
    parts: list[tuple[str, bool]] = []
    at = 0
    for match in pattern.finditer(text):
        if match.start() > at:
            parts.append((text[at : match.start()], False))
        parts.append((match[0], True))
        at = match.end()
    return [*parts, (text[at:], False)] if at < len(text) or not parts else parts


ROUTES = [route("GET", "/workspaces/<workspace>/search/code", search_code, resource="search")]
