import gzip
import json

import pytest

from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    NotFound,
)
from sentry.integrations.source_code_management.http_answers import (
    BodyReader,
    HostResponse,
    error_of,
    next_link,
    permissions_named,
    seconds_of,
)


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> HostResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HostResponse(status=status, headers=named, body=body)


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "application/vnd.x+JSON"]
)
def test_json_is_read(kind):
    assert answer(body=b'{"a": [1, null]}', content_type=kind).json() == {"a": [1, None]}
    assert answer(body=b"[]").json() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"a": ',
        b"<html>",
        b"NaN",
        b'{"a": Infinity}',
        b"\xff\xfe\xff",
        b"[" * 100_000 + b"]" * 100_000,
        b"1" * 5000,
    ],
    ids=["empty", "half", "html", "nan", "infinity", "bytes", "deep", "long-number"],
)
def test_what_is_no_json_is_unavailable(body):
    with pytest.raises(HostUnavailable) as caught:
        answer(body=body).json()
    assert caught.value.status == 200
    assert caught.value.__cause__ is None


def test_html_is_told_by_its_type():
    with pytest.raises(HostUnavailable, match="other than JSON"):
        answer(body=b"{}", content_type="text/html; charset=utf-8").json()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, type(None)),
        (201, type(None)),
        (204, type(None)),
        (304, HostUnavailable),
        (400, HostRejected),
        (401, IntegrationBroken),
        (403, HostForbidden),
        (404, NotFound),
        (405, HostRejected),
        (408, HostUnavailable),
        (409, HostRejected),
        (410, NotFound),
        (422, HostRejected),
        (451, HostForbidden),
        (500, HostUnavailable),
        (503, HostUnavailable),
        (999, HostUnavailable),
    ],
)
def test_every_status_means_one_thing(status, kind):
    assert type(error_of(answer(status), resource="commit")) is kind


def test_a_permission_that_lacks_is_named():
    plain, told = (error_of(answer(403), resource="commit", needs=it) for it in ("", "contents"))
    assert [str(plain), str(told)] == [
        "the integration's credential may not do this",
        "the integration's credential may not do this: it needs contents",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("contents=read", "contents=read"),
        ("read:user:bitbucket, webhook", "read:user:bitbucket, webhook"),
        ("api or read_api", "api or read_api"),
        ("", ""),
        ("<b>", ""),
        ("contents=read\n", ""),
        ("see https://evil.example", ""),
        ("a" * 201, ""),
    ],
)
def test_only_what_looks_like_permissions_is_passed_on(text, told):
    assert permissions_named(text) == told


def test_a_missing_resource_is_named():
    error = error_of(answer(404), resource="commit")
    assert isinstance(error, NotFound)
    assert error.resource == "commit"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ('<https://h/2>; rel="next", <https://h/9>; rel="last"', "https://h/2"),
        ('<https://h/1>; rel="prev", </x?a=1,2>; rel=next', "/x?a=1,2"),
        ('<https://h/2>; title="x"; rel="last next"', "https://h/2"),
        ('<https://h/2>; rel="nextish"', None),
        ('<https://h/2>; rel="prev"', None),
        ("", None),
        ("nonsense; rel=next", None),
    ],
)
def test_the_next_page_is_found(link, target):
    assert next_link({"link": link}) == target


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:02:00", 20.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("1e9", None),
        ("٣", None),
        ("99999999999999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, seconds):
    assert seconds_of(text, now=100.0) == seconds


def read(*chunks: bytes, encoding: str = "", limit: int = 100) -> tuple[bytes, bool]:
    reader = BodyReader(encoding=encoding, limit=limit)
    for chunk in chunks:
        reader.feed(chunk)
    return reader.close(), reader.full


def test_a_body_is_read_up_to_its_limit():
    assert read(b"ab", b"", b"cd") == (b"abcd", False)
    assert read(b"x" * 60, b"y" * 40) == (b"x" * 60 + b"y" * 40, False)
    assert read(b"x" * 60, b"y" * 41) == (b"x" * 60 + b"y" * 40, True)
    assert read(b"x" * 101, b"more") == (b"x" * 100, True)


@pytest.mark.parametrize("size", [0, 1, 99, 100, 65_536, 65_537, 300_000])
def test_gzip_is_decompressed_in_any_cut(size):
    packed = gzip.compress(json.dumps("é" * size).encode())
    whole = json.dumps("é" * size).encode()
    chunks = [packed[i : i + 7] for i in range(0, len(packed), 7)]
    assert read(*chunks, encoding="gzip", limit=10**7) == (whole, False)
    assert read(packed, encoding="X-GZIP", limit=10**7) == (whole, False)


def test_a_bomb_is_cut_at_the_limit():
    packed = gzip.compress(b"\0" * 50_000_000)
    body, full = read(packed, encoding="gzip", limit=1000)
    assert (len(body), full) == (1000, True)


def test_an_empty_body_needs_no_compression():
    assert read(encoding="gzip") == (b"", False)
    assert read(b"", encoding="gzip") == (b"", False)


@pytest.mark.parametrize(
    "packed",
    [b"not gzip", gzip.compress(b"abc")[:-3], gzip.compress(b"abc") + b"more", b"\x1f"],
    ids=["other", "short", "long", "one-byte"],
)
def test_broken_compression_is_unavailable(packed):
    with pytest.raises(HostUnavailable, match="compressed"):
        read(packed, encoding="gzip")


def test_an_encoding_that_was_not_asked_for_is_unavailable():
    with pytest.raises(HostUnavailable):
        BodyReader(encoding="br", limit=10)


def test_a_response_shows_neither_headers_nor_body():
    text = repr(answer(body=b"content", set_cookie="secret"))
    assert "content" not in text
    assert "secret" not in text
