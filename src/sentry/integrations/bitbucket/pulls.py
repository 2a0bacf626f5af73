"""The pull requests of a commit, which Bitbucket tells in several requests.

Source: "List pull requests that contain a commit" in the REST API's description. The list needs
an app of the repository (Pull Request Commit Links), which it is given when somebody first
follows a commit's link to its pull request on the pages.
"""

from dataclasses import replace
from http import HTTPStatus
from itertools import islice

from sentry.integrations.bitbucket import parse_pulls
from sentry.integrations.bitbucket.client import BitbucketClient
from sentry.integrations.bitbucket.names import in_repository
from sentry.integrations.source_code_management.errors import (
    HostUnavailable,
    NotFound,
    Unsupported,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.types import (
    Capability,
    PullRequestInfo,
    RepositoryRef,
)

_MOST = 100
_NO_INDEX = (
    "the host has not indexed the repository's pull requests: follow the link from a commit to its"
    " pull request on the host's pages once"
)
_WHILE_INDEXING = 30.0  # seconds


class CommitPulls:
    """Reads the pull requests of commits in one repository."""

    def __init__(self, session: HostSession, client: BitbucketClient, repo: RepositoryRef) -> None:
        """Takes the repository."""
        self._session = session
        self._client = client
        self._repo = repo
        self._known: set[str] = set()  # full ids, which abbreviations may stand for

    def of(self, sha: str) -> list[PullRequestInfo]:
        """Those that a commit (a full id) went through; at most 100.

        A list of numbers, then each pull request, then what its abbreviated commits stand for.

        Raises:
            NotFound: no such commit.
            HostUnavailable: the host is still making its index.
            Unsupported: the repository has no such index.
        """
        self._known.add(sha)
        return [self._complete(self._get(number)) for number in self._numbers(sha)]

    def _numbers(self, sha: str) -> list[int]:
        where = in_repository(self._repo, "/commit/{sha}/pullrequests", sha=sha)
        answer = self._session.get_json(
            where,
            resource="commit",
            query={"pagelen": _MOST},
            passed=frozenset({int(HTTPStatus.NOT_FOUND)}),
        )
        if answer.status == HTTPStatus.ACCEPTED:
            raise HostUnavailable(
                "the host is still indexing the repository's pull requests",
                status=answer.status,
                retry_after=_WHILE_INDEXING,
            )
        if answer.status == HTTPStatus.NOT_FOUND:
            self._client.get_commit(self._repo, sha)  # NotFound where that is the reason
            raise Unsupported("bitbucket", Capability.PULL_REQUESTS, _NO_INDEX)
        return list(islice(parse_pulls.parse_pull_numbers(answer.json()), _MOST))

    def _get(self, number: int) -> PullRequestInfo:
        where = in_repository(self._repo, "/pullrequests/{number}", number=number)
        answer = self._session.get_json(where, resource="pull request")
        return parse_pulls.parse_pull(answer.json())

    def _complete(self, pull: PullRequestInfo) -> PullRequestInfo:
        return replace(
            pull,
            head_sha=self._whole(pull.head_sha),
            merge_sha=self._whole(pull.merge_sha),
        )

    def _whole(self, abbreviation: str) -> str:
        """The id that begins so; the abbreviation itself where the commit is gone."""
        if not abbreviation:
            return ""
        found = next((sha for sha in self._known if sha.startswith(abbreviation)), None)
        if found is None:
            try:
                found = self._client.get_commit(self._repo, abbreviation).sha
            except NotFound:
                return abbreviation
            self._known.add(found)
        return found
