"""Reads what GitHub says of a credential. Pure and total, as ``parse``.

Sources: "Scopes for OAuth apps" and "Permissions required for GitHub Apps" in GitHub's
documentation; the published OpenAPI description (``GET /user``, ``GET /app/installations/{id}``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sentry.integrations.source_code_management.json_reader import Json, as_object
from sentry.integrations.source_code_management.types import CredentialCheck

# Either scope reads code and writes issues; the second one of public repositories alone.
_SCOPES = frozenset({"repo", "public_repo"})
_LEVELS = {"read": 1, "write": 2, "admin": 3}
_NEEDED = {"contents": "read", "issues": "write", "metadata": "read", "pull_requests": "read"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """An App's installation; ``is_suspended`` says that it may do nothing for now."""

    check: CredentialCheck
    is_suspended: bool


def parse_user(value: Json, headers: Mapping[str, str]) -> CredentialCheck:
    """The answer of GET /user.

    Classic tokens tell their scopes in ``x-oauth-scopes``, fine-grained ones tell nothing.
    """
    user = as_object(value, "user")
    told = headers.get("x-oauth-scopes")
    scopes = {scope.strip() for scope in (told or "").split(",")}
    lacks = told is not None and not scopes & _SCOPES
    return CredentialCheck(
        account=user.text("login"),
        missing=("repo",) if lacks else (),
        identity=f"user-{user.integer('id')}",
    )


def parse_installation(value: Json) -> Installation:
    """The answer of GET /app/installations/{id}."""
    answer = as_object(value, "installation")
    account = answer.optional_object("account")
    # an organization has a login, an enterprise a slug
    name = account and (account.optional_text("login") or account.optional_text("slug"))
    permissions = answer.object("permissions")
    missing = tuple(
        f"{name}: {level}"
        for name, level in _NEEDED.items()
        if _LEVELS.get(str(permissions.get(name)), 0) < _LEVELS[level]
    )
    number = answer.integer("id")
    return Installation(
        check=CredentialCheck(
            account=name or f"installation {number}", missing=missing, identity=str(number)
        ),
        is_suspended=answer.optional_text("suspended_at") is not None,
    )
