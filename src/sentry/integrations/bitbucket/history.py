"""Pages of a commit's history by their numbers, which Bitbucket does not know.

Its lists of commits lead from page to page by links that are opaque. Whoever reads one page after
the other causes one request for each: the link is remembered. A page out of the blue is reached
from the nearest one that is known, in steps as large as Bitbucket allows.
"""

from sentry.integrations.bitbucket.paging import BAD_PAGE, PageLinks
from sentry.integrations.bitbucket.parse import next_link, parse_commits
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_paths import Route
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import CommitInfo

_LARGEST_PAGE = 100
_REFUSED = frozenset({BAD_PAGE, 404, 410})


class History:
    """The commits that a commit has behind it, newest first, or those of them that touch a path."""

    def __init__(
        self, session: HostSession, where: Route, *, path: str, identity: str, links: PageLinks
    ) -> None:
        """Takes the list's address, "" or the path, and what names the credential."""
        self._session = session
        self._where = where
        self._path = path
        self._identity = identity
        self._links = links

    def page(self, number: int, size: int) -> tuple[list[CommitInfo], bool]:
        """Page ``number`` (from 1) of ``size`` commits (at most 100), and whether more follow.

        Several pages are taken in one step where so many fit into one of Bitbucket's; the first
        is not, since it is often the only one that is wanted.
        """
        group = 1 if number == 1 else max(1, _LARGEST_PAGE // size)
        index, place = divmod(number - 1, group)
        answer = self._step(index, size * group)
        if answer is None:
            return [], False
        commits = parse_commits(answer)
        end = (place + 1) * size
        more = len(commits) > end or next_link(answer) is not None
        return commits[place * size : end], more

    def _step(self, index: int, length: int) -> Json:
        """One of Bitbucket's pages, by its number from 0; None behind the last one."""
        history = digest(self._identity, self._where.path, self._path, str(length))
        start, link = self._links.nearest(history, index)
        if link is not None:
            answer = self._follow(link)
            if answer is not None:
                return self._walk(history, answer, start, index)
            self._links.forget(history)
        return self._walk(history, self._first(length), 0, index)

    def _walk(self, history: str, answer: Json, start: int, index: int) -> Json:
        """From page ``start``, which is at hand, to page ``index``."""
        for number in range(start, index + 1):
            link = next_link(answer)
            if link is not None:
                self._links.keep(history, number + 1, link)
            if number == index:
                break
            if link is None:
                return None
            answer = self._session.request("GET", link, resource="commit").json()
        return answer

    def _first(self, length: int) -> Json:
        query: dict[str, str | int] = {"pagelen": length}
        if self._path:
            query["path"] = self._path
        return self._session.get_json(self._where, resource="commit", query=query).json()

    def _follow(self, link: str) -> Json:
        """The page behind a link that was kept; None where Bitbucket no longer takes it."""
        answer = self._session.request("GET", link, resource="commit", passed=_REFUSED)
        if answer.status in _REFUSED:
            return None
        return answer.json()
