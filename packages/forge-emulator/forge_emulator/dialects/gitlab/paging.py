"""Numbered pages with their headers, and keyset pages that only a `Link` leads through.

Source: "Pagination" in GitLab's REST documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from forge_emulator.dialects.gitlab.errors import bad_parameter
from forge_emulator.paging import Page, PageRequest, link_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from werkzeug.wrappers import Response

T = TypeVar("T")
_DEFAULT = 20
_LARGEST = 1_000_000


def page_request(arguments: Mapping[str, str], cap: int) -> PageRequest:
    """`page` and `per_page`; raises `ApiError` 400 for what is no number."""
    number = _number(arguments, "page", 1)
    size = _number(arguments, "per_page", _DEFAULT)
    return PageRequest(number=min(number, _LARGEST), size=min(size, cap))


def _number(arguments: Mapping[str, str], name: str, default: int) -> int:
    value = arguments.get(name)
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value[:9]) < 1:
        raise bad_parameter(f"{name} is invalid")
    return int(value[:9])


def page_headers(
    response: Response,
    url: str,
    arguments: Iterable[tuple[str, str]],
    page: Page[T],
    *,
    with_total: bool = True,
) -> None:
    """The headers of a numbered page; GitLab leaves the totals out where counting is dear."""
    request = page.request
    has_next = request.number < page.last
    response.headers["X-Page"] = str(request.number)
    response.headers["X-Per-Page"] = str(request.size)
    response.headers["X-Prev-Page"] = str(request.number - 1) if request.number > 1 else ""
    response.headers["X-Next-Page"] = str(request.number + 1) if has_next else ""
    link = link_header(url, arguments, request, page.last)
    if with_total:
        response.headers["X-Total"] = str(page.total)
        response.headers["X-Total-Pages"] = str(page.last)
    else:
        link = ", ".join(part for part in link.split(", ") if 'rel="last"' not in part)
    if link:
        response.headers["Link"] = link


def keyset_link(
    response: Response, url: str, arguments: Mapping[str, str], following: Mapping[str, str]
) -> None:
    """The way to the next keyset page: the arguments of this one, with its last record."""
    kept = {**arguments, **following}
    response.headers["Link"] = f'<{url}?{urlencode(kept)}>; rel="next"'
