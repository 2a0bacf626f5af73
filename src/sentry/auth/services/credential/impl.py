"""The credential service over the tables of this process."""

from collections.abc import Callable

from django.db.models import Q
from django.utils import timezone

from sentry.auth.caller import CallerKind
from sentry.auth.roles import Role
from sentry.auth.services.credential.model import RpcCredential, RpcMembership
from sentry.auth.services.credential.service import CredentialService
from sentry.models.apikey import ApiKey, ApiKeyStatus
from sentry.models.apitoken import ApiToken
from sentry.models.organizationmember import OrganizationMember
from sentry.models.orgauthtoken import OrgAuthToken
from sentry.models.user import User


def _api_key(token_hash: str) -> RpcCredential | None:
    row = ApiKey.objects.filter(token_hashed=token_hash, status=ApiKeyStatus.ACTIVE).first()
    if row is None:
        return None
    return RpcCredential(
        kind=CallerKind.API_KEY,
        id=row.id,
        organization_id=row.organization_id,
        user_id=None,
        scopes=row.scope_list,
        label=row.label,
        expires_at=None,
    )


def _org_token(token_hash: str) -> RpcCredential | None:
    row = OrgAuthToken.objects.filter(
        token_hashed=token_hash, date_deactivated__isnull=True
    ).first()
    if row is None:
        return None
    return RpcCredential(
        kind=CallerKind.ORG_TOKEN,
        id=row.id,
        organization_id=row.organization_id,
        user_id=None,
        scopes=row.scope_list,
        label=row.name,
        expires_at=None,
    )


def _user_token(token_hash: str) -> RpcCredential | None:
    alive = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
    row = ApiToken.objects.filter(
        alive, token_hashed=token_hash, date_deactivated__isnull=True, user__is_active=True
    ).first()
    if row is None:
        return None
    return RpcCredential(
        kind=CallerKind.USER_TOKEN,
        id=row.id,
        organization_id=None,
        user_id=row.user_id,
        scopes=row.scope_list,
        label=row.name,
        expires_at=row.expires_at,
    )


_FINDERS: dict[CallerKind, Callable[[str], RpcCredential | None]] = {
    CallerKind.API_KEY: _api_key,
    CallerKind.ORG_TOKEN: _org_token,
    CallerKind.USER_TOKEN: _user_token,
}


class DatabaseBackedCredentialService(CredentialService):
    """Answers from the database of this process."""

    def find_credential(self, *, kind: CallerKind, token_hash: str) -> RpcCredential | None:
        """See the interface."""
        return _FINDERS[kind](token_hash)

    def find_membership(self, *, user_id: int, organization_id: int) -> RpcMembership | None:
        """See the interface."""
        if not User.objects.filter(id=user_id, is_active=True).exists():
            return None
        row = OrganizationMember.objects.filter(
            organization_id=organization_id, user_id=user_id
        ).first()
        if row is None:
            return None
        return RpcMembership(organization_id=row.organization_id, role=Role(row.role))

    def first_memberships(self, *, user_id: int, limit: int) -> list[RpcMembership]:
        """See the interface."""
        rows = OrganizationMember.objects.filter(user_id=user_id).order_by("organization_id")
        return [
            RpcMembership(organization_id=row.organization_id, role=Role(row.role))
            for row in rows[:limit]
        ]
