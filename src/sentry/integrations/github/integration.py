"""GitHub as a provider: its metadata, and what an installation of it can do."""

import functools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sentry.integrations.base import Integration, IntegrationProvider
from sentry.integrations.github.auth import (
    AppCredentials,
    InstallationAuth,
    TokenAuth,
    installation_auth,
)
from sentry.integrations.github.client import GitHubClient
from sentry.integrations.github.dialect import GitHubDialect
from sentry.integrations.github.endpoints import Endpoints, github_endpoints
from sentry.integrations.github.line_blame import blame_lines, blame_whole_file
from sentry.integrations.github.mirror import mirror_source
from sentry.integrations.github.parse import parse_issue_key
from sentry.integrations.github.source_urls import SourceUrls
from sentry.integrations.github.webhooks.receiver import GitHubWebhookReceiver
from sentry.integrations.source_code_management.credential_texts import TokenText
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    IntegrationBroken,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.source_links import LinkingInstallation
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    BranchInfo,
    CodeMatch,
    CommitInfo,
    ComparisonInfo,
    CredentialCheck,
    FileBlameInfo,
    FileChange,
    FileContent,
    IssueCommentInfo,
    IssueInfo,
    IssueState,
    MirrorSource,
    NewIssue,
    ProviderKey,
    PullRequestInfo,
    RepositoryInfo,
    RepositoryRef,
    SourceLineInfo,
    TreeInfo,
)
from sentry.integrations.source_code_management.webhooks import WebhookReceiver

_STRICT = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@functools.lru_cache(maxsize=1000)
def _is_rsa_key(pem: str) -> bool:
    """Whether a text is a private key that can sign; remembered, since the check takes long."""
    try:
        return isinstance(load_pem_private_key(pem.encode(), password=None), RSAPrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


class GitHubApp(BaseModel):
    """A GitHub App and one installation of it. ``private_key`` is RSA in PEM."""

    model_config = _STRICT

    app_id: str = Field(pattern=r"^[A-Za-z0-9._\-]{1,64}$")
    private_key: str = Field(repr=False)
    installation_id: str = Field(pattern=r"^[0-9]{1,20}$")

    @field_validator("private_key")
    @classmethod
    def _is_rsa(cls, value: str) -> str:
        if not _is_rsa_key(value):
            raise ValueError("must be an RSA private key in PEM, without a password")
        return value

    def credentials(self) -> AppCredentials:
        """What its tokens are asked with."""
        return AppCredentials(
            app_id=self.app_id,
            installation_id=self.installation_id,
            private_key=self.private_key,
        )


class GitHubMetadata(BaseModel):
    """What the platform keeps of an integration with GitHub: exactly one of token and app."""

    model_config = _STRICT

    base_url: str = Field(default="https://api.github.com", pattern=r"^https?://[^\s@?#]+$")
    web_url: str = Field(default="https://github.com", pattern=r"^https?://[^\s@?#]+$")
    token: TokenText | None = Field(default=None, repr=False)
    app: GitHubApp | None = None

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        if (self.token is None) == (self.app is None):
            raise ValueError("needs exactly one of token and app")
        return self

    def endpoints(self) -> Endpoints:
        """Where this GitHub lives."""
        return github_endpoints(base_url=self.base_url, web_url=self.web_url)


class GitHubIntegration(LinkingInstallation, Integration):
    """An installation of GitHub in an organization; fulfils every capability."""

    metadata_model: ClassVar[type[GitHubMetadata]] = GitHubMetadata
    host_dialect: ClassVar[GitHubDialect] = GitHubDialect()

    @functools.cached_property
    def _metadata(self) -> GitHubMetadata:
        try:
            return self.metadata_model.model_validate(self.metadata)
        except ValidationError:
            raise IntegrationBroken("the integration's stored settings are not valid") from None

    def get_client(self) -> GitHubClient:
        """The client with this installation's credential.

        Raises:
            IntegrationBroken: the stored metadata is not valid.
        """
        return self._client

    @functools.cached_property
    def _auth(self) -> TokenAuth | InstallationAuth:
        metadata = self._metadata
        if metadata.app is None:
            return TokenAuth(metadata.token or "")
        return installation_auth(
            metadata.app.credentials(), metadata.endpoints(), dialect=self.host_dialect
        )

    @functools.cached_property
    def _client(self) -> GitHubClient:
        metadata = self._metadata
        endpoints = metadata.endpoints()
        session = HostSession(endpoints.api, auth=self._auth, dialect=self.host_dialect)
        return GitHubClient(session, endpoints, is_app=metadata.app is not None)

    def check_credential(self) -> CredentialCheck:
        """See ``Integration``."""
        auth = self._auth
        if isinstance(auth, InstallationAuth):
            return auth.check()
        return self.get_client().check_credential()

    # --- RepositoryIntegration ---------------------------------------------------------------

    def get_repositories(self, *, query: str = "") -> Iterator[RepositoryInfo]:
        """See ``RepositoryIntegration``. Filters here: GitHub's search lags and is limited."""
        wanted = query.casefold()
        for repo in self.get_client().repositories.list_all():
            if wanted in repo.name.casefold():
                yield repo

    def get_repository(self, identifier: str) -> RepositoryInfo:
        """See ``RepositoryIntegration``."""
        return self.get_current_repository(RepositoryRef(identifier=identifier))

    def get_current_repository(self, repo: RepositoryRef) -> RepositoryInfo:
        """See ``RepositoryIntegration``."""
        return self.get_client().repositories.get(repo)

    def has_repo_access(self, repo: RepositoryRef) -> bool:
        """See ``RepositoryIntegration``."""
        try:
            self.get_client().repositories.get(repo)
        except (NotFound, HostForbidden):
            return False
        return True

    def get_repository_default_branch(self, repo: RepositoryRef) -> str | None:
        """See ``RepositoryIntegration``."""
        return self.get_current_repository(repo).default_branch

    # --- CommitIntegration -------------------------------------------------------------------

    def get_commit(self, repo: RepositoryRef, sha: str) -> CommitInfo:
        """See ``CommitIntegration``. A branch's name is no id, though GitHub would take it."""
        commit = self.get_client().get_commit(repo, sha)
        if not commit.sha.startswith(sha.lower()):
            raise NotFound("commit")
        return commit

    def resolve_ref(self, repo: RepositoryRef, ref: str) -> str:
        """See ``CommitIntegration``."""
        return self.get_client().get_commit(repo, ref or "HEAD", resource="ref").sha

    def list_commits(
        self, repo: RepositoryRef, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """See ``CommitIntegration``."""
        return self.get_client().list_commits(
            repo, sha=sha, path=path, page=page, per_page=per_page
        )

    # --- FileIntegration ---------------------------------------------------------------------

    def get_file(self, repo: RepositoryRef, *, path: str, sha: str, max_bytes: int) -> FileContent:
        """See ``FileIntegration``."""
        return self.get_client().get_file(repo, path=path, ref=sha, max_bytes=max_bytes)

    # --- CommitContextIntegration ------------------------------------------------------------

    def get_blame_for_files(
        self, files: Sequence[SourceLineInfo]
    ) -> list[FileBlameInfo | ScmError]:
        """See ``CommitContextIntegration`` and ``line_blame``."""
        return blame_lines(self.get_client(), files)

    def get_file_blame(
        self, repo: RepositoryRef, *, path: str, sha: str
    ) -> Iterator[BlameRangeInfo]:
        """See ``CommitContextIntegration`` and ``line_blame``."""
        return blame_whole_file(self.get_client(), repo, path=path, sha=sha)

    # --- ComparisonIntegration, TreeIntegration, BranchIntegration ---------------------------

    def compare_commits(
        self, repo: RepositoryRef, *, base: str, head: str, max_commits: int
    ) -> ComparisonInfo:
        """See ``ComparisonIntegration``."""
        reads = self.get_client().reads
        return reads.compare(repo, base=base, head=head, most=max_commits)

    def get_commit_changes(self, repo: RepositoryRef, *, sha: str) -> tuple[FileChange, ...]:
        """See ``ComparisonIntegration``."""
        return self.get_client().reads.get_changes(repo, sha)

    def get_tree(self, repo: RepositoryRef, *, sha: str, path: str, max_entries: int) -> TreeInfo:
        """See ``TreeIntegration``."""
        reads = self.get_client().reads
        return reads.get_tree(repo, sha=sha, path=path, most=max_entries)

    def get_branches(self, repo: RepositoryRef, *, query: str = "") -> Iterator[BranchInfo]:
        """See ``BranchIntegration``. Filters here: GitHub has no search of branches."""
        for branch in self.get_client().reads.get_branches(repo):
            if query in branch.name:
                yield branch

    # --- PullRequestIntegration, CodeSearchIntegration ---------------------------------------

    def get_pull_requests_for_commit(
        self, repo: RepositoryRef, *, sha: str
    ) -> list[PullRequestInfo]:
        """See ``PullRequestIntegration``."""
        return self.get_client().reads.get_pull_requests(repo, sha)

    def search_code(
        self, repo: RepositoryRef, *, query: str, page: int, per_page: int
    ) -> tuple[list[CodeMatch], bool]:
        """See ``CodeSearchIntegration``."""
        reads = self.get_client().reads
        return reads.search_code(repo, query=query, page=page, per_page=per_page)

    # --- MirrorIntegration -------------------------------------------------------------------

    def get_mirror_identity(self) -> str:
        """See ``MirrorIntegration``."""
        return digest(self._metadata.endpoints().web, self._auth.identity)

    def get_mirror_source(
        self, repo: RepositoryRef, *, rejected: MirrorSource | None = None
    ) -> MirrorSource:
        """See ``MirrorIntegration`` and ``mirror``."""
        name = self.get_client().repositories.current_name(repo)
        return mirror_source(self._auth, self._metadata.endpoints(), name, rejected=rejected)

    # --- SourceCodeIssueIntegration ----------------------------------------------------------

    def create_issue(self, issue: NewIssue) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``."""
        return self.get_client().issues.create(issue)

    def find_issue_by_marker(
        self, repo: RepositoryRef, marker: str, *, since: datetime
    ) -> IssueInfo | None:
        """See ``SourceCodeIssueIntegration``."""
        return self.get_client().issues.find_by_marker(repo, marker, since=since)

    def get_issue(self, key: str) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``."""
        return self.get_client().issues.get(key)

    def get_issue_url(self, key: str) -> str:
        """See ``SourceCodeIssueIntegration``."""
        repo, number = parse_issue_key(key)
        return f"{self._metadata.endpoints().web}/{repo.identifier}/issues/{number}"

    def search_issues(self, repo: RepositoryRef, query: str) -> list[IssueInfo]:
        """See ``SourceCodeIssueIntegration``. GitHub's search lags behind."""
        return self.get_client().issues.search(repo, query)

    def create_issue_comment(self, key: str, body: str) -> IssueCommentInfo:
        """See ``SourceCodeIssueIntegration``."""
        return self.get_client().issues.comment(key, body)

    def assign_issue(self, key: str, assignee: str) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``; ``assignee`` is a login."""
        return self.get_client().issues.assign(key, assignee)

    def set_issue_state(self, key: str, state: IssueState) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``."""
        return self.get_client().issues.set_state(key, state)

    # --- WebhookIntegration ------------------------------------------------------------------

    def register_webhook(self, repo: RepositoryRef, *, url: str, secret: str) -> str:
        """See ``WebhookIntegration``."""
        return self.get_client().hooks.register(repo, url=url, secret=secret)

    def unregister_webhook(self, repo: RepositoryRef, *, webhook_id: str) -> None:
        """See ``WebhookIntegration``."""
        self.get_client().hooks.unregister(repo, webhook_id)

    # --- SourceUrlIntegration ----------------------------------------------------------------

    def _source_urls(self) -> SourceUrls:
        return SourceUrls(self._metadata.endpoints().web)


class GitHubIntegrationProvider(IntegrationProvider):
    """GitHub."""

    key = ProviderKey.GITHUB
    name = "GitHub"
    feature = "organizations:integrations-github"
    metadata_model: ClassVar[type[BaseModel]] = GitHubMetadata
    installation_class: ClassVar[type[Integration]] = GitHubIntegration
    webhook_receiver: ClassVar[WebhookReceiver] = GitHubWebhookReceiver()
    codeowners_locations = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")

    @classmethod
    def external_id_of(cls, metadata: BaseModel) -> str:
        """The host with the installation for an App, else with the start of the token's digest.

        Raises:
            TypeError: the metadata are another provider's.
        """
        if not isinstance(metadata, GitHubMetadata):
            raise TypeError("expected GitHub's metadata")
        host = metadata.endpoints().host
        if metadata.app is not None:
            return f"{host}:{metadata.app.installation_id}"
        return f"{host}:token-{digest('github-token', metadata.token or '')[:24]}"
