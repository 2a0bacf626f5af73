"""The service through which everyone reaches integrations."""

from sentry.integrations.services.integration.model import (
    RpcIntegration,
    RpcOrganizationIntegration,
)
from sentry.integrations.services.integration.service import integration_service

__all__ = ["RpcIntegration", "RpcOrganizationIntegration", "integration_service"]
