"""API keys and tokens: shown once, written with mode 600, listed without secrets, revoked."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sentry.actions.credentials import create_user_token
from sentry.integrations.source_code_management.errors import NotFound
from sentry.models import ApiKey, ApiKeyStatus, ApiToken, OrgAuthToken
from sentry.testutils.factories import Factories
from sentry.utils.tokens import hash_token
from tests.sentry.runner.conftest import Sentry

pytestmark = pytest.mark.django_db

type SentryJson = Callable[..., Any]
ACME = ["--organization", "acme"]
ME = ["--kind", "user", "--user", "me@example.com"]


@pytest.fixture(autouse=True)
def _organizations() -> None:
    Factories.create_organization(name="Acme", slug="acme")
    Factories.create_organization(name="Other", slug="other")
    Factories.create_user(email="me@example.com")


def test_an_api_key_is_all_that_standard_output_gets(sentry: Sentry) -> None:
    words = ["--label", "ci", "--scope", "repository:read", "--scope", "event:write"]
    result = sentry("apikey", "create", *ACME, *words)
    row = ApiKey.objects.get()
    assert row.token_hashed == hash_token(result.stdout.strip())
    assert result.stdout == f"{result.stdout.strip()}\n"
    assert row.scope_list == ["event:write", "repository:read"]
    assert f"created API key {row.id}" in result.stderr
    assert result.stdout.strip() not in result.stderr


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_a_key_in_a_file_is_not_shown(sentry: Sentry, tmp_path: Path, extra: list[str]) -> None:
    file = tmp_path / "acme.key"
    words = ["--scopes", "repository:read, event:write", "--token-file", str(file)]
    result = sentry("apikey", "create", *ACME, *words, *extra)
    secret = file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret not in result.output
    assert str(file) in result.stdout
    assert ApiKey.objects.get().token_hashed == hash_token(secret)


def test_an_existing_file_is_not_written(sentry: Sentry, tmp_path: Path) -> None:
    file = tmp_path / "acme.key"
    file.write_text("kept")
    words = ["--scope", "repository:read", "--token-file", str(file)]
    result = sentry("apikey", "create", *ACME, *words, status=1)
    assert f"{file} exists: choose another name, or remove it" in result.stderr
    assert file.read_text() == "kept"
    assert not ApiKey.objects.exists()


def test_no_file_is_left_where_no_key_was_made(sentry: Sentry, tmp_path: Path) -> None:
    file = tmp_path / "acme.key"
    words = ["--scope", "repository:fly", "--token-file", str(file)]
    result = sentry("apikey", "create", *ACME, *words, status=1)
    assert "unknown scope: repository:fly; known are event:admin" in result.stderr
    assert not file.exists()
    assert not ApiKey.objects.exists()


def test_a_scope_is_needed(sentry: Sentry) -> None:
    result = sentry("apikey", "create", *ACME, status=1)
    assert result.stderr == "Error: scopes: at least one is needed\n"


def test_a_long_label_is_refused(sentry: Sentry) -> None:
    words = ["--scope", "org:read", "--label", "x" * 65]
    assert "label: is longer than 64" in sentry("apikey", "create", *ACME, *words, status=1).stderr


def test_keys_are_listed_without_their_secrets(sentry: Sentry, sentry_json: SentryJson) -> None:
    made = sentry_json("apikey", "create", *ACME, "--scope", "org:read", "--label", "ci")
    sentry("apikey", "create", "--organization", "other", "--scope", "org:read")
    (row,) = sentry_json("apikey", "list", *ACME)
    assert {**row, "token": made["token"]} == made
    assert row["ending"] == made["token"][-4:]
    assert row["active"] is True
    table = sentry("apikey", "list", *ACME).stdout
    assert "ci" in table
    assert made["token"] not in table


def test_a_key_is_revoked_by_its_organization_alone(
    sentry: Sentry, sentry_json: SentryJson
) -> None:
    made = sentry_json("apikey", "create", *ACME, "--scope", "org:read")
    number = str(made["id"])
    result = sentry("apikey", "revoke", number, "--organization", "other", status=1)
    assert result.stderr == "Error: API key not found\n"
    assert ApiKey.objects.get().status == ApiKeyStatus.ACTIVE
    assert sentry("apikey", "revoke", number, *ACME).stdout == f"revoked API key {number}\n"
    assert sentry_json("apikey", "list", *ACME)[0]["active"] is False
    sentry("apikey", "revoke", number, *ACME)


def test_an_organization_token(sentry: Sentry, sentry_json: SentryJson) -> None:
    secret = sentry("token", "create", *ACME, "--scope", "org:ci", "--name", "ci").stdout.strip()
    row = OrgAuthToken.objects.get()
    assert secret.startswith("sntrys_")
    assert row.token_hashed == hash_token(secret)
    (listed,) = sentry_json("token", "list", *ACME)
    assert (listed["kind"], listed["label"], listed["active"]) == ("org_token", "ci", True)
    number = str(listed["id"])
    assert (
        "token not found"
        in sentry("token", "revoke", number, "--organization", "other", status=1).stderr
    )
    sentry("token", "revoke", number, *ACME)
    revoked = OrgAuthToken.objects.get().date_deactivated
    assert revoked is not None
    sentry("token", "revoke", number, *ACME)
    assert OrgAuthToken.objects.get().date_deactivated == revoked
    assert sentry_json("token", "list", *ACME)[0]["active"] is False


def test_a_user_token_expires(sentry: Sentry, sentry_json: SentryJson) -> None:
    before = datetime.now(tz=UTC)
    made = sentry_json("token", "create", *ME, "--scope", "org:read", "--expires-days", "30")
    end = datetime.fromisoformat(made["expires_at"])
    assert timedelta(days=30) <= end - before < timedelta(days=30, minutes=5)
    row = ApiToken.objects.get()
    assert row.token_hashed == hash_token(made["token"])
    ApiToken.objects.update(expires_at=before - timedelta(seconds=1))
    assert sentry_json("token", "list", *ME)[0]["active"] is False
    assert "no" in sentry("token", "list", *ME).stdout


def test_a_user_token_is_revoked_by_its_owner_alone(
    sentry: Sentry, sentry_json: SentryJson
) -> None:
    Factories.create_user(email="you@example.com")
    number = str(sentry_json("token", "create", *ME, "--scope", "org:read")["id"])
    you = ["--kind", "user", "--user", "you@example.com"]
    assert "token not found" in sentry("token", "revoke", number, *you, status=1).stderr
    sentry("token", "revoke", number, *ME)
    assert ApiToken.objects.get().date_deactivated is not None


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--user", "me@example.com"],
        ["--kind", "user"],
        ["--kind", "user", *ACME],
        [*ACME, "--user", "me@example.com"],
        [*ACME, "--expires-days", "3"],
        [*ME, "--expires-days", "0"],
    ],
)
def test_the_owner_must_fit_the_kind(sentry: Sentry, words: list[str]) -> None:
    sentry("token", "create", "--scope", "org:read", *words, status=2)
    assert not OrgAuthToken.objects.exists()
    assert not ApiToken.objects.exists()


def test_unknown_users_are_told(sentry: Sentry) -> None:
    words = ["--kind", "user", "--user", "nobody"]
    assert sentry("token", "list", *words, status=1).stderr == "Error: user 'nobody' not found\n"
    with pytest.raises(NotFound):
        create_user_token(user_id=10**6, scopes=["org:read"])


def test_a_secret_is_in_no_repr(sentry_json: SentryJson) -> None:
    user = Factories.create_user()
    made = create_user_token(user_id=user.id, scopes=["org:read"])
    assert made.secret not in repr(made)
