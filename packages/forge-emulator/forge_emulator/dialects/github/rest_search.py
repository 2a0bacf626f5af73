"""Searches for repositories, issues and code. New things appear after the search lag."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_emulator import git, tree
from forge_emulator.dialects.github import serialize_contents
from forge_emulator.dialects.github.errors import invalid, missing_field
from forge_emulator.dialects.github.rest_issues import issue_json
from forge_emulator.dialects.github.rest_repositories import repository_json
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from werkzeug.wrappers import Response

    from forge_emulator.dialects.github.call import Call
    from forge_emulator.json_types import JsonObject, JsonValue
    from forge_emulator.repositories import Repository
    from forge_emulator.store import Issue
    from forge_emulator.tree import TreeEntry

_TERM = re.compile(r'(?:(?P<key>[a-z]+):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')
_MOST_RESULTS = 1000
_TEXT_MATCH = "application/vnd.github.text-match"
_FRAGMENTS = 2
_LONGEST_QUERY = 256
_QUALIFIERS = {
    "repo", "org", "user", "is", "type", "state", "in", "label", "author", "assignee",
    "path", "extension", "filename", "language", "fork", "archived", "sort",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A search: words that must occur, and (key, value) qualifiers."""

    words: tuple[str, ...]
    qualifiers: tuple[tuple[str, str], ...]

    def values(self, key: str) -> list[str]:
        return [value.lower() for name, value in self.qualifiers if name == key]

    def covers(self, repository: Repository) -> bool:
        """Whether repo, org and user let this repository in."""
        owner = repository.hosted.owner.lower()
        named = self.values("repo")
        owners = self.values("org") + self.values("user")
        if not named and not owners:
            return True
        return repository.full_name.lower() in named or owner in owners


def parse_query(text: str) -> Query:
    """Words and `key:value` pairs; what is no known qualifier stays a word, `-label:x` too."""
    words, qualifiers = [], []
    for match in _TERM.finditer(text):
        value = match["quoted"] if match["quoted"] is not None else match["plain"]
        if match["key"] in _QUALIFIERS:
            qualifiers.append((match["key"], value))
        else:
            words.append(f"{match['key']}:{value}" if match["key"] else value)
    return Query(words=tuple(words), qualifiers=tuple(qualifiers))


def _query(call: Call) -> Query:
    text = call.request.args.get("q", "").strip()
    if not text:
        raise missing_field("Search", "q")
    if len(text) > _LONGEST_QUERY:
        raise invalid("Search", "q", message="The search is longer than 256 characters.")
    return parse_query(text)


def _settled(call: Call, when: datetime) -> bool:
    """Whether something of that time has reached the index."""
    return call.now - when >= call.world.search_lag


def _indexed(call: Call, query: Query) -> list[Repository]:
    visible = [found for found in call.visible_repositories() if _settled(call, found.added_at)]
    return [found for found in visible if query.covers(found)]


def search_repositories(call: Call) -> Response:
    """Repositories whose name or description has every word."""
    query = _query(call)
    where = query.values("in")
    found = [
        each
        for each in _indexed(call, query)
        if all(word.lower() in _repository_text(each, where) for word in query.words)
    ]
    return call.wrapped_page(
        "items",
        found[:_MOST_RESULTS],
        lambda each: repository_json(call, each) | {"score": 1.0},
        incomplete_results=False,
    )


def _repository_text(found: Repository, where: Sequence[str]) -> str:
    parts = {"name": found.hosted.name, "description": found.hosted.description}
    chosen = [text for key, text in parts.items() if not where or key in " ".join(where)]
    return "\n".join(chosen).lower()


def search_issues(call: Call) -> Response:
    """Issues by words in title and body, state, label, author and assignee, newest first."""
    query = _query(call)
    homes = {each.id: each for each in _indexed(call, query) if each.hosted.has_issues}
    found = [
        issue
        for issue in reversed(call.world.store.issues())
        if issue.repository_id in homes
        and _settled(call, issue.updated_at)
        and _issue_matches(issue, query)
    ]
    return call.wrapped_page(
        "items",
        found[:_MOST_RESULTS],
        lambda issue: issue_json(call, homes[issue.repository_id], issue) | {"score": 1.0},
        incomplete_results=False,
        search_type="lexical",
    )


def _issue_matches(issue: Issue, query: Query) -> bool:
    where = " ".join(query.values("in"))
    parts = {"title": issue.title, "body": issue.body or ""}
    text = "\n".join(part for key, part in parts.items() if not where or key in where).lower()
    states = {"open", "closed"}.intersection(query.values("is") + query.values("state"))
    pulls = {"pr", "pull-request"}.intersection(query.values("is") + query.values("type"))
    labels = {name.lower() for name in issue.labels}
    assignees = {login.lower() for login in issue.assignees}
    return (
        all(word.lower() in text for word in query.words)
        and (not states or issue.state in states)
        and not pulls
        and labels.issuperset(query.values("label"))
        and {issue.author.lower()}.issuperset(query.values("author"))
        and assignees.issuperset(query.values("assignee"))
    )


def search_code(call: Call) -> Response:
    """Text files of default branches that contain the words; only for callers who are known."""
    call.authenticated()
    query = _query(call)
    if not query.words:
        raise missing_field("Search", "q")
    found = [hit for each in _indexed(call, query) for hit in _code_hits(each, query)]
    return call.wrapped_page(
        "items",
        found[:_MOST_RESULTS],
        lambda hit: _code_json(call, query, *hit),
        incomplete_results=False,
    )


def _code_hits(found: Repository, query: Query) -> list[tuple[Repository, str, TreeEntry]]:
    try:
        commit = git.resolve_commit(found.git_dir, found.default_branch())
    except git.RevisionError:
        return []
    paths = set.intersection(*(set(tree.grep(found.git_dir, commit, w)) for w in query.words))
    root = git.read_commit(found.git_dir, commit).tree
    entries = tree.list_tree(found.git_dir, root, recursive=True) if paths else []
    return [
        (found, commit, entry)
        for entry in entries
        if entry.path in paths and _path_matches(entry, query)
    ]


def _path_matches(entry: TreeEntry, query: Query) -> bool:
    path, name = entry.path.lower(), entry.name.lower()
    return (
        all(path.startswith(wanted.strip("/")) for wanted in query.values("path"))
        and all(name.endswith(f".{wanted}") for wanted in query.values("extension"))
        and all(wanted in name for wanted in query.values("filename"))
    )


def _code_json(
    call: Call, query: Query, found: Repository, commit: str, entry: TreeEntry
) -> JsonObject:
    shown = serialize_contents.entry(call.urls, found, commit, entry)
    kept = ("name", "path", "sha", "url", "git_url", "html_url")
    hit: JsonObject = {
        **{key: shown[key] for key in kept},
        "repository": repository_json(call, found),
        "score": 1.0,
    }
    if _TEXT_MATCH in call.request.headers.get("Accept", ""):
        content = git.text(tree.read_blob(found.git_dir, entry.oid))
        hit["text_matches"] = _text_matches(content, query, str(shown["url"]))
    return hit


def _text_matches(content: str, query: Query, url: str) -> list[JsonValue]:
    """Up to two fragments of a few lines around a word, with the word's places in each."""
    fragments: list[JsonValue] = []
    lines = content.split("\n")
    for word in query.words:
        wanted = word.lower()
        at = next((i for i, line in enumerate(lines) if wanted in line.lower()), None)
        if at is None or len(fragments) == _FRAGMENTS:
            continue
        fragment = "\n".join(lines[max(0, at - 1) : at + 2])
        spans = [match.span() for match in re.finditer(re.escape(wanted), fragment.lower())]
        matches: list[JsonValue] = [
            {"text": fragment[start:end], "indices": [start, end]} for start, end in spans
        ]
        fragments.append(
            {
                "object_url": url,
                "object_type": "FileContent",
                "property": "content",
                "fragment": fragment,
                "matches": matches,
            }
        )
    return fragments


ROUTES = [
    Route("GET", "/search/repositories", search_repositories, "search"),
    Route("GET", "/search/issues", search_issues, "search"),
    Route("GET", "/search/code", search_code, "code_search"),
]
