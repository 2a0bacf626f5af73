"""What a caller does with the credentials of the organization, and with the own user's tokens.

Nobody gives a credential a scope that they do not hold themselves. Its secret is told once.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils import timezone

from sentry import models
from sentry.actions.credentials import (
    LABEL_LIMIT,
    NAME_LIMIT,
    Credential,
    NewCredential,
    api_key_value,
    check_label,
    create_api_key,
    create_organization_token,
    create_user_token,
    org_token_value,
    revoke_user_token,
    user_token_value,
)
from sentry.actions.grants import check_scopes
from sentry.actions.organization_cache import organization_cache
from sentry.actions.pages import page_of
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.integrations.source_code_management.types import Page


def page_of_api_keys(
    caller: Caller, *, page_size: int = 0, page_token: str = ""
) -> Page[Credential]:
    """The organization's API keys, revoked ones too, by id; see ``sentry.actions.pages``.

    Raises:
        InvalidArgument: a size that can never be, or a token of another query.
    """
    return page_of(
        models.ApiKey.objects.filter(organization_id=caller.organization_id),
        api_key_value,
        order="id",
        bound=("api-keys", caller.organization_id),
        page_size=page_size,
        page_token=page_token,
    )


def get_api_key(caller: Caller, *, api_key_id: int) -> Credential:
    """One API key of the organization.

    Raises:
        NotFound: it has no such key.
    """
    return api_key_value(_api_key(caller, api_key_id))


def issue_api_key(caller: Caller, *, scopes: Iterable[str], label: str = "") -> NewCredential:
    """Makes an API key of the caller's organization.

    Raises:
        InvalidArgument: no scope is given, one is unknown, or the label is not acceptable.
        PermissionDenied: the caller lacks one of the scopes.
    """
    return create_api_key(
        organization_id=caller.organization_id, scopes=check_scopes(caller, scopes), label=label
    )


def update_api_key(
    caller: Caller,
    *,
    api_key_id: int,
    label: str | None = None,
    scopes: Sequence[str] | None = None,
) -> Credential:
    """Changes what an API key is called, or what it may do; None leaves a value as it is.

    Raises:
        InvalidArgument: no scope is given, one is unknown, or the label is not acceptable.
        PermissionDenied: the caller lacks a scope that the key does not have yet.
        NotFound: the organization has no such key.
    """
    row = _api_key(caller, api_key_id)
    if label is not None:
        row.label = check_label("label", label, limit=LABEL_LIMIT)
    if scopes is not None:
        row.scope_list = _changed(caller, row.scope_list, scopes)
    row.save(update_fields=["label", "scope_list"])
    return api_key_value(row)


def page_of_organization_tokens(
    caller: Caller, *, page_size: int = 0, page_token: str = ""
) -> Page[Credential]:
    """The organization's tokens, revoked ones too, by id; see ``sentry.actions.pages``.

    Raises:
        InvalidArgument: a size that can never be, or a token of another query.
    """
    return page_of(
        models.OrgAuthToken.objects.filter(organization_id=caller.organization_id),
        org_token_value,
        order="id",
        bound=("org-auth-tokens", caller.organization_id),
        page_size=page_size,
        page_token=page_token,
    )


def get_organization_token(caller: Caller, *, token_id: int) -> Credential:
    """One token of the organization.

    Raises:
        NotFound: it has no such token.
    """
    return org_token_value(_org_token(caller, token_id))


def issue_organization_token(
    caller: Caller, *, scopes: Iterable[str], name: str = ""
) -> NewCredential:
    """Makes a token of the caller's organization.

    Raises:
        InvalidArgument: no scope is given, one is unknown, or the name is not acceptable.
        PermissionDenied: the caller lacks one of the scopes.
        NotFound: the organization is gone.
    """
    organization = organization_cache.get(caller.organization_id)
    if organization is None:
        raise NotFound("organization")
    return create_organization_token(
        organization_id=organization.id,
        organization_slug=organization.slug,
        scopes=check_scopes(caller, scopes),
        name=name,
    )


def update_organization_token(
    caller: Caller, *, token_id: int, name: str | None = None, scopes: Sequence[str] | None = None
) -> Credential:
    """Changes what a token is called, or what it may do; None leaves a value as it is.

    Raises:
        InvalidArgument: no scope is given, one is unknown, or the name is not acceptable.
        PermissionDenied: the caller lacks a scope that the token does not have yet.
        NotFound: the organization has no such token.
    """
    row = _org_token(caller, token_id)
    if name is not None:
        row.name = check_label("name", name, limit=NAME_LIMIT)
    if scopes is not None:
        row.scope_list = _changed(caller, row.scope_list, scopes)
    row.save(update_fields=["name", "scope_list"])
    return org_token_value(row)


def page_of_user_tokens(
    caller: Caller, *, page_size: int = 0, page_token: str = ""
) -> Page[Credential]:
    """The tokens of the caller's own user, revoked and expired ones too, by id.

    Raises:
        InvalidArgument: a size that can never be, or a token of another query.
        NotFound: the caller is a program.
    """
    user_id = _user_of(caller)
    return page_of(
        models.ApiToken.objects.filter(user_id=user_id),
        user_token_value,
        order="id",
        bound=("api-tokens", user_id),
        page_size=page_size,
        page_token=page_token,
    )


def issue_user_token(
    caller: Caller, *, scopes: Iterable[str], name: str = "", expires_at: datetime | None = None
) -> NewCredential:
    """Makes a token of the caller's own user, valid until ``expires_at`` (aware; None: for good).

    Raises:
        InvalidArgument: no scope is given, one is unknown, the name is not acceptable, or the end
            has passed.
        PermissionDenied: the caller lacks one of the scopes.
        NotFound: the caller is a program.
    """
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidArgument("expires_at", "must be in the future")
    return create_user_token(
        user_id=_user_of(caller),
        scopes=check_scopes(caller, scopes),
        name=name,
        expires_at=expires_at,
    )


def withdraw_user_token(caller: Caller, *, token_id: int) -> None:
    """Revokes a token of the caller's own user; a revoked one keeps its date.

    Raises:
        NotFound: the caller is a program, or the user has no such token.
    """
    revoke_user_token(user_id=_user_of(caller), token_id=token_id)


def _changed(caller: Caller, before: Sequence[str], scopes: Sequence[str]) -> list[str]:
    """The new scopes of a credential: those that it has may stay, whoever asks."""
    if not scopes:
        raise InvalidArgument("scopes", "at least one is needed")
    check_scopes(caller, set(scopes) - set(before))
    return sorted(set(scopes))


def _api_key(caller: Caller, api_key_id: int) -> models.ApiKey:
    row = models.ApiKey.objects.filter(
        organization_id=caller.organization_id, id=api_key_id
    ).first()
    if row is None:
        raise NotFound("API key")
    return row


def _org_token(caller: Caller, token_id: int) -> models.OrgAuthToken:
    row = models.OrgAuthToken.objects.filter(
        organization_id=caller.organization_id, id=token_id
    ).first()
    if row is None:
        raise NotFound("token")
    return row


def _user_of(caller: Caller) -> int:
    if caller.user_id is None:
        raise NotFound("user")
    return caller.user_id
