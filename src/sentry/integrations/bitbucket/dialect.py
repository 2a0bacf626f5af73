"""How Bitbucket speaks HTTP: its headers, pages and rate limits. Pure.

Source: "API request limits" on support.atlassian.com, and "Pagination" in the introduction to the
REST API on developer.atlassian.com.
"""

import re
from http import HTTPStatus

from sentry.integrations.bitbucket.parse import next_link, parse_missing_scopes
from sentry.integrations.source_code_management.http_answers import (
    HostResponse,
    permissions_named,
    seconds_of,
)
from sentry.integrations.source_code_management.http_limits import Limit, Quota
from sentry.integrations.source_code_management.json_reader import json_or_none

_FIRST_WAIT = 30.0  # seconds; the window rolls over an hour
_HOUR = 3600.0
_SEARCH = re.compile(r"(?:/2\.0)?/workspaces/[^/]+/search/code")
_HOOKS = re.compile(r"(?:/2\.0)?/repositories/[^/]+/[^/]+/hooks(?:/[^/]+)?")


class BitbucketDialect:
    """Fulfils ``HostDialect``."""

    provider = "bitbucket"

    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        return {"accept": "application/json", "user-agent": "sentry"}

    def bucket(self, path: str) -> str:
        """Bitbucket counts webhooks and searches apart from the rest.

        Workspaces, repositories and folders may have these names, too.
        """
        if _SEARCH.fullmatch(path):
            return "search"
        return "webhooks" if _HOOKS.fullmatch(path) else "api"

    def limit(self, response: HostResponse, *, bucket: str, now: float) -> Limit | None:
        """A 429, which as a rule does not say when it ends."""
        if response.status != HTTPStatus.TOO_MANY_REQUESTS:
            return None
        told = seconds_of(response.headers.get("retry-after"), now=now)
        if told is not None:
            return Limit(seconds=told, bucket=bucket)
        return Limit(seconds=_FIRST_WAIT, bucket=bucket, is_guess=True)

    def quota(self, response: HostResponse, *, now: float) -> Quota | None:
        """What access tokens are told: how many there are an hour, and whether under 20 % are left.

        The hour rolls, and no answer says when it does: the next full one stands for it.
        """
        text = response.headers.get("x-ratelimit-limit", "")
        near = response.headers.get("x-ratelimit-nearlimit", "").lower()
        if not re.fullmatch("[0-9]{1,9}", text) or near not in ("true", "false"):
            return None
        remaining = max(0, int(text) // 5 - 1) if near == "true" else int(text)
        return Quota(remaining=remaining, limit=int(text), reset=_HOUR - now % _HOUR)

    def lacking(self, response: HostResponse) -> str:
        """The scopes that a 403 says are required and not granted."""
        if response.status != HTTPStatus.FORBIDDEN:
            return ""
        return permissions_named(", ".join(parse_missing_scopes(json_or_none(response.body))))

    def next_page(self, response: HostResponse) -> str | None:
        """The body's ``next``."""
        return next_link(response.json())
