"""Calls to one server: what every call of the client has in common."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from sentry.integrations.bitbucket_server import parse
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostUnavailable,
    IntegrationBroken,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import Route
from sentry.integrations.source_code_management.json_reader import Json

_MOST_PAGES = 2000
_UNAUTHORIZED = int(HTTPStatus.UNAUTHORIZED)


class ServerSession:
    """A ``HostSession`` that knows this host's refusals and its pages."""

    def __init__(self, session: HostSession) -> None:
        """Takes the session."""
        self._session = session

    def get(
        self,
        where: Route,
        *,
        resource: str,
        query: Mapping[str, str | int] | None = None,
        passed: frozenset[int] = frozenset(),
    ) -> HostResponse:
        """A GET; see ``call``."""
        return self.call("GET", where, resource=resource, query=query, passed=passed)

    def call(
        self,
        method: str,
        where: Route,
        *,
        resource: str,
        query: Mapping[str, str | int] | None = None,
        json: Json = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        passed: frozenset[int] = frozenset(),
        read_at_most: int | None = None,
    ) -> HostResponse:
        """One call, as ``HostSession.request`` makes it.

        Raises:
            HostForbidden: the credential lacks the permission, which the host answers with 401.
            IntegrationBroken: it does not accept the credential, which it answers with 401, too.
        """
        answer = self._session.request(
            method,
            where,
            resource=resource,
            query=query,
            json=json,
            headers=headers,
            repeatable=repeatable,
            passed=passed | {_UNAUTHORIZED},
            read_at_most=read_at_most,
        )
        if answer.status == _UNAUTHORIZED:
            raise _refusal(answer)
        return answer

    def pages(
        self,
        where: Route,
        *,
        resource: str,
        limit: int,
        query: Mapping[str, str | int] | None = None,
    ) -> Iterator[parse.Page]:
        """The pages of a list, each fetched when it is asked for; the host may cap the limit.

        Raises:
            HostUnavailable: they do not end. Else as ``call``.
        """
        start = 0
        for _ in range(_MOST_PAGES):
            asked = {**(query or {}), "start": start, "limit": limit}
            page = parse.parse_page(self.get(where, resource=resource, query=asked).json())
            yield page
            if page.next_start is None:
                return
            if page.next_start <= start:
                break
            start = page.next_start
        raise HostUnavailable("the host's list of pages does not end")


def told_by(answer: HostResponse) -> list[str]:
    """What an error's body tells (see ``parse.parse_errors``); nothing where it is no JSON."""
    try:
        return parse.parse_errors(answer.json())
    except HostUnavailable:
        return []


def _refusal(answer: HostResponse) -> ScmError:
    """What a 401 means."""
    if "AuthorisationException" in told_by(answer):
        return HostForbidden(status=answer.status)
    return IntegrationBroken()
