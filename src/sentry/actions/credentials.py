"""Credentials of programs: API keys, organization tokens and user tokens.

A secret is returned once, by the function that makes it; only its hash is stored.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from sentry import models
from sentry.actions.validation import check_characters
from sentry.auth.scopes import validate_scopes
from sentry.auth.signals import forget_callers
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.integrations.source_code_management.validation import clean_text

LABEL_LIMIT = 64
NAME_LIMIT = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """A credential without its secret.

    Attributes:
        id: its id among those of its kind.
        kind: "api_key", "org_token" or "user_token".
        owner_id: the organization's id; of a user token, the user's.
        label: what people call it.
        ending: the secret's last four characters.
        scopes: as given, without those that they include.
        active: whether it is accepted; an expired one is not.
        date_added: when it was made, aware UTC.
        expires_at: when it ends; None: never.
    """

    id: int
    kind: str
    owner_id: int
    label: str
    ending: str
    scopes: tuple[str, ...]
    active: bool
    date_added: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCredential:
    """A credential with its secret, which cannot be read again."""

    credential: Credential
    secret: str = field(repr=False)


def _checked_scopes(scopes: Iterable[str]) -> list[str]:
    try:
        checked = validate_scopes(scopes)
    except ValueError as error:
        raise InvalidArgument("scopes", str(error)) from None
    if not checked:
        raise InvalidArgument("scopes", "at least one is needed")
    return checked


def check_label(field_name: str, label: str, *, limit: int) -> str:
    """The label, unchanged; may be empty.

    Raises:
        InvalidArgument: it is too long, or holds control characters or lone surrogates.
    """
    return check_characters(field_name, clean_text(field_name, label, max_length=limit))


def api_key_value(row: models.ApiKey) -> Credential:
    """The row as a value."""
    return Credential(
        id=row.id,
        kind="api_key",
        owner_id=row.organization_id,
        label=row.label,
        ending=row.token_last_characters,
        scopes=tuple(row.scope_list),
        active=row.status == models.ApiKeyStatus.ACTIVE,
        date_added=row.date_added,
    )


def org_token_value(row: models.OrgAuthToken) -> Credential:
    """The row as a value."""
    return Credential(
        id=row.id,
        kind="org_token",
        owner_id=row.organization_id,
        label=row.name,
        ending=row.token_last_characters,
        scopes=tuple(row.scope_list),
        active=row.date_deactivated is None,
        date_added=row.date_added,
    )


def user_token_value(row: models.ApiToken) -> Credential:
    """The row as a value."""
    expired = row.expires_at is not None and row.expires_at <= timezone.now()
    return Credential(
        id=row.id,
        kind="user_token",
        owner_id=row.user_id,
        label=row.name,
        ending=row.token_last_characters,
        scopes=tuple(row.scope_list),
        active=row.date_deactivated is None and not expired,
        date_added=row.date_added,
        expires_at=row.expires_at,
    )


def create_api_key(
    *, organization_id: int, scopes: Iterable[str], label: str = ""
) -> NewCredential:
    """Makes an API key of the organization.

    Raises:
        InvalidArgument: no scope is given, one is unknown, or the label is too long.
    """
    row, secret = models.ApiKey.objects.create_with_token(
        organization_id=organization_id,
        scope_list=_checked_scopes(scopes),
        label=check_label("label", label, limit=LABEL_LIMIT),
    )
    return NewCredential(credential=api_key_value(row), secret=secret)


def list_api_keys(*, organization_id: int) -> list[Credential]:
    """The organization's API keys, revoked ones too, by id."""
    rows = models.ApiKey.objects.filter(organization_id=organization_id).order_by("id")
    return [api_key_value(row) for row in rows]


def revoke_api_key(*, organization_id: int, api_key_id: int) -> None:
    """Revokes an API key of the organization; a revoked one stays so.

    Raises:
        NotFound: the organization has no such key.
    """
    rows = models.ApiKey.objects.filter(organization_id=organization_id, id=api_key_id)
    if not rows.update(status=models.ApiKeyStatus.INACTIVE):
        raise NotFound("API key")
    forget_callers()


def create_organization_token(
    *, organization_id: int, organization_slug: str, scopes: Iterable[str], name: str = ""
) -> NewCredential:
    """Makes an organization token (``sntrys_…``), which carries the organization's slug.

    Raises:
        InvalidArgument: no scope is given, one is unknown, or the name is too long.
    """
    row, secret = models.OrgAuthToken.objects.create_with_token(
        organization_id=organization_id,
        organization_slug=organization_slug,
        scope_list=_checked_scopes(scopes),
        name=check_label("name", name, limit=NAME_LIMIT),
    )
    return NewCredential(credential=org_token_value(row), secret=secret)


def list_organization_tokens(*, organization_id: int) -> list[Credential]:
    """The organization's tokens, revoked ones too, by id."""
    rows = models.OrgAuthToken.objects.filter(organization_id=organization_id).order_by("id")
    return [org_token_value(row) for row in rows]


def revoke_organization_token(*, organization_id: int, token_id: int) -> None:
    """Revokes a token of the organization; a revoked one keeps its date.

    Raises:
        NotFound: the organization has no such token.
    """
    rows = models.OrgAuthToken.objects.filter(organization_id=organization_id, id=token_id)
    if not rows.filter(date_deactivated=None).update(date_deactivated=timezone.now()):
        _need(found=rows.exists())
    forget_callers()


def create_user_token(
    *,
    user_id: int,
    scopes: Iterable[str],
    name: str = "",
    expires_at: datetime | None = None,
) -> NewCredential:
    """Makes a token of the user (``sntryu_…``), valid until ``expires_at`` (aware; None: for good).

    Raises:
        InvalidArgument: no scope is given, one is unknown, or the name is too long.
        NotFound: there is no such user.
    """
    user = models.User.objects.filter(id=user_id).first()
    if user is None:
        raise NotFound("user")
    row, secret = models.ApiToken.objects.create_with_token(
        user=user,
        scope_list=_checked_scopes(scopes),
        name=check_label("name", name, limit=NAME_LIMIT),
        expires_at=expires_at,
    )
    return NewCredential(credential=user_token_value(row), secret=secret)


def list_user_tokens(*, user_id: int) -> list[Credential]:
    """The user's tokens, revoked and expired ones too, by id."""
    rows = models.ApiToken.objects.filter(user_id=user_id).order_by("id")
    return [user_token_value(row) for row in rows]


def revoke_user_token(*, user_id: int, token_id: int) -> None:
    """Revokes a token of the user; a revoked one keeps its date.

    Raises:
        NotFound: the user has no such token.
    """
    rows = models.ApiToken.objects.filter(user_id=user_id, id=token_id)
    if not rows.filter(date_deactivated=None).update(date_deactivated=timezone.now()):
        _need(found=rows.exists())
    forget_callers()


def _need(*, found: bool) -> None:
    if not found:
        raise NotFound("token")
