"""The service through which everyone reaches integrations."""

from sentry.integrations.services.integration.impl import DatabaseBackedIntegrationService
from sentry.integrations.services.integration.model import (
    RpcIntegration,
    RpcOrganizationIntegration,
)
from sentry.integrations.services.integration.service import IntegrationService

# Local until the silos are split.
integration_service: IntegrationService = DatabaseBackedIntegrationService()

__all__ = ["RpcIntegration", "RpcOrganizationIntegration", "integration_service"]
