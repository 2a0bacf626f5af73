import json

import pytest

from sentry.integrations.bitbucket.dialect import BitbucketDialect
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_limits import Limit, Quota


def response(status: int, body: bytes = b"{}", **headers: str) -> HostResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HostResponse(status=status, headers=named, body=body)


def test_a_refusal_does_not_say_when_it_ends():
    found = BitbucketDialect().limit(response(429), bucket="api", now=0.0)
    assert found == Limit(seconds=30.0, bucket="api", is_guess=True)
    assert BitbucketDialect().limit(response(403), bucket="api", now=0.0) is None


def test_a_told_wait_is_kept():
    found = BitbucketDialect().limit(response(429, retry_after="7"), bucket="api", now=0.0)
    assert found == Limit(seconds=7.0, bucket="api")


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/2.0/repositories/a/b", "api"),
        ("/2.0/user", "api"),
        ("/2.0/workspaces/a/search/code", "search"),
        ("/2.0/repositories/a/b/hooks", "webhooks"),
        ("/2.0/repositories/a/b/hooks/%7Bx%7D", "webhooks"),
        ("/2.0/repositories/hooks/hooks", "api"),
        ("/2.0/repositories/a/b/src/c0ffee/src/hooks/cart.ts", "api"),
        ("/2.0/repositories/a/b/src/c0ffee/search/code", "api"),
        ("/2.0/repositories/a/b/src/c0ffee/repositories/c/d/hooks", "api"),
    ],
)
def test_webhooks_and_searches_are_counted_apart(path, bucket):
    assert BitbucketDialect().bucket(path) == bucket


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        ({}, None),
        ({"x_ratelimit_limit": "1000"}, None),
        ({"x_ratelimit_limit": "many", "x_ratelimit_nearlimit": "true"}, None),
        (
            {"x_ratelimit_limit": "1000", "x_ratelimit_nearlimit": "true"},
            Quota(remaining=199, limit=1000, reset=2600.0),
        ),
        (
            {"x_ratelimit_limit": "1000", "x_ratelimit_nearlimit": "False"},
            Quota(remaining=1000, limit=1000, reset=2600.0),
        ),
    ],
)
def test_access_tokens_are_told_when_little_is_left(headers, quota):
    assert BitbucketDialect().quota(response(200, **headers), now=1000.0) == quota


@pytest.mark.parametrize(
    ("body", "link"),
    [
        (b'{"next": "https://h/x?ctx=1&page=2"}', "https://h/x?ctx=1&page=2"),
        (b'{"next": ""}', None),
        (b'{"next": null}', None),
        (b"{}", None),
    ],
)
def test_the_next_page_is_in_the_body(body, link):
    assert BitbucketDialect().next_page(response(200, body)) == link


@pytest.mark.parametrize("body", [b"[]", b'{"next": 7}', b"<html>", b"", b'{"next": '])
def test_a_page_that_cannot_be_read(body):
    with pytest.raises(HostUnavailable):
        BitbucketDialect().next_page(response(200, body))


@pytest.mark.parametrize(
    ("status", "detail", "lacking"),
    [
        (403, {"required": ["webhook"], "granted": ["repository"]}, "webhook"),
        (403, {"required": ["read:user:bitbucket", "webhook"]}, "read:user:bitbucket, webhook"),
        (403, {"required": ["webhook"], "granted": ["webhook"]}, ""),
        (403, {"required": ["<b>"]}, ""),
        (403, "webhook", ""),
        (404, {"required": ["webhook"]}, ""),
    ],
)
def test_the_scopes_that_a_refusal_names(status, detail, lacking):
    body = json.dumps({"type": "error", "error": {"detail": detail}}).encode()
    assert BitbucketDialect().lacking(response(status, body)) == lacking


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"Forbidden"'])
def test_a_refusal_that_names_nothing(body):
    assert BitbucketDialect().lacking(response(403, body)) == ""
