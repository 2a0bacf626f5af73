"""The search of code. What is new appears after the search lag."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from forge_emulator import git, tree
from forge_emulator.dialects.vsts.call import number, project_of, repository_id
from forge_emulator.dialects.vsts.errors import bad_argument
from forge_emulator.dialects.vsts.ids import guid
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from forge_emulator.dialects.vsts.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

_TERM = re.compile(r'"(?P<quoted>[^"]*)"|(?P<plain>\S+)')
_OPERATORS = {"AND", "OR", "NOT", "NEAR", "BEFORE", "AFTER"}
_MOST = 1000


def search_code(call: Call, project: str) -> Response:
    """Files of default branches that hold every word."""
    body = call.body()
    words = _words(body.get("searchText"))
    top, skip = number(body, "$top", -1 if "$top" in body else 25), number(body, "$skip", 0)
    if top > _MOST or skip > _MOST:
        raise bad_argument("$top and $skip may be 1000 at most.")
    filters = body.get("filters") or {}
    chosen = [
        found
        for found in call.repositories(call.project(project))
        if call.now - found.added_at >= call.world.search_lag and _covers(filters, found)
    ]
    with_text = body.get("includeSnippet") is True
    hits = [hit for found in chosen for hit in _hits(found, words, with_text=with_text)]
    return call.answer(
        {"count": len(hits), "results": hits[skip : skip + top], "infoCode": 0, "facets": {}}
    )


def _words(text: object) -> list[str]:
    """The words and phrases to look for; an operator that is not quoted looks for nothing."""
    if not isinstance(text, str) or not text.strip():
        raise bad_argument("searchText is missing.")
    terms = _TERM.finditer(text)
    found = [
        match["plain"] if match["quoted"] is None else match["quoted"]
        for match in terms
        if match["quoted"] is not None
        or not (match["plain"] in _OPERATORS or ":" in match["plain"])
    ]
    return [word for word in found if word]


def _covers(filters: object, found: Repository) -> bool:
    if not isinstance(filters, Mapping):
        raise bad_argument("filters is no object.")
    names = {"Project": found.hosted.owner, "Repository": found.hosted.name}
    return all(not filters.get(key) or name in filters[key] for key, name in names.items())


def _hits(found: Repository, words: Sequence[str], *, with_text: bool) -> list[JsonObject]:
    branch = found.default_branch()
    try:
        commit = git.resolve_commit(found.git_dir, branch)
    except git.RevisionError:
        return []
    groups = [set(tree.grep(found.git_dir, commit, word)) for word in words]
    paths = sorted(set.intersection(*groups)) if groups else []
    return [_result(found, commit, branch, path, words, with_text=with_text) for path in paths]


def _result(
    found: Repository, commit: str, branch: str, path: str, words: Sequence[str], *, with_text: bool
) -> JsonObject:
    entry = tree.entry_at(found.git_dir, commit, path)
    text = git.text(tree.read_blob(found.git_dir, entry.oid)) if entry else ""
    owner = project_of(found)
    return {
        "fileName": path.rpartition("/")[2],
        "path": f"/{path}",
        "matches": {"content": _places(text, words, with_text=with_text), "fileName": []},
        "collection": {"name": "emulated"},
        "project": {"name": owner.name, "id": owner.id},
        "repository": {"name": found.hosted.name, "id": repository_id(found), "type": "git"},
        "versions": [{"branchName": branch, "changeId": commit}],
        "contentId": guid("content", f"{commit}/{path}"),
    }


def _places(text: str, words: Sequence[str], *, with_text: bool) -> list[JsonObject]:
    """Where the words stand; with a snippet, the line's number and its text are told."""
    found: list[JsonObject] = []
    for word in words:
        for match in re.finditer(re.escape(word), text, re.IGNORECASE):
            start = text.rfind("\n", 0, match.start()) + 1
            end = text.find("\n", match.start())
            line = text[start : end if end >= 0 else len(text)].removesuffix("\r")
            found.append(
                {
                    "charOffset": match.start(),
                    "length": len(word),
                    "line": text.count("\n", 0, start) + 1 if with_text else 0,
                    "column": match.start() - start + 1 if with_text else 0,
                    "codeSnippet": line if with_text else None,
                    "type": "content",
                }
            )
    return found


_SEARCH = "/<organization>/<project>/_apis/search/codesearchresults"

ROUTES = [Route("POST", _SEARCH, search_code, "vso.code")]
