"""GitHub's calls about webhooks: path, call, parse."""

from http import HTTPStatus
from itertools import islice

from sentry.integrations.github.names import in_repository
from sentry.integrations.github.parse_hooks import find_hook, parse_hook_id
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRejected,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_paths import Route
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import RepositoryRef

_EVENTS: list[Json] = ["push", "pull_request", "repository"]
_PAGES = 10  # GitHub takes 20 webhooks of a repository for each event
_PER_PAGE = 100
_INVALID = int(HTTPStatus.UNPROCESSABLE_ENTITY)


class GitHubHooks:
    """A part of ``GitHubClient``."""

    def __init__(self, session: HostSession) -> None:
        """Shares the client's session."""
        self._session = session

    def register(self, repo: RepositoryRef, *, url: str, secret: str) -> str:
        """Makes the webhook for ``url``, or gives the one that is there our events and secret.

        Raises:
            HostForbidden: the credential may not, or sees no webhooks of the repository.
        """
        known = self._find(repo, url)
        if known:
            return self._update(repo, known, url=url, secret=secret)
        answer = self._session.post_json(
            in_repository(repo, "/hooks"),
            resource="repository",
            json={"name": "web", **_body(url, secret)},
            passed=frozenset({_INVALID}),
        )
        if answer.status == _INVALID:  # somebody has just made it, or GitHub takes no such address
            known = self._find(repo, url)
            if not known:
                raise HostRejected("the host did not take the webhook", status=answer.status)
            return self._update(repo, known, url=url, secret=secret)
        return parse_hook_id(answer.json())

    def unregister(self, repo: RepositoryRef, webhook_id: str) -> None:
        """Ends a webhook; one that is gone is no error.

        Raises:
            InvalidArgument: the id is none of GitHub's.
        """
        try:
            self._session.request(
                "DELETE", self._hook(repo, webhook_id), resource="webhook", repeatable=True
            )
        except NotFound:
            return

    def _find(self, repo: RepositoryRef, url: str) -> str:
        """The id of the webhook with this address; "" without one."""
        pages = self._session.pages(
            in_repository(repo, "/hooks"),
            resource="repository",
            query={"per_page": _PER_PAGE},
        )
        try:
            found = (find_hook(page.json(), url) for page in islice(pages, _PAGES))
            return next((each for each in found if each), "")
        except NotFound:  # GitHub's word for a credential that may not see webhooks
            raise HostForbidden("see webhooks") from None

    def _update(self, repo: RepositoryRef, webhook_id: str, *, url: str, secret: str) -> str:
        answer = self._session.request(
            "PATCH",
            self._hook(repo, webhook_id),
            resource="webhook",
            json=_body(url, secret),
            repeatable=True,
        )
        return parse_hook_id(answer.json())

    def _hook(self, repo: RepositoryRef, webhook_id: str) -> Route:
        if not (webhook_id.isascii() and webhook_id.isdigit()):
            raise InvalidArgument("webhook_id", "must be a number")
        return in_repository(repo, "/hooks/{hook}", hook=webhook_id)


def _body(url: str, secret: str) -> dict[str, Json]:
    return {
        "active": True,
        "events": _EVENTS,
        "config": {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"},
    }
