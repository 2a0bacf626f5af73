"""Reads a page of a file's lines with their blame. Pure.

The description of ``browse`` gives no shape; it is taken from recorded answers. A span has the
author and the author's time, but neither the message nor the committer's time, and ends at the
page's edge or goes beyond it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_object,
    unexpected,
)

_MOST_LINES = 100_000  # in a page; a server gives 5,000 unless an operator says otherwise


@dataclass(frozen=True, kw_only=True, slots=True)
class BlameSpan:
    """Lines ``start`` to ``end`` (from 1, both included) of commit ``sha``."""

    start: int
    end: int
    sha: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BlamePage:
    """A page of lines from number ``first`` on.

    Attributes:
        first: the number of its first line, from 1.
        texts: the lines without their ends; all "" where the blame came alone.
        spans: those of these lines, in order and without a gap.
        is_last: whether the file ends with it.
    """

    first: int
    texts: tuple[str, ...]
    spans: tuple[BlameSpan, ...]
    is_last: bool

    @property
    def end(self) -> int:
        """The number of the last line; one less than ``first`` for an empty page."""
        return self.first + len(self.texts) - 1


class BinaryFile:
    """Stands for a file that has no lines to show; its blame comes alone."""


def parse_blame(value: Json) -> BlamePage | BinaryFile | None:
    """A page of ``browse`` with blame; None for a folder or a submodule."""
    answer = as_object(value, "lines")
    if answer.optional_boolean("binary"):
        return BinaryFile()
    if "lines" not in answer:
        return None
    texts = [item.text("text").removesuffix("\r") for item in answer.objects("lines")]
    return _page(answer, "blame", texts)


def parse_blame_alone(value: Json) -> BlamePage:
    """A page of ``browse`` with blame and without content: a page whose values are the spans."""
    answer = as_object(value, "blame")
    size = answer.integer("size")
    if not 0 <= size <= _MOST_LINES:
        raise unexpected(answer.path("size"))
    return _page(answer, "values", [""] * size)


def _page(answer: JsonObject, name: str, texts: Sequence[str]) -> BlamePage:
    first = answer.integer("start") + 1
    spans = sorted((_span(item) for item in answer.objects(name)), key=lambda span: span.start)
    page = BlamePage(
        first=first,
        texts=tuple(texts),
        spans=tuple(_within(spans, first, first + len(texts) - 1)),
        is_last=answer.boolean("isLastPage"),
    )
    if sum(span.end - span.start + 1 for span in page.spans) != len(texts):
        raise unexpected(answer.path(name))
    return page


def _span(item: JsonObject) -> BlameSpan:
    start, count = item.integer("lineNumber"), item.integer("spannedLines")
    if start < 1 or count < 1:
        raise unexpected(item.where)
    sha = item.optional_text("commitHash") or item.text("commitId")
    return BlameSpan(start=start, end=start + count - 1, sha=sha)


def _within(spans: Sequence[BlameSpan], first: int, last: int) -> list[BlameSpan]:
    """The spans cut to the page's lines."""
    return [
        BlameSpan(start=max(span.start, first), end=min(span.end, last), sha=span.sha)
        for span in spans
        if span.start <= last and span.end >= first
    ]
