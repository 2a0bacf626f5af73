import json

import pytest

from sentry.integrations.github.dialect import GitHubDialect
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_limits import Limit

SECONDARY = b'{"message": "You have exceeded a secondary rate limit."}'


def limit(status: int, body: bytes = b"{}", **headers: str) -> Limit | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = HostResponse(status=status, headers=named, body=body)
    return GitHubDialect().limit(response, bucket="core", now=1000.0)


def test_a_refusal_without_a_word_of_limits_is_none():
    assert limit(403) is None
    assert limit(403, x_ratelimit_remaining="12") is None
    assert limit(404, SECONDARY) is None
    assert limit(200, SECONDARY, x_ratelimit_remaining="12") is None


@pytest.mark.parametrize("status", [403, 429])
def test_the_primary_limit_lasts_until_its_reset(status):
    found = limit(status, x_ratelimit_remaining="0", x_ratelimit_reset="1090")
    assert found == Limit(seconds=90.0, bucket="core")
    found = limit(status, x_ratelimit_remaining="0", x_ratelimit_reset="900")
    assert found == Limit(seconds=0.0, bucket="core")
    found = limit(status, x_ratelimit_remaining="0", x_ratelimit_reset="soon")
    assert found == Limit(seconds=60.0, bucket="core")


@pytest.mark.parametrize("status", [403, 429])
def test_the_secondary_limit_covers_everything_and_comes_with_points_left(status):
    found = limit(status, SECONDARY, x_ratelimit_remaining="4000", retry_after="30")
    assert found == Limit(seconds=30.0)
    untold = Limit(seconds=60.0, is_guess=True)
    assert limit(status, SECONDARY, x_ratelimit_remaining="4000") == untold
    old = b"You have triggered an abuse detection mechanism."
    assert limit(status, old) == untold
    assert limit(429) == untold


def test_a_host_without_limits_sends_no_headers():
    assert limit(200) is None


def test_the_last_point_of_a_window_is_noticed_on_a_success():
    found = limit(200, x_ratelimit_remaining="0", x_ratelimit_reset="1090")
    assert found == Limit(seconds=90.0, bucket="core", refused=False)


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/graphql", "graphql"),
        ("/api/graphql", "graphql"),
        ("/api/v3/search/issues", "search"),
        ("/search/code", "code_search"),
        ("/repos/a/graphql/commits", "core"),
        ("/repos/a/graphql", "core"),
        ("/repositories/7/commits/graphql", "core"),
        ("/repositories/7/contents/src/search/code", "core"),
        ("/api/v3/repos/a/b/contents/search/index.py", "core"),
    ],
)
def test_graphql_and_searches_are_counted_apart(path, bucket):
    assert GitHubDialect().bucket(path) == bucket


@pytest.mark.parametrize(
    ("status", "message", "accepted", "lacking"),
    [
        (403, "Resource not accessible by integration", "contents=read", "contents=read"),
        (
            403,
            "Resource not accessible by personal access token",
            "issues=write; pull_requests=write,contents=read",
            "issues=write or pull_requests=write,contents=read",
        ),
        (403, "Resource not accessible by integration", "", ""),
        (403, "Resource not accessible by integration", "<b>contents</b>", ""),
        (403, "Repository was archived so is read-only.", "contents=write", ""),
        (404, "Resource not accessible by integration", "contents=read", ""),
        (200, "Resource not accessible by integration", "contents=read", ""),
    ],
)
def test_the_permission_that_a_refusal_names(status, message, accepted, lacking):
    response = HostResponse(
        status=status,
        headers={"x-accepted-github-permissions": accepted},
        body=json.dumps({"message": message}).encode(),
    )
    assert GitHubDialect().lacking(response) == lacking
