"""What may not be written down."""

import json

import pytest

from sentry.utils.scrubbing import FILTERED, is_secret_name, scrub, scrub_text

HEX = "0123456789abcdef" * 4
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"key sntryu_{HEX} refused", HEX),
        (f"key sntrys_eyJpYXQi_{HEX}+/ refused", HEX),
        (f"GET /api/0/organizations/sapk_{HEX}/ is nothing", HEX),
        (f"GET /api/0/organizations/sntrys_eyJpYXQi%3D_{HEX}%2B/", HEX),
        ("remote: ghp_abcdefghijklmnopqrst0123", "abcdefghijklmnopqrst0123"),
        ("github_pat_11ABCDEFG0123456789_abc", "11ABCDEFG0123456789"),
        ("glpat-abcdefghij0123456789", "abcdefghij0123456789"),
        (f"Authorization: Bearer {HEX}", HEX),
        ("Authorization: Basic dXNlcjpodW50ZXIy", "dXNlcjpodW50ZXIy"),
        (f"x-api-key: {HEX}", HEX),
        ("postgres://sentry:hunter2@db.example:5432/sentry", "hunter2"),
        ("redis://:hunter2@cache.example/0", "hunter2"),
        ("https://0123456789abcdef0123456789abcdef@errors.example/7", "0123456789abcdef0123"),
        (f"GET /x?access_token={HEX}&page=2", HEX),
        ('{"password": "hunter2 and \\"more\\"", "a": 1}', "hunter2"),
        ("{'client_secret': 'hunter2'}", "hunter2"),
        ("connect(user=sentry, password=hunter2)", "hunter2"),
        (f"assertion {JWT}", JWT),
        (PEM, "MIIEow"),
        (PEM[:50], "MIIEow"),
    ],
)
def test_known_forms_of_secrets(text: str, secret: str) -> None:
    assert secret not in scrub_text(text)
    assert FILTERED in scrub_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "scm.sync.done",
        "caller='api_key:12'",
        "there is no such repository",
        "https://github.example/acme/shop/blob/main/a.py#L5",
        "commit 0123456789abcdef0123456789abcdef01234567 by ada@example.com",
        "http://127.0.0.1:8000/api/0/",
        'File "/srv/app/tokens.py", line 5, in new_token',
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrub_text(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "HTTP_AUTHORIZATION",
        "x-api-key",
        "Set-Cookie",
        "client_secret",
        "csrfmiddleware",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["credential", "path", "page_token", "organization_id", "keyboard"]
)
def test_names_that_tell_nothing(name: str) -> None:
    assert not is_secret_name(name)


def test_values_under_such_names_are_left_out_at_every_depth() -> None:
    value = {"a": [{"password": "hunter2", "user": "ada"}], "token": ("x", "y"), "session": None}
    assert scrub(value) == {
        "a": [{"password": FILTERED, "user": "ada"}],
        "token": FILTERED,
        "session": None,
    }


class _Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("hunter2")


def test_everything_becomes_plain_data() -> None:
    loop: dict[str, object] = {}
    loop["again"] = loop
    value = {1: object(), "set": {"a"}, "bad": _Unshowable(), "loop": loop, "bytes": b"\xff"}
    text = json.dumps(scrub(value))
    assert "hunter2" not in text
    assert "_Unshowable that cannot be shown" in text
