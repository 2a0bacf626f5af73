"""The caller: who acts, in which organization, with which scopes."""

from dataclasses import dataclass, field
from enum import StrEnum

from sentry.auth.roles import Role


class CallerKind(StrEnum):
    """The kind of credential that was presented."""

    API_KEY = "api_key"
    ORG_TOKEN = "org_token"  # noqa: S105
    USER_TOKEN = "user_token"  # noqa: S105
    SERVICE = "service"
    SESSION = "session"


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who acts. A caller acts in exactly one organization, or in none (``NO_ORGANIZATION``).

    Attributes:
        kind: which credential was presented.
        organization_id: the organization that every query is filtered by.
        scopes: all scopes held, included ones too.
        credential: stable name of the credential ("api_key:12"); keys rate limits and
            idempotency records. Not a secret.
        label: what people call it, for logs.
        user_id: the user behind a user token or a session.
        role: that user's role in the organization.
    """

    kind: CallerKind
    organization_id: int
    scopes: frozenset[str]
    credential: str
    label: str = ""
    user_id: int | None = None
    role: Role | None = field(default=None)

    @property
    def is_authenticated(self) -> bool:
        """Always: there is no caller without a credential. Django's and DRF's own tools ask."""
        return True

    def has_scope(self, scope: str) -> bool:
        """Whether the caller holds the scope, directly or by inclusion."""
        return scope in self.scopes
