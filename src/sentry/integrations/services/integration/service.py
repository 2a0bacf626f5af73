"""The interface of the integration service."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sentry.integrations.services.integration.model import (
    RpcBrokenIntegration,
    RpcCredentialTurn,
    RpcInstalledIntegration,
)
from sentry.silo import SiloMode


class IntegrationService(ABC):
    """Reads and writes integrations, which the control silo owns."""

    key = "integration"
    local_mode = SiloMode.CONTROL

    @abstractmethod
    def get_installed(
        self, *, organization_id: int, integration_id: int
    ) -> RpcInstalledIntegration | None:
        """One integration of the organization; None where it has no such one."""

    @abstractmethod
    def list_installed(
        self, *, organization_id: int, provider: str | None = None
    ) -> list[RpcInstalledIntegration]:
        """The organization's integrations, by name, optionally of one provider."""

    @abstractmethod
    def list_broken(self) -> list[RpcBrokenIntegration]:
        """Every organization's integrations that are switched on and broken, oldest first.

        For whoever runs the platform.
        """

    @abstractmethod
    def install(
        self,
        *,
        organization_id: int,
        provider: str,
        external_id: str,
        name: str,
        metadata: Mapping[str, Any],
        former_external_ids: Sequence[str] = (),
        keeps_name: bool = False,
    ) -> RpcInstalledIntegration:
        """Stores an integration, or new metadata for it, and ties it to the organization.

        Args:
            organization_id: to which organization.
            provider: the provider's key.
            external_id: the identity on the host.
            name: what people call it.
            metadata: what is needed to reach the host; one that was broken is no longer.
            former_external_ids: identities under one of which the organization may have it by now,
                the likeliest first.
            keeps_name: leaves the name of one that is there as it is.

        Raises:
            PermissionError: the integration belongs to other organizations only.
        """

    @abstractmethod
    def replace_metadata(
        self,
        *,
        organization_id: int,
        integration_id: int,
        external_id: str,
        metadata: Mapping[str, Any],
    ) -> RpcInstalledIntegration | None:
        """Gives one of the organization's integrations new metadata and the identity they make.

        None where the organization has no such one. Its id, name and status stay as they are; one
        that was broken is no longer.

        Raises:
            ValueError: another integration of the provider has this identity.
        """

    @abstractmethod
    def take_credential_turn(
        self, *, organization_id: int, integration_id: int, holder: str, seconds: float
    ) -> RpcCredentialTurn | None:
        """Asks to be the only one who renews the integration's credential, for so many seconds.

        ``holder`` names the asker (at most 64 characters). The metadata are read after the turn
        was taken. None where the organization has no such integration.
        """

    @abstractmethod
    def rotate_credential(
        self,
        *,
        organization_id: int,
        integration_id: int,
        expected: Mapping[str, Any],
        metadata: Mapping[str, Any],
    ) -> dict[str, Any] | None:
        """Stores new metadata where ``expected`` still is what is stored (compare and swap).

        Gives what is stored afterwards; None where the organization has no such integration. The
        identity, the name and the status stay as they are.
        """

    @abstractmethod
    def mark_broken(
        self,
        *,
        organization_id: int,
        integration_id: int,
        credential_version: int,
        reason: str,
        probe_at: datetime,
    ) -> bool:
        """Notes that the host rejects the credential; False where it was replaced meanwhile.

        ``reason`` is shown to people (cut at 200 characters); since when stays as it was first
        said.
        """

    @abstractmethod
    def claim_probe(
        self, *, organization_id: int, integration_id: int, due: datetime, next_at: datetime
    ) -> bool:
        """Lets one caller ask the host of a broken integration again; True for that one.

        ``due`` is the ``probe_at`` that the caller has read, ``next_at`` the one to follow.
        """

    @abstractmethod
    def mark_working(
        self, *, organization_id: int, integration_id: int, credential_version: int
    ) -> None:
        """Notes that the host accepts the credential, unless it was replaced meanwhile."""

    @abstractmethod
    def end_credential_turn(
        self, *, organization_id: int, integration_id: int, holder: str
    ) -> None:
        """Gives a turn back; nothing happens where the holder has none."""
