"""From a presented credential to a Caller."""

from dataclasses import dataclass, field

from django.utils import timezone

from sentry.auth.cache import caller_cache
from sentry.auth.caller import Caller, CallerKind
from sentry.auth.roles import scopes_of
from sentry.auth.scopes import expand
from sentry.auth.services.credential import RpcCredential, credential_service
from sentry.integrations.source_code_management.errors import Reason, Unauthenticated
from sentry.utils.tokens import hash_token

# No row has this id.
NO_ORGANIZATION = 0
_MAX_TOKEN_LENGTH = 4096
_MAX_ID_DIGITS = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class PresentedCredentials:
    """The headers of a request that say who calls; absent ones are empty.

    Attributes:
        api_key: ``x-api-key``.
        authorization: ``authorization``.
        organization_id: ``x-organization-id``, as sent.
    """

    api_key: str = field(default="", repr=False)
    authorization: str = field(default="", repr=False)
    organization_id: str = ""


def authenticate(presented: PresentedCredentials) -> Caller:
    """The caller behind the credential.

    Raises:
        Unauthenticated: there is no credential, more than one, or one that is not accepted.
    """
    kind, token = _token_of(presented)
    token_hash = hash_token(token)
    key = (token_hash, presented.organization_id)
    caller = caller_cache.get(key)
    if caller is not None and caller.kind is kind:
        return caller
    generation = caller_cache.generation
    credential = credential_service.find_credential(kind=kind, token_hash=token_hash)
    if credential is None:
        raise _refused("the credential is unknown, expired or revoked")
    caller = _caller_of(credential, presented.organization_id)
    caller_cache.put(key, caller, generation=generation, seconds_left=_seconds_left(credential))
    return caller


def caller_of_user(user_id: int, organization_id: int, kind: CallerKind) -> Caller | None:
    """The caller that a user is in an organization by membership; None without one."""
    membership = credential_service.find_membership(
        user_id=user_id, organization_id=organization_id
    )
    if membership is None:
        return None
    return Caller(
        kind=kind,
        organization_id=organization_id,
        scopes=scopes_of(membership.role),
        credential=f"user:{user_id}",
        user_id=user_id,
        role=membership.role,
    )


def caller_without_organization(user_id: int) -> Caller:
    """The session of a user who belongs to no organization: there is nothing of one to find.

    Its one scope opens the list of their organizations, and their own tokens.
    """
    return Caller(
        kind=CallerKind.SESSION,
        organization_id=NO_ORGANIZATION,
        scopes=frozenset({"org:read"}),
        credential=f"user:{user_id}",
        user_id=user_id,
    )


def parse_organization_id(text: str) -> int | None:
    """The id in an ``x-organization-id`` header; None where the header is empty.

    Raises:
        Unauthenticated: it is no id.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_ID_DIGITS:
        raise _refused("x-organization-id: expected the organization's numeric id")
    return int(text)


def _token_of(presented: PresentedCredentials) -> tuple[CallerKind, str]:
    if presented.api_key and presented.authorization:
        raise _refused("more than one credential was given")
    if presented.api_key:
        return CallerKind.API_KEY, _bounded(presented.api_key)
    if not presented.authorization:
        raise Unauthenticated("a credential is needed", reason=Reason.CREDENTIAL_MISSING)
    scheme, _, token = presented.authorization.partition(" ")
    token = _bounded(token.strip())
    if scheme.lower() == "bearer" and token.startswith("sntrys_"):
        return CallerKind.ORG_TOKEN, token
    if scheme.lower() == "bearer" and token.startswith("sntryu_"):
        return CallerKind.USER_TOKEN, token
    raise _refused("the credential is unknown, expired or revoked")


def _bounded(token: str) -> str:
    if len(token) > _MAX_TOKEN_LENGTH:
        raise _refused("the credential is unknown, expired or revoked")
    return token


def _caller_of(credential: RpcCredential, asked: str) -> Caller:
    wanted = parse_organization_id(asked)
    if credential.user_id is not None:
        return _caller_of_token(credential, credential.user_id, wanted)
    organization_id = credential.organization_id
    if organization_id is None or wanted not in (None, organization_id):
        raise _refused("the credential does not belong to this organization")
    return Caller(
        kind=credential.kind,
        organization_id=organization_id,
        scopes=expand(credential.scopes),
        credential=f"{credential.kind}:{credential.id}",
        label=credential.label,
    )


def _caller_of_token(credential: RpcCredential, user_id: int, wanted: int | None) -> Caller:
    organization_id = _only_organization(user_id) if wanted is None else wanted
    membership = credential_service.find_membership(
        user_id=user_id, organization_id=organization_id
    )
    if membership is None:
        raise _refused("the credential does not belong to this organization")
    return Caller(
        kind=CallerKind.USER_TOKEN,
        organization_id=organization_id,
        scopes=expand(credential.scopes) & scopes_of(membership.role),
        credential=f"{credential.kind}:{credential.id}",
        label=credential.label,
        user_id=user_id,
        role=membership.role,
    )


def _only_organization(user_id: int) -> int:
    memberships = credential_service.first_memberships(user_id=user_id, limit=2)
    if len(memberships) != 1:
        raise _refused("x-organization-id is needed: the user has not exactly one organization")
    return memberships[0].organization_id


def _seconds_left(credential: RpcCredential) -> float | None:
    if credential.expires_at is None:
        return None
    return (credential.expires_at - timezone.now()).total_seconds()


def _refused(message: str) -> Unauthenticated:
    return Unauthenticated(message, reason=Reason.CREDENTIAL_INVALID)
