"""How Bitbucket Data Center speaks HTTP. Pure.

Source: "Improving instance stability with rate limiting" in its documentation.
"""

from sentry.integrations.source_code_management.http_answers import HostResponse, seconds_of
from sentry.integrations.source_code_management.http_limits import Limit, Quota

# A refusal does not say how long; the bucket gets five tokens a second unless an operator says
# otherwise, so that a second is worth a try.
_REFILL = 1.0
_TOO_MANY = 429


class BitbucketServerDialect:
    """Fulfils ``HostDialect``."""

    provider = "bitbucket_server"

    def headers(self) -> dict[str, str]:
        """Headers of every request; the last one says that no browser sends it."""
        return {
            "accept": "application/json",
            "user-agent": "sentry",
            "x-atlassian-token": "no-check",
        }

    def bucket(self, path: str) -> str:  # noqa: ARG002 -- the Protocol's
        """One bucket of tokens for each user, whatever is asked."""
        return ""

    def limit(self, response: HostResponse, *, bucket: str, now: float) -> Limit | None:
        """A 429; should a proxy before the host say how long, that counts."""
        if response.status != _TOO_MANY:
            return None
        asked = seconds_of(response.headers.get("retry-after"), now=now)
        return Limit(seconds=_REFILL if asked is None else asked, bucket=bucket)

    def quota(self, response: HostResponse, *, now: float) -> Quota | None:  # noqa: ARG002 -- the Protocol's
        """The host does not tell."""
        return None

    def lacking(self, response: HostResponse) -> str:  # noqa: ARG002 -- the Protocol's
        """The host does not tell."""
        return ""

    def next_page(self, response: HostResponse) -> str | None:  # noqa: ARG002 -- the Protocol's
        """The host gives no links: the client counts pages by their ``start``."""
        return None
