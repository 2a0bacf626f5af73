"""The integration service over the control silo's tables."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from sentry.integrations.services.integration.model import (
    RpcCredentialTurn,
    RpcInstalledIntegration,
)
from sentry.integrations.services.integration.serial import serialize_installed
from sentry.integrations.services.integration.service import IntegrationService
from sentry.models.integrations import Integration, OrganizationIntegration
from sentry.taskqueue import leases


class DatabaseBackedIntegrationService(IntegrationService):
    """Answers from the database of this process."""

    def get_installed(
        self, *, organization_id: int, integration_id: int
    ) -> RpcInstalledIntegration | None:
        """See the interface."""
        row = _tied(organization_id, integration_id)
        return None if row is None else serialize_installed(row)

    def list_installed(
        self, *, organization_id: int, provider: str | None = None
    ) -> list[RpcInstalledIntegration]:
        """See the interface."""
        rows = OrganizationIntegration.objects.select_related("integration").filter(
            organization_id=organization_id
        )
        if provider is not None:
            rows = rows.filter(integration__provider=provider)
        return [serialize_installed(row) for row in rows.order_by("integration__name", "id")]

    @transaction.atomic
    def install(
        self,
        *,
        organization_id: int,
        provider: str,
        external_id: str,
        name: str,
        metadata: Mapping[str, Any],
    ) -> RpcInstalledIntegration:
        """See the interface."""
        integration, created = Integration.objects.get_or_create(
            provider=provider,
            external_id=external_id,
            defaults={"name": name, "metadata": metadata},
        )
        tied = OrganizationIntegration.objects.filter(integration=integration)
        if not created:
            if tied.exists() and not tied.filter(organization_id=organization_id).exists():
                raise PermissionError(external_id)
            integration.name, integration.metadata = name, metadata
            integration.save(update_fields=["name", "metadata"])
        row, _ = OrganizationIntegration.objects.get_or_create(
            organization_id=organization_id, integration=integration
        )
        row.integration = integration
        return serialize_installed(row)

    def replace_metadata(
        self,
        *,
        organization_id: int,
        integration_id: int,
        external_id: str,
        metadata: Mapping[str, Any],
    ) -> RpcInstalledIntegration | None:
        """See the interface."""
        row = _tied(organization_id, integration_id)
        if row is None:
            return None
        integration = row.integration
        integration.external_id, integration.metadata = external_id, metadata
        try:
            with transaction.atomic():
                integration.save(update_fields=["external_id", "metadata"])
        except IntegrityError:
            # the one rule that these two columns can break: an identity belongs to one integration
            raise ValueError("another integration has this identity") from None
        return serialize_installed(row)

    def take_credential_turn(
        self, *, organization_id: int, integration_id: int, holder: str, seconds: float
    ) -> RpcCredentialTurn | None:
        """See the interface."""
        if _tied(organization_id, integration_id) is None:
            return None
        mine = leases.hold(_turn(integration_id), holder, seconds=seconds)
        row = _tied(organization_id, integration_id)
        if row is None:
            return None
        return RpcCredentialTurn(metadata=row.integration.plain_metadata(), mine=mine)

    @transaction.atomic
    def rotate_credential(
        self,
        *,
        organization_id: int,
        integration_id: int,
        expected: Mapping[str, Any],
        metadata: Mapping[str, Any],
    ) -> dict[str, Any] | None:
        """See the interface."""
        rows = Integration.objects.select_for_update().filter(
            id__in=OrganizationIntegration.objects.filter(
                organization_id=organization_id, integration_id=integration_id
            ).values("integration_id")
        )
        integration = rows.first()
        if integration is None:
            return None
        if integration.plain_metadata() == expected:
            integration.metadata = dict(metadata)
            integration.save(update_fields=["metadata"])
        return integration.plain_metadata()

    def end_credential_turn(
        self, *, organization_id: int, integration_id: int, holder: str
    ) -> None:
        """See the interface."""
        if _tied(organization_id, integration_id) is not None:
            leases.release(_turn(integration_id), holder)


def _turn(integration_id: int) -> str:
    return f"integration-credential:{integration_id}"


def _tied(organization_id: int, integration_id: int) -> OrganizationIntegration | None:
    ties = OrganizationIntegration.objects.select_related("integration")
    return ties.filter(organization_id=organization_id, integration_id=integration_id).first()
