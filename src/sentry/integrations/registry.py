"""The providers: one line each."""

from sentry.integrations.base import IntegrationProvider
from sentry.integrations.bitbucket.integration import BitbucketIntegrationProvider
from sentry.integrations.bitbucket_server.integration import BitbucketServerIntegrationProvider
from sentry.integrations.github.integration import GitHubIntegrationProvider
from sentry.integrations.github_enterprise.integration import GitHubEnterpriseIntegrationProvider
from sentry.integrations.gitlab.integration import GitLabIntegrationProvider
from sentry.integrations.vsts.integration import VstsIntegrationProvider

PROVIDERS: tuple[type[IntegrationProvider], ...] = (
    GitHubIntegrationProvider,
    GitHubEnterpriseIntegrationProvider,
    GitLabIntegrationProvider,
    BitbucketIntegrationProvider,
    BitbucketServerIntegrationProvider,
    VstsIntegrationProvider,
)
