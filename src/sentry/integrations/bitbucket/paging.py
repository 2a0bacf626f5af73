"""Follows Bitbucket's page links, where one list is made of more than the session knows of."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from sentry.integrations.bitbucket.parse import next_link
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import Route
from sentry.integrations.source_code_management.json_reader import Json

TIMED_OUT = 555  # Bitbucket's own: the answer took too long to make
BAD_PAGE = int(HTTPStatus.BAD_REQUEST)
_MAX_PAGES = 2000
_REMEMBERED = 2000


class TookTooLong(HostUnavailable):
    """Bitbucket gave an answer up that it could not make in its time."""

    def __init__(self) -> None:
        """Needs no data."""
        super().__init__("the host took too long to make its answer", status=TIMED_OUT)


def heavy_pages(
    session: HostSession, where: Route, *, resource: str, query: Mapping[str, str | int]
) -> Iterator[Json]:
    """The pages of a list that may take Bitbucket too long, parsed, as they are asked for.

    Raises:
        TookTooLong: it did; a smaller question may be answered. Else as ``HostSession.request``.
    """
    passed = frozenset({TIMED_OUT})
    answer = session.request("GET", where, resource=resource, query=query, passed=passed)
    seen: set[str] = set()
    while True:
        page = _checked(answer).json()
        yield page
        link = next_link(page)
        if link is None:
            return
        if link in seen or len(seen) >= _MAX_PAGES:
            raise HostUnavailable("the host's list of pages does not end")
        seen.add(link)
        answer = session.request("GET", link, resource=resource, passed=passed)


def _checked(answer: HostResponse) -> HostResponse:
    if answer.status == TIMED_OUT:
        raise TookTooLong
    return answer


class PageLinks:
    """Where the pages of histories begin that were read lately. Safe for use by many threads.

    A history is that of one commit and one path, seen with one credential: it never changes. Its
    pages have numbers for us alone: Bitbucket gives out a link to the next one, and takes no link
    that somebody else put together.
    """

    def __init__(self, size: int = _REMEMBERED) -> None:
        """Remembers that many histories at most."""
        self._size = size
        self._known: OrderedDict[str, dict[int, str]] = OrderedDict()
        self._lock = threading.Lock()

    def nearest(self, history: str, index: int) -> tuple[int, str | None]:
        """The last page up to ``index`` (from 0) whose link is known, and the link.

        The first page has none: it is where a history is asked for.
        """
        with self._lock:
            links = self._known.get(history, {})
            best = max((number for number in links if number <= index), default=0)
            return best, links.get(best)

    def keep(self, history: str, index: int, link: str) -> None:
        """Remembers where a page begins."""
        with self._lock:
            self._known.setdefault(history, {})[index] = link
            self._known.move_to_end(history)
            if len(self._known) > self._size:
                self._known.popitem(last=False)

    def forget(self, history: str) -> None:
        """The host no longer takes a link of this history."""
        with self._lock:
            self._known.pop(history, None)


_links = PageLinks()


def page_links() -> PageLinks:
    """The process's own."""
    return _links
