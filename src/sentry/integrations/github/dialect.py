"""How GitHub speaks HTTP: its headers, pages and rate limits. Pure.

Source: "Best practices for using the REST API" and "Rate limits" in GitHub's documentation.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus

from sentry.integrations.source_code_management.http_answers import (
    HostResponse,
    next_link,
    permissions_named,
    seconds_of,
)
from sentry.integrations.source_code_management.http_limits import Limit, Quota, header_quota

_API_VERSION = "2022-11-28"
_MIN_SECONDARY = 60.0  # "wait for at least one minute", then exponentially longer
_LIMIT_STATUSES = frozenset({403, 429})
_LACKING_TEXT = re.compile(rb"Resource not accessible by ")
# What is asked of a repository goes on with names that people choose.
_OF_A_REPOSITORY = re.compile(r"/(?:repos|repositories)/")
_LIMIT_TEXT = re.compile(rb"rate limit|abuse detection", re.IGNORECASE)


class GitHubDialect:
    """Fulfils ``HostDialect``."""

    provider = "github"

    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        return {
            "accept": "application/vnd.github+json",
            "x-github-api-version": _API_VERSION,
            "user-agent": "sentry",
        }

    def bucket(self, path: str) -> str:
        """GitHub counts GraphQL, searches of code and other searches apart from the rest."""
        if _OF_A_REPOSITORY.search(path):
            return "core"
        if path.endswith("/graphql"):
            return "graphql"
        if path.endswith("/search/code"):
            return "code_search"
        return "search" if "/search/" in path else "core"

    def limit(self, response: HostResponse, *, bucket: str, now: float) -> Limit | None:
        """Reads the primary limit from the headers, the secondary one from header or body too."""
        primary = _primary_wait(response.headers, now=now)
        if response.status in _LIMIT_STATUSES:
            return _refusal(response, bucket=bucket, primary=primary, now=now)
        if primary is not None:
            return Limit(seconds=primary, bucket=bucket, refused=False)
        return None

    def quota(self, response: HostResponse, *, now: float) -> Quota | None:
        """The ``x-ratelimit`` headers; a GitHub without limits sends none."""
        return header_quota(response.headers, "x-ratelimit", now=now)

    def lacking(self, response: HostResponse) -> str:
        """``x-accepted-github-permissions``, which Apps and fine-grained tokens are told.

        It comes with every answer, so that the text has to say that a permission is the cause.
        """
        if response.status != HTTPStatus.FORBIDDEN or not _LACKING_TEXT.search(response.body):
            return ""
        told = response.headers.get("x-accepted-github-permissions", "")
        return permissions_named(" or ".join(part.strip() for part in told.split(";")))

    def next_page(self, response: HostResponse) -> str | None:
        """The ``Link`` header's ``rel="next"``."""
        return next_link(response.headers)


def _primary_wait(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds until the window ends, where it is used up; None where it is not."""
    if headers.get("x-ratelimit-remaining") != "0":
        return None
    reset = headers.get("x-ratelimit-reset", "")
    if not re.fullmatch("[0-9]{1,12}", reset):
        return _MIN_SECONDARY
    return max(0.0, float(reset) - now)


def _refusal(
    response: HostResponse, *, bucket: str, primary: float | None, now: float
) -> Limit | None:
    """A 403 is a limit only where something says so; a 429 always is."""
    asked = seconds_of(response.headers.get("retry-after"), now=now)
    if asked is not None:
        return Limit(seconds=asked)
    if primary is not None:
        return Limit(seconds=primary, bucket=bucket)
    if response.status != 403 or _LIMIT_TEXT.search(response.body):  # noqa: PLR2004
        return Limit(seconds=_MIN_SECONDARY, is_guess=True)
    return None
