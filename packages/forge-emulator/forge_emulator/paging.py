"""Numbered pages and the `Link` header (RFC 8288) that connects them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

T = TypeVar("T")

_LARGEST_PAGE = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRequest:
    """Which page is wanted: `number` from 1, `size` entries each."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """The entries of a page, and how many there are on all pages."""

    items: Sequence[T]
    total: int
    request: PageRequest

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.request.size))


def page_request(arguments: Mapping[str, str], *, default: int = 30, cap: int = 100) -> PageRequest:
    """`page` and `per_page` of a query string; nonsense counts as absent, as GitHub does."""
    size = _number(arguments.get("per_page"), default)
    number = _number(arguments.get("page"), 1)
    return PageRequest(number=min(number, _LARGEST_PAGE), size=min(size, cap))


def cut(items: Sequence[T], request: PageRequest) -> Page[T]:
    """One page of a sequence that is there as a whole."""
    chosen = items[request.offset : request.offset + request.size]
    return Page(items=chosen, total=len(items), request=request)


def link_header(
    url: str, arguments: Iterable[tuple[str, str]], request: PageRequest, last: int
) -> str:
    """The value of `Link`, empty when there is one page; other arguments are kept as they are."""
    kept = [(key, value) for key, value in arguments if key != "page"]
    relations = []
    if request.number > 1:
        relations.append(("prev", min(request.number - 1, last)))
    if request.number < last:
        relations += [("next", request.number + 1), ("last", last)]
    if request.number > 1:
        relations.append(("first", 1))
    return ", ".join(
        f'<{url}?{urlencode([*kept, ("page", str(number))])}>; rel="{name}"'
        for name, number in relations
    )


def _number(value: str | None, default: int) -> int:
    if value is None or not value.isascii() or not value.isdigit():
        return default
    return int(value[:9]) or default
