"""How Bitbucket speaks HTTP: its headers, pages and rate limits.

Source: "API request limits" on support.atlassian.com, and "Pagination" in the introduction to the
REST API on developer.atlassian.com.
"""

import re
import threading
from collections import OrderedDict
from http import HTTPStatus

from sentry.integrations.bitbucket.parse import next_link, parse_missing_scopes
from sentry.integrations.source_code_management.http_answers import (
    HostResponse,
    permissions_named,
    seconds_of,
)
from sentry.integrations.source_code_management.http_limits import Limit, Quota
from sentry.integrations.source_code_management.json_reader import json_or_none

_FIRST_WAIT, _LONGEST_WAIT = 30.0, 1800.0  # seconds; the window rolls over an hour
_REMEMBERED = 1000
_HOUR = 3600.0


class Refusals:
    """How often in a row each credential was refused for a limit. Safe for use by many threads."""

    def __init__(self) -> None:
        """Knows of none."""
        self._counts: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = threading.Lock()

    def another(self, identity: str, bucket: str) -> int:
        """Counts one more, and says how many there were before it."""
        with self._lock:
            before = self._counts.pop((identity, bucket), 0)
            self._counts[identity, bucket] = before + 1
            if len(self._counts) > _REMEMBERED:
                self._counts.popitem(last=False)
            return before

    def over(self, identity: str, bucket: str) -> None:
        """A request was let through."""
        with self._lock:
            self._counts.pop((identity, bucket), None)


_refusals = Refusals()


class BitbucketDialect:
    """Fulfils ``HostDialect``. ``identity`` is the digest of the credential that it speaks with."""

    provider = "bitbucket"

    def __init__(self, identity: str = "", refusals: Refusals = _refusals) -> None:
        """Takes what counts this credential's refusals; the process has one."""
        self._identity = identity
        self._refusals = refusals

    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        return {"accept": "application/json", "user-agent": "sentry"}

    def bucket(self, path: str) -> str:
        """Bitbucket counts webhooks and searches apart from the rest.

        Workspaces, repositories and folders may have these names, too.
        """
        _, is_of_repository, names = path.partition("/repositories/")
        if is_of_repository:
            return "webhooks" if names.split("/")[2:3] == ["hooks"] else "api"
        return "search" if path.endswith("/search/code") else "api"

    def limit(self, response: HostResponse, *, bucket: str, now: float) -> Limit | None:
        """A 429, which does not say when it ends: twice as long as the one before it."""
        if response.status != HTTPStatus.TOO_MANY_REQUESTS:
            if response.status < HTTPStatus.BAD_REQUEST:
                self._refusals.over(self._identity, bucket)
            return None
        before = self._refusals.another(self._identity, bucket)
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(before, 10))
        told = seconds_of(response.headers.get("retry-after"), now=now)
        return Limit(seconds=wait if told is None else told, bucket=bucket)

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
