"""How GitLab speaks HTTP: pages, limits and buckets."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from sentry.integrations.gitlab.dialect import GitLabDialect
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_limits import Limit

DIALECT = GitLabDialect()
NOW = 1_800_000_000.0
URL = "https://gitlab.com/api/v4/projects?per_page=2&page=1&search=a%20b"


def answer(
    headers: Mapping[str, str] | None = None, *, status: int = 200, body: bytes = b""
) -> HostResponse:
    return HostResponse(status=status, headers=dict(headers or {}), body=body, url=URL)


def left(count: int, reset: float | None = None) -> dict[str, str]:
    when = {} if reset is None else {"ratelimit-reset": str(int(NOW + reset))}
    return {"ratelimit-remaining": str(count), "ratelimit-limit": "100", **when}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "7", **left(0, 30)}, 7.0),
        ({"retry-after": "0", **left(0, 30)}, 30.0),
        ({"retry-after": "soon", **left(0, 30)}, 30.0),
        ({"retry-after": "86400", **left(0, 30)}, 30.0),
        ({"retry-after": "86400"}, 60.0),
        ({"retry-after": "-5"}, 60.0),
        (left(0, -30), 60.0),
        (left(0), 60.0),
        ({}, 60.0),
    ],
)
def test_how_long_a_refusal_lasts(headers, seconds):
    refused = answer(
        {"content-type": "text/html", **headers}, status=429, body=b"<html>Retry later</html>"
    )
    assert DIALECT.limit(refused, bucket="core", now=NOW) == Limit(seconds=seconds, bucket="core")


def test_a_time_to_retry_may_be_a_date():
    when = format_datetime(datetime.fromtimestamp(NOW + 90, UTC), usegmt=True)
    limit = DIALECT.limit(answer({"retry-after": when}, status=429), bucket="files", now=NOW)
    assert limit == Limit(seconds=90.0, bucket="files")


def test_the_last_request_that_is_allowed_is_noticed():
    used = DIALECT.limit(answer(left(0, 20)), bucket="core", now=NOW)
    assert used == Limit(seconds=20.0, bucket="core", refused=False)
    assert DIALECT.limit(answer(left(1, 20)), bucket="core", now=NOW) is None
    assert DIALECT.limit(answer(status=403), bucket="core", now=NOW) is None
    assert DIALECT.limit(answer(), bucket="core", now=NOW) is None


def test_what_is_left_is_told():
    quota = DIALECT.quota(answer(left(5, 20)), now=NOW)
    assert quota is not None
    assert (quota.remaining, quota.limit, quota.reset) == (5, 100, 20.0)
    assert DIALECT.quota(answer({"ratelimit-remaining": "many"}), now=NOW) is None


def test_the_page_that_follows():
    link = '<https://gitlab.com/api/v4/projects?id_after=3>; rel="next", <x>; rel="last"'
    assert DIALECT.next_page(answer({"link": link, "x-next-page": "9"})) == (
        "https://gitlab.com/api/v4/projects?id_after=3"
    )
    assert DIALECT.next_page(answer({"x-next-page": "2"})) == (
        "https://gitlab.com/api/v4/projects?per_page=2&search=a+b&page=2"
    )
    for headers in ({}, {"x-next-page": ""}, {"x-next-page": "two"}, {"link": '<x>; rel="prev"'}):
        assert DIALECT.next_page(answer(headers)) is None


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/api/v4/projects/7/repository/files/a%2Fsearch/blame", "files"),
        ("/api/v4/projects/7/search", "search"),
        ("/api/v4/projects/7/issues", "core"),
        ("/api/v4/projects/a%2Fb/search", "search"),
        ("/api/v4/projects/a%2Fsearch", "core"),
        ("/api/v4/projects/7/repository/commits/search", "core"),
    ],
)
def test_parts_of_the_api_have_limits_of_their_own(path, bucket):
    assert DIALECT.bucket(path) == bucket


@pytest.mark.parametrize(
    ("status", "body", "lacking"),
    [
        (403, b'{"error": "insufficient_scope", "scope": "api read_api"}', "api or read_api"),
        (403, b'{"error": "insufficient_scope"}', ""),
        (403, b'{"error": "insufficient_scope", "scope": ["api"]}', ""),
        (403, b'{"error": "insufficient_scope", "scope": "<b>"}', ""),
        (403, b'{"error": "invalid_token", "scope": "api"}', ""),
        (403, b'{"message": "403 Forbidden"}', ""),
        (403, b"<html>", ""),
        (403, b"[]", ""),
        (404, b'{"error": "insufficient_scope", "scope": "api"}', ""),
    ],
)
def test_the_scopes_that_a_refusal_names(status, body, lacking):
    assert DIALECT.lacking(answer(status=status, body=body)) == lacking
