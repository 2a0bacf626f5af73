"""The providers: one line each."""

from sentry.integrations.base import IntegrationProvider
from sentry.integrations.bitbucket.integration import BitbucketIntegrationProvider
from sentry.integrations.bitbucket_server.integration import BitbucketServerIntegrationProvider
from sentry.integrations.github.integration import GitHubIntegrationProvider

PROVIDERS: tuple[type[IntegrationProvider], ...] = (
    BitbucketIntegrationProvider,
    BitbucketServerIntegrationProvider,
    GitHubIntegrationProvider,
)
