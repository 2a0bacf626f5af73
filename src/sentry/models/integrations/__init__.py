"""Models of integrations: installations on hosts and what is tied to them."""

from sentry.models.integrations.external_issue import ExternalIssue
from sentry.models.integrations.integration import Integration
from sentry.models.integrations.organization_integration import OrganizationIntegration
from sentry.models.integrations.repository_project_path_config import RepositoryProjectPathConfig

__all__ = [
    "ExternalIssue",
    "Integration",
    "OrganizationIntegration",
    "RepositoryProjectPathConfig",
]
