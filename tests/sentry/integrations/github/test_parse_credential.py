"""What GitHub says of a credential, and what that lacks."""

import pytest

from sentry.integrations.github.parse_credential import parse_installation, parse_user
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import CredentialCheck

USER: dict[str, Json] = {"login": "dora", "id": 42, "type": "User"}
ALL = {"contents": "read", "issues": "write", "metadata": "read", "pull_requests": "read"}


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        (None, ()),
        ("repo, workflow", ()),
        ("gist,public_repo", ()),
        ("", ("repo",)),
        ("repo:status, read:user", ("repo",)),
    ],
)
def test_a_token(scopes, missing):
    headers = {} if scopes is None else {"x-oauth-scopes": scopes}
    wanted = CredentialCheck(account="dora", missing=missing, identity="user-42")
    assert parse_user(USER, headers) == wanted


@pytest.mark.parametrize(
    ("permissions", "missing"),
    [
        (ALL, ()),
        ({**ALL, "contents": "write", "metadata": "admin", "members": "read"}, ()),
        ({**ALL, "issues": "read"}, ("issues: write",)),
        ({"metadata": "read"}, ("contents: read", "issues: write", "pull_requests: read")),
        ({"contents": ["odd"], "issues": None}, tuple(f"{k}: {v}" for k, v in ALL.items())),
    ],
)
def test_an_installation(permissions, missing):
    found = parse_installation(
        {"id": 7, "account": {"login": "acme"}, "permissions": permissions, "suspended_at": None}
    )
    assert found.check == CredentialCheck(account="acme", missing=missing, identity="7")
    assert not found.is_suspended


@pytest.mark.parametrize(
    ("account", "name"),
    [({"slug": "big"}, "big"), ({}, "installation 7"), (None, "installation 7")],
)
def test_accounts_of_other_kinds(account, name):
    when = "2026-01-01T00:00:00Z"
    value = {"id": 7, "account": account, "permissions": ALL, "suspended_at": when}
    found = parse_installation(value)
    assert (found.check.account, found.is_suspended) == (name, True)


@pytest.mark.parametrize(
    "value", [None, [], {}, {"id": "7"}, {**USER, "id": True}, {**USER, "login": 1}, {"id": 7}]
)
def test_other_shapes(value):
    with pytest.raises(HostUnavailable):
        parse_user(value, {})
    with pytest.raises(HostUnavailable):
        parse_installation(value)
