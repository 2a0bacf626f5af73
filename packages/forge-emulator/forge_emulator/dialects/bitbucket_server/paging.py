"""Pages that are asked for by `start` and `limit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forge_emulator.json_types import JsonObject, JsonValue

T = TypeVar("T")

USUAL_LIMIT = 25
LINES_CAP = 5000  # page.max.source.lines
CHANGES_CAP = 1000  # page.max.changes; nothing can be had beyond it
_LARGEST = 1 << 31


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRequest:
    """The first wanted, counted from 0, and how many."""

    start: int
    limit: int


def page_request(
    arguments: Mapping[str, str], *, cap: int, usual: int = USUAL_LIMIT
) -> PageRequest:
    """`start` and `limit` of a query; nonsense counts as absent, more than the cap as the cap."""
    start = _number(arguments.get("start"), 0)
    limit = _number(arguments.get("limit"), usual) or usual
    return PageRequest(start=start, limit=min(limit, cap))


def frame(wanted: PageRequest, size: int, *, is_last: bool) -> JsonObject:
    """What every page says of itself; `size` is how many it holds."""
    return {
        "size": size,
        "limit": wanted.limit,
        "isLastPage": is_last,
        "start": wanted.start,
        "nextPageStart": None if is_last else wanted.start + size,
    }


def cut(items: Sequence[T], wanted: PageRequest) -> tuple[Sequence[T], JsonObject]:
    """One page of a sequence that is there as a whole, and what it says of itself."""
    end = wanted.start + wanted.limit
    chosen = items[wanted.start : end]
    return chosen, frame(wanted, len(chosen), is_last=end >= len(items))


def page(values: Sequence[JsonValue], about: JsonObject) -> JsonObject:
    return {**about, "values": list(values)}


def _number(value: str | None, default: int) -> int:
    if value is None or not value.isascii() or not value.isdigit():
        return default
    return min(int(value[:12]), _LARGEST)
