"""How GitLab speaks HTTP: its headers, pages and rate limits. Pure.

Source: "REST API" and "Rate limits" in GitLab's documentation.
"""

import re
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sentry.integrations.gitlab.parse import parse_lacking_scopes
from sentry.integrations.source_code_management.http_answers import (
    HostResponse,
    next_link,
    permissions_named,
    seconds_of,
)
from sentry.integrations.source_code_management.http_limits import Limit, Quota, header_quota
from sentry.integrations.source_code_management.json_reader import json_or_none

_UNKNOWN_WAIT = 60.0  # GitLab counts by the minute
# Retry-After is sometimes wrong; no limit of GitLab's lasts longer than this.
_LONGEST_WAIT = 3600.0
_PREFIX = "ratelimit"
# A branch may be called "search", too; a project's path is one segment.
_SEARCH = re.compile(r"/projects/[^/]+/search$")


class GitLabDialect:
    """Fulfils ``HostDialect``."""

    provider = "gitlab"

    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        return {"accept": "application/json", "user-agent": "sentry"}

    def bucket(self, path: str) -> str:
        """GitLab counts files and searches apart from the rest."""
        if "/repository/files/" in path:
            return "files"
        return "search" if _SEARCH.search(path) else "core"

    def limit(self, response: HostResponse, *, bucket: str, now: float) -> Limit | None:
        """A 429, whatever its body is; or an answer that was the last one allowed."""
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return Limit(seconds=self._wait(response, now=now), bucket=bucket)
        quota = self.quota(response, now=now)
        if quota is None or quota.remaining > 0:
            return None
        wait = _UNKNOWN_WAIT if quota.reset is None else min(quota.reset, _LONGEST_WAIT)
        return Limit(seconds=wait, bucket=bucket, refused=False)

    def _wait(self, response: HostResponse, *, now: float) -> float:
        """Retry-After where it makes sense, else the time of the limit's reset, else a minute."""
        asked = seconds_of(response.headers.get("retry-after"), now=now)
        quota = self.quota(response, now=now)
        for wait in (asked, quota.reset if quota else None):
            if wait is not None and 0 < wait <= _LONGEST_WAIT:
                return wait
        return _UNKNOWN_WAIT

    def quota(self, response: HostResponse, *, now: float) -> Quota | None:
        """The ``RateLimit`` headers; a GitLab without limits sends none."""
        return header_quota(response.headers, _PREFIX, now=now)

    def lacking(self, response: HostResponse) -> str:
        """The ``scope`` of an ``insufficient_scope`` (RFC 6750): any one of them would do."""
        if response.status != HTTPStatus.FORBIDDEN:
            return ""
        return permissions_named(" or ".join(parse_lacking_scopes(json_or_none(response.body))))

    def next_page(self, response: HostResponse) -> str | None:
        """The ``Link`` header's ``rel="next"``; without one, the page of ``X-Next-Page``."""
        link = next_link(response.headers)
        number = response.headers.get("x-next-page", "").strip()
        if link is not None or not re.fullmatch("[0-9]{1,9}", number):
            return link
        parts = urlsplit(response.url)
        query = [
            pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "page"
        ]
        return urlunsplit(parts._replace(query=urlencode([*query, ("page", number)])))
