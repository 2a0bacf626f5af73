"""From rows to what the service hands out."""

from sentry.integrations.services.integration.model import (
    RpcInstalledIntegration,
    RpcIntegration,
    RpcOrganizationIntegration,
)
from sentry.models.integrations import Integration, OrganizationIntegration


def serialize_integration(row: Integration) -> RpcIntegration:
    """An integration with its decrypted metadata."""
    return RpcIntegration(
        id=row.id,
        provider=row.provider,
        external_id=row.external_id,
        name=row.name,
        status=row.status,
        metadata=row.plain_metadata(),
        credential_version=row.credential_version,
        broken_reason=row.broken_reason,
        broken_at=row.broken_at,
        probe_at=row.probe_at,
    )


def serialize_installed(row: OrganizationIntegration) -> RpcInstalledIntegration:
    """Both sides of an installation; ``row.integration`` must be loaded."""
    return RpcInstalledIntegration(
        integration=serialize_integration(row.integration),
        organization_integration=RpcOrganizationIntegration(
            id=row.id,
            organization_id=row.organization_id,
            integration_id=row.integration_id,
            status=row.status,
            config=row.config,
        ),
    )
