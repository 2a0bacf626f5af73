"""How the host's headers are read."""

import pytest

from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_limits import Limit, Quota
from sentry.integrations.vsts.dialect import VstsDialect

NOW = 1_700_000_000.0
DIALECT = VstsDialect()


def answer(status: int = 200, **headers: str) -> HostResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HostResponse(status=status, headers=named, body=b"", url="https://h/a?b=c%20d")


@pytest.mark.parametrize(
    ("response", "limit"),
    [
        (answer(), None),
        (answer(x_ratelimit_remaining="0"), None),
        (answer(retry_after="5"), Limit(seconds=5.0, bucket="core", refused=False)),
        (answer(retry_after="soon"), None),
        (answer(429, retry_after="30"), Limit(seconds=30.0, bucket="core")),
        (answer(429, x_ratelimit_reset="1700000042"), Limit(seconds=42.0, bucket="core")),
        (answer(429, x_ratelimit_reset="1600000000"), Limit(seconds=0.0, bucket="core")),
        (answer(429, x_ratelimit_reset="never"), Limit(seconds=60.0, bucket="core")),
        (answer(429), Limit(seconds=60.0, bucket="core")),
        (answer(503, retry_after="5"), None),
        (answer(403), None),
    ],
)
def test_limits(response, limit):
    assert DIALECT.limit(response, bucket="core", now=NOW) == limit


@pytest.mark.parametrize(
    ("text", "left"),
    [("17", 17), ("0", 0), ("", None), ("-1", None), ("x", None)],
)
def test_what_is_left(text, left):
    quota = DIALECT.quota(answer(x_ratelimit_remaining=text), now=NOW)
    assert (quota.remaining if quota else None) == left


def test_what_is_left_of_how_much_and_until_when():
    told = answer(
        x_ratelimit_remaining="17", x_ratelimit_limit="200", x_ratelimit_reset="1700000300"
    )
    assert DIALECT.quota(told, now=NOW) == Quota(remaining=17, limit=200, reset=300.0)
    assert DIALECT.quota(answer(), now=NOW) is None


def test_the_next_page_is_this_one_with_the_token():
    assert DIALECT.next_page(answer()) is None
    token = answer(x_ms_continuationtoken="a&b=c")
    first = DIALECT.next_page(token)
    assert first == "https://h/a?b=c%20d&continuationToken=a%26b%3Dc"
    again = HostResponse(
        status=200, headers={"x-ms-continuationtoken": "2"}, body=b"", url=first or ""
    )
    assert DIALECT.next_page(again) == "https://h/a?b=c%20d&continuationToken=2"


def test_everything_is_counted_together():
    assert DIALECT.bucket("/acme/_apis/projects") == DIALECT.bucket("/acme/p/_apis/wit/wiql")
    assert DIALECT.headers()["accept"] == "application/json"
