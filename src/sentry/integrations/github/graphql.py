"""GitHub's calls to GraphQL, which has blame: one query, one call, a parse."""

import time
from collections.abc import Sequence
from http import HTTPStatus
from math import ceil

from sentry.integrations.github.blame import FILES_PER_QUERY, blame_in_batches
from sentry.integrations.github.endpoints import Endpoints
from sentry.integrations.github.parse import parse_identifier
from sentry.integrations.github.parse_blame import (
    BlameAnswer,
    BlamedFile,
    BlameTarget,
    TooHeavy,
    blame_query,
    blame_variables,
    parse_blame,
)
from sentry.integrations.github.repositories import GitHubRepositories
from sentry.integrations.source_code_management.errors import (
    HostGaveUp,
    HostRateLimited,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import RepositoryRef

# The gateway's answers for a query that ran into GitHub's ten seconds, or that it dropped sooner.
_GAVE_UP = frozenset({int(HTTPStatus.BAD_GATEWAY), int(HTTPStatus.GATEWAY_TIMEOUT)})
_QUICK = 5.0  # seconds


class GitHubGraphQL:
    """A part of ``GitHubClient``."""

    def __init__(
        self, session: HostSession, endpoints: Endpoints, repositories: GitHubRepositories
    ) -> None:
        """Shares the client's session."""
        self._session = session
        self._where = endpoints.graphql
        self._repositories = repositories

    def get_blame(
        self, repo: RepositoryRef, targets: Sequence[BlameTarget]
    ) -> list[BlamedFile | ScmError]:
        """The blame of many files, each answer at its place.

        GraphQL finds a repository by its name alone. The answer tells its id: where that is not
        the one that is meant, the present name is asked for, and the query repeated with it.
        """
        named = _NamedRepository(repo, self._repositories)
        self._session.expect(self._where, requests=ceil(len(targets) / FILES_PER_QUERY))
        return blame_in_batches(targets, lambda part: self._blame(named, part))

    def _blame(
        self, named: "_NamedRepository", targets: Sequence[BlameTarget]
    ) -> list[BlameAnswer]:
        answers = self._ask(named, targets)
        if all(_is_elsewhere(answer) for answer in answers) and named.correct():
            return self._ask(named, targets)
        return answers

    def _ask(self, named: "_NamedRepository", targets: Sequence[BlameTarget]) -> list[BlameAnswer]:
        body: Json = {
            "query": blame_query(len(targets)),
            "variables": blame_variables(named.name.owner, named.name.name, targets),
        }
        began = time.monotonic()
        answer = self._send(body)
        # A single file has no smaller question: what did not take GitHub's time is asked again.
        if answer is None and len(targets) == 1 and time.monotonic() - began < _QUICK:
            answer = self._send(body)
        if answer is None:
            return [TooHeavy()] * len(targets)
        try:
            return parse_blame(answer.json(), len(targets), repository_id=named.id)
        except HostRateLimited:
            raise self._session.limited(answer) from None

    def _send(self, body: Json) -> HostResponse | None:
        """The answer to a query; None where GitHub gave it up, or was too slow."""
        try:
            answer = self._session.request(
                "POST",
                self._where,
                resource="repository",
                json=body,
                repeatable=True,
                heavy=True,
                passed=_GAVE_UP,
            )
        except HostGaveUp:
            return None
        return None if answer.status in _GAVE_UP else answer


class _NamedRepository:
    """A repository with the name that it is believed to have, which is corrected once at most."""

    def __init__(self, repo: RepositoryRef, repositories: GitHubRepositories) -> None:
        self._repo = repo
        self._repositories = repositories
        self._is_current = not repo.external_id
        self.id = repo.external_id
        self.name = parse_identifier(repo.identifier)

    def correct(self) -> bool:
        """Asks for the present name until the host has answered; whether it is another one."""
        if self._is_current:
            return False
        former = self.name
        try:
            self.name = self._repositories.current_name(self._repo)
        except NotFound:
            self._is_current = True
            raise
        self._is_current = True
        return self.name != former


def _is_elsewhere(answer: BlameAnswer) -> bool:
    return isinstance(answer, NotFound) and answer.resource == "repository"
