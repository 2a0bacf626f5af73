"""Bitbucket's pages: numbered ones, and those whose links alone lead on."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from forge_emulator.dialects.bitbucket.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from forge_emulator.dialects.bitbucket.call import Call
    from forge_emulator.json_types import JsonObject

T = TypeVar("T")

_USUAL, _MOST = 10, 100


def page_length(call: Call, *, usual: int = _USUAL, most: int = _MOST) -> int:
    """The `pagelen` that was asked for; raises `ApiError` 400 for one that cannot be."""
    length = _number(call.request.args.get("pagelen"), usual)
    if not 1 <= length <= most:
        raise ApiError(400, "Invalid pagelen")
    return min(length, call.world.page_size_cap)


def numbered(
    call: Call,
    items: Sequence[T],
    serialize: Callable[[T], JsonObject],
    *,
    usual: int = _USUAL,
    most: int = _MOST,
) -> JsonObject:
    """One page of a list by its number, with its size and its neighbours."""
    length = page_length(call, usual=usual, most=most)
    number = _number(call.request.args.get("page"), 1)
    if number < 1:
        raise ApiError(400, "Invalid page")
    start = (number - 1) * length
    page: JsonObject = {
        "pagelen": length,
        "size": len(items),
        "page": number,
        "values": [serialize(item) for item in items[start : start + length]],
    }
    if start + length < len(items):
        page["next"] = link(call, page=str(number + 1))
    if number > 1:
        page["previous"] = link(call, page=str(number - 1))
    return page


def link(call: Call, **changed: str) -> str:
    """This request's address with some of its parameters changed."""
    kept = [pair for pair in call.request.args.items(multi=True) if pair[0] not in changed]
    return f"{call.urls.current}?{urlencode([*kept, *changed.items()])}"


def _number(text: str | None, usual: int) -> int:
    if text is None:
        return usual
    return int(text[:9]) if text.isascii() and text.isdigit() else 0


def unnumbered(length: int, values: Iterable[JsonObject], onward: str | None) -> JsonObject:
    """A page that knows neither its number nor how much there is."""
    page: JsonObject = {"pagelen": length, "values": list(values)}
    if onward is not None:
        page["next"] = onward
    return page
