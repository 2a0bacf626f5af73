"""GitHub Enterprise Server as a provider: GitHub's, on a host that the metadata must name."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from sentry.integrations.github.endpoints import Endpoints
from sentry.integrations.github.integration import (
    GitHubIntegration,
    GitHubIntegrationProvider,
    GitHubMetadata,
)
from sentry.integrations.github_enterprise.dialect import GitHubEnterpriseDialect
from sentry.integrations.github_enterprise.endpoints import enterprise_endpoints
from sentry.integrations.github_enterprise.parse import with_own_accounts
from sentry.integrations.github_enterprise.webhooks.receiver import (
    GitHubEnterpriseWebhookReceiver,
)
from sentry.integrations.source_code_management.errors import ScmError
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    CommitInfo,
    ComparisonInfo,
    FileBlameInfo,
    ProviderKey,
    PullRequestInfo,
    RepositoryRef,
    SourceLineInfo,
)


class GitHubEnterpriseMetadata(GitHubMetadata):
    """What the platform keeps of an integration with a server: exactly one of token and app.

    ``base_url`` is the server's root ("https://git.example"), or the address of its REST API.
    """

    base_url: str = Field(pattern=r"^https?://[^\s@?#]+$")
    web_url: str = Field(default="", pattern=r"^(https?://[^\s@?#]+)?$")

    def endpoints(self) -> Endpoints:
        """Where this server lives."""
        return enterprise_endpoints(base_url=self.base_url, web_url=self.web_url)


class GitHubEnterpriseIntegration(GitHubIntegration):
    """An installation of a server in an organization; fulfils what GitHub's does."""

    metadata_model = GitHubEnterpriseMetadata
    host_dialect = GitHubEnterpriseDialect()

    # --- what tells of accounts: they are the server's own -------------------------------------

    def get_commit(self, repo: RepositoryRef, sha: str) -> CommitInfo:
        """See ``CommitIntegration``."""
        return with_own_accounts(super().get_commit(repo, sha))

    def list_commits(
        self, repo: RepositoryRef, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """See ``CommitIntegration``."""
        found = super().list_commits(repo, sha=sha, path=path, page=page, per_page=per_page)
        return with_own_accounts(found)

    def get_blame_for_files(
        self, files: Sequence[SourceLineInfo]
    ) -> list[FileBlameInfo | ScmError]:
        """See ``CommitContextIntegration``."""
        return with_own_accounts(super().get_blame_for_files(files))

    def get_file_blame(
        self, repo: RepositoryRef, *, path: str, sha: str
    ) -> Iterator[BlameRangeInfo]:
        """See ``CommitContextIntegration``."""
        for found in super().get_file_blame(repo, path=path, sha=sha):
            yield with_own_accounts(found)

    def compare_commits(
        self, repo: RepositoryRef, *, base: str, head: str, max_commits: int
    ) -> ComparisonInfo:
        """See ``ComparisonIntegration``."""
        found = super().compare_commits(repo, base=base, head=head, max_commits=max_commits)
        return with_own_accounts(found)

    def get_pull_requests_for_commit(
        self, repo: RepositoryRef, *, sha: str
    ) -> list[PullRequestInfo]:
        """See ``PullRequestIntegration``."""
        return with_own_accounts(super().get_pull_requests_for_commit(repo, sha=sha))


class GitHubEnterpriseIntegrationProvider(GitHubIntegrationProvider):
    """GitHub Enterprise Server."""

    key = ProviderKey.GITHUB_ENTERPRISE
    name = "GitHub Enterprise Server"
    feature = "organizations:integrations-github_enterprise"
    metadata_model = GitHubEnterpriseMetadata
    installation_class = GitHubEnterpriseIntegration
    webhook_receiver = GitHubEnterpriseWebhookReceiver()
