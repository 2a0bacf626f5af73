"""Calls of Azure DevOps' REST services: the session, with the API's version on every request."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostUnavailable,
    IntegrationBroken,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import Route
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.vsts.dialect import CONTINUATION
from sentry.integrations.vsts.parse import parse_is_known_account, parse_type_key

VERSION = "7.1"
_MAX_PAGES = 2000
_PATCH = {"content-type": "application/json-patch+json"}

type Query = Mapping[str, str | int]

_UNAUTHORIZED = frozenset({int(HTTPStatus.UNAUTHORIZED)})
NOT_FOUND = frozenset({int(HTTPStatus.NOT_FOUND)})
REFUSED = frozenset({int(HTTPStatus.BAD_REQUEST)})


class VstsApi:
    """A session at one address.

    Everything raises what ``HostSession.request`` raises; but a 401 to an accepted credential that
    lacks the permission is HostForbidden, and breaks no integration.
    """

    def __init__(self, session: HostSession) -> None:
        """Takes the session; makes no request."""
        self._session = session

    def get(
        self,
        where: Route,
        *,
        resource: str,
        query: Query | None = None,
        version: str = VERSION,
        passed: frozenset[int] = frozenset(),
        read_at_most: int | None = None,
    ) -> HostResponse:
        """A GET."""
        return _granted(
            self._session.request(
                "GET",
                where,
                resource=resource,
                query={**(query or {}), "api-version": version},
                passed=passed | _UNAUTHORIZED,
                read_at_most=read_at_most,
            )
        )

    def pages(
        self, where: Route, *, resource: str, query: Query | None = None
    ) -> Iterator[HostResponse]:
        """The pages of a list, each fetched when it is asked for; a header tells how to go on.

        Raises:
            HostUnavailable: they do not end.
        """
        seen: set[str] = set()
        asked = dict(query or {})
        while True:
            answer = self.get(where, resource=resource, query=asked)
            yield answer
            token = answer.headers.get(CONTINUATION)
            if not token:
                return
            if token in seen or len(seen) >= _MAX_PAGES:
                raise HostUnavailable("the host's list of pages does not end")
            seen.add(token)
            asked["continuationToken"] = token

    def ask(
        self, where: Route, *, resource: str, json: Json, query: Query | None = None
    ) -> HostResponse:
        """A POST that only reads, so that it may be repeated."""
        return self.send("POST", where, resource=resource, json=json, query=query, repeatable=True)

    def send(
        self,
        method: str,
        where: Route,
        *,
        resource: str,
        json: Json = None,
        query: Query | None = None,
        version: str = VERSION,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        passed: frozenset[int] = frozenset(),
    ) -> HostResponse:
        """Any other call; sent once, unless a second one would change nothing more."""
        return _granted(
            self._session.request(
                method,
                where,
                resource=resource,
                query={**(query or {}), "api-version": version},
                json=json,
                headers=headers,
                repeatable=repeatable,
                passed=passed | _UNAUTHORIZED,
            )
        )

    def patch(
        self, method: str, where: Route, operations: Sequence[Json], *, repeatable: bool = False
    ) -> HostResponse:
        """A JSON Patch (RFC 6902) of a work item; a 400 and a 404 are the caller's to read."""
        return self.send(
            method,
            where,
            resource="issue",
            json=list(operations),
            headers=_PATCH,
            repeatable=repeatable,
            passed=NOT_FOUND | REFUSED,
        )


def _granted(answer: HostResponse) -> HostResponse:
    """The answer, unless it is a 401."""
    if answer.status != HTTPStatus.UNAUTHORIZED:
        return answer
    try:
        is_known = parse_is_known_account(answer.json())
    except HostUnavailable:
        is_known = False
    if is_known:
        raise HostForbidden(status=answer.status)
    raise IntegrationBroken


def type_key(answer: HostResponse) -> str:
    """The host's name for an error ("GitItemNotFoundException"); "" where it gives none."""
    try:
        return parse_type_key(answer.json())
    except HostUnavailable:
        return ""
