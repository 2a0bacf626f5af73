"""Reads GitLab's blame. Pure and total.

Shape: "Get file blame history" in GitLab's documentation. Groups of neighbouring lines come in
order and without numbers: they are counted from the first line that was asked for.
"""

from collections.abc import Callable, MutableMapping

from sentry.integrations.gitlab.parse import commit_of
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_list,
    as_objects,
    as_text,
)
from sentry.integrations.source_code_management.types import BlameRangeInfo, CommitInfo


def parse_blame(
    value: Json, *, first: int, commit_url: Callable[[str], str]
) -> list[BlameRangeInfo]:
    """The ranges of an answer, in order.

    Args:
        value: the answer.
        first: the number of the first line that was asked for.
        commit_url: a commit's page, which GitLab does not tell with blame.
    """
    commits: MutableMapping[str, CommitInfo] = {}
    ranges = []
    for group in as_objects(value, "blame"):
        where = group.path("lines")
        lines = [_line(as_text(line, where)) for line in as_list(group.get("lines"), where)]
        if not lines:
            continue
        commit = _commit(group.object("commit"), commits, commit_url)
        end = first + len(lines) - 1
        ranges.append(BlameRangeInfo(start=first, end=end, commit=commit, lines=tuple(lines)))
        first = end + 1
    return ranges


def _line(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _commit(
    item: JsonObject,
    known: MutableMapping[str, CommitInfo],
    commit_url: Callable[[str], str],
) -> CommitInfo:
    """A commit, read once however many groups it has."""
    sha = item.text("id")
    if sha not in known:
        known[sha] = commit_of(item, web_url=commit_url(sha))
    return known[sha]
