"""The interface of the credential service."""

from abc import ABC, abstractmethod

from sentry.auth.caller import CallerKind
from sentry.auth.services.credential.model import RpcCredential, RpcMembership
from sentry.silo import SiloMode


class CredentialService(ABC):
    """Reads credentials and memberships."""

    key = "credential"
    local_mode = SiloMode.REGION

    @abstractmethod
    def find_credential(self, *, kind: CallerKind, token_hash: str) -> RpcCredential | None:
        """The credential with this hash; None where there is none or it is not active."""

    @abstractmethod
    def find_membership(self, *, user_id: int, organization_id: int) -> RpcMembership | None:
        """The user's membership of the organization; None without one or for an inactive user."""

    @abstractmethod
    def first_memberships(self, *, user_id: int, limit: int) -> list[RpcMembership]:
        """At most ``limit`` of the user's memberships, by organization id."""
