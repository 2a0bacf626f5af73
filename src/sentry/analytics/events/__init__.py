"""The platform's events, one per module. Each is listed here, which registers it."""

from sentry.analytics.events.code_mapping_created import CodeMappingCreatedEvent
from sentry.analytics.events.external_issue_created import ExternalIssueCreatedEvent
from sentry.analytics.events.external_issue_linked import ExternalIssueLinkedEvent
from sentry.analytics.events.integration_installed import IntegrationInstalledEvent
from sentry.analytics.events.repositories_synced import RepositoriesSyncedEvent

__all__ = [
    "CodeMappingCreatedEvent",
    "ExternalIssueCreatedEvent",
    "ExternalIssueLinkedEvent",
    "IntegrationInstalledEvent",
    "RepositoriesSyncedEvent",
]
