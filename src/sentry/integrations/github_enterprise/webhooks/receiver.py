"""Verifies and reads a server's deliveries: as GitHub's, but for whose accounts they tell of."""

from sentry.integrations.github.webhooks.receiver import GitHubWebhookReceiver
from sentry.integrations.github_enterprise.parse import with_own_accounts
from sentry.integrations.source_code_management.webhooks import WebhookEvent, WebhookRequest


class GitHubEnterpriseWebhookReceiver(GitHubWebhookReceiver):
    """Fulfils ``AppWebhookReceiver``."""

    def events(self, request: WebhookRequest) -> list[WebhookEvent]:
        """See ``WebhookReceiver``."""
        return with_own_accounts(super().events(request))
