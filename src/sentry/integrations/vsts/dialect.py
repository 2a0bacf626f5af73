"""How Azure DevOps speaks HTTP: its headers, pages and rate limits. Pure.

Source: "Rate and usage limits" in Microsoft's documentation.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from sentry.integrations.source_code_management.http_answers import HostResponse, seconds_of
from sentry.integrations.source_code_management.http_limits import Limit, Quota, header_quota

CONTINUATION = "x-ms-continuationtoken"
_UNTOLD_WAIT = 60.0


class VstsDialect:
    """Fulfils ``HostDialect`` and ``QuotaDialect``."""

    provider = "vsts"

    def headers(self) -> dict[str, str]:
        """Headers of every request; the last one asks for a status in place of a sign-in page."""
        return {
            "accept": "application/json",
            "user-agent": "sentry",
            "x-tfs-fedauthredirect": "Suppress",
        }

    def bucket(self, path: str) -> str:  # noqa: ARG002 -- the Protocol's
        """Azure DevOps counts everything that a caller does together."""
        return "core"

    def limit(self, response: HostResponse, *, bucket: str, now: float) -> Limit | None:
        """A 429, or the wish for a pause that comes with a success whose answer was delayed."""
        asked = seconds_of(response.headers.get("retry-after"), now=now)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            told = asked if asked is not None else _until_reset(response.headers, now=now)
            return Limit(seconds=_UNTOLD_WAIT if told is None else told, bucket=bucket)
        if response.status < HTTPStatus.MULTIPLE_CHOICES and asked is not None:
            return Limit(seconds=asked, bucket=bucket, refused=False)
        return None

    def quota(self, response: HostResponse, *, now: float) -> Quota | None:
        """The ``X-RateLimit`` headers. They count units of which a small request takes a part."""
        return header_quota(response.headers, "x-ratelimit", now=now)

    def lacking(self, response: HostResponse) -> str:  # noqa: ARG002 -- the Protocol's
        """The host does not tell."""
        return ""

    def next_page(self, response: HostResponse) -> str | None:
        """The page that was asked for, with the token that the answer's header holds."""
        token = response.headers.get(CONTINUATION)
        if not token:
            return None
        parts = urlsplit(response.url)
        kept = [(key, value) for key, value in parse_qsl(parts.query) if key != "continuationToken"]
        query = urlencode([*kept, ("continuationToken", token)], quote_via=quote, safe="")
        return parts._replace(query=query).geturl()


def _until_reset(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds until the usage is forgotten, where the answer says when."""
    reset = headers.get("x-ratelimit-reset", "")
    return max(0.0, float(reset) - now) if re.fullmatch("[0-9]{1,12}", reset) else None
