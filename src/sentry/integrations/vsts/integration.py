"""Azure DevOps as a provider: its metadata, and what an installation of it can do."""

import functools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sentry.integrations.base import Integration, IntegrationProvider
from sentry.integrations.source_code_management.credential_texts import TokenText
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    IntegrationBroken,
    NotFound,
)
from sentry.integrations.source_code_management.http import HostAuth, HostSession
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_runtime import HttpRuntime, shared_runtime
from sentry.integrations.source_code_management.oauth_client import ClientCredential
from sentry.integrations.source_code_management.source_links import LinkingInstallation
from sentry.integrations.source_code_management.types import (
    BranchInfo,
    CodeMatch,
    CommitInfo,
    ComparisonInfo,
    CredentialCheck,
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
    TreeInfo,
)
from sentry.integrations.vsts.api import VstsApi
from sentry.integrations.vsts.auth import PersonalTokenAuth, entra_auth
from sentry.integrations.vsts.client import VstsClient
from sentry.integrations.vsts.dialect import VstsDialect
from sentry.integrations.vsts.endpoints import Endpoints, vsts_endpoints
from sentry.integrations.vsts.names import key_of, project_of
from sentry.integrations.vsts.sign_in import SignInTransport
from sentry.integrations.vsts.source_urls import SourceUrls
from sentry.integrations.vsts.webhooks.receiver import VstsWebhookReceiver

_ORIGIN = r"^https?://[^\s@?#]+$"
_ORGANIZATION = r"^https?://[^\s@?#/]+(?:/[^\s@?#/]+)+/?$"


class EntraApplication(ClientCredential):
    """An application of Entra that Azure DevOps knows: a tenant's domain or id, and its secret."""

    tenant: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-]{0,254}$")


class VstsMetadata(BaseModel):
    """What the platform keeps of an integration with Azure DevOps: exactly one of token and entra.

    Attributes:
        base_url: the organization ("https://dev.azure.com/acme") or, on Server, the collection.
        web_url: of the pages that people see, where it is another one.
        search_url: of the search of code, where it is not the usual one.
        login_url: of Entra.
        token: a personal access token.
        entra: an application of Entra.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str = Field(pattern=_ORGANIZATION)
    web_url: str | None = Field(default=None, pattern=_ORGANIZATION)
    search_url: str | None = Field(default=None, pattern=_ORGANIZATION)
    login_url: str = Field(default="https://login.microsoftonline.com", pattern=_ORIGIN)
    token: TokenText | None = Field(default=None, repr=False)
    entra: EntraApplication | None = None

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        if (self.token is None) == (self.entra is None):
            raise ValueError("needs exactly one of token and entra")
        return self

    def endpoints(self) -> Endpoints:
        """Where this organization lives."""
        return vsts_endpoints(
            base_url=self.base_url,
            web_url=self.web_url,
            search_url=self.search_url,
            login_url=self.login_url,
        )

    def auth(self) -> HostAuth:
        """The credential."""
        if self.entra is None:
            return PersonalTokenAuth(self.token or "")
        return entra_auth(self.entra, tenant=self.entra.tenant, endpoints=self.endpoints())


class VstsIntegration(LinkingInstallation, Integration):
    """An installation of Azure DevOps in an organization; blame comes from its mirrors."""

    @functools.cached_property
    def _metadata(self) -> VstsMetadata:
        try:
            return VstsMetadata.model_validate(self.metadata)
        except ValidationError:
            raise IntegrationBroken("the integration's stored settings are not valid") from None

    @functools.cached_property
    def _auth(self) -> HostAuth:
        return self._metadata.auth()

    def get_client(self) -> VstsClient:
        """The client with this installation's credential.

        Raises:
            IntegrationBroken: the stored metadata is not valid.
        """
        return self._client

    @functools.cached_property
    def _client(self) -> VstsClient:
        endpoints, runtime = self._metadata.endpoints(), _runtime()
        api, search = (
            VstsApi(HostSession(url, auth=self._auth, dialect=VstsDialect(), runtime=runtime))
            for url in (endpoints.api, endpoints.search)
        )
        return VstsClient(api, search, endpoints)

    def check_credential(self) -> CredentialCheck:
        """See ``Integration``."""
        return self.get_client().check_credential()

    # --- RepositoryIntegration ---------------------------------------------------------------

    def get_repositories(self, *, query: str = "") -> Iterator[RepositoryInfo]:
        """See ``RepositoryIntegration``. Filters here: the host has no search of repositories."""
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

    # --- CommitIntegration, FileIntegration --------------------------------------------------

    def get_commit(self, repo: RepositoryRef, sha: str) -> CommitInfo:
        """See ``CommitIntegration``.

        The host resolves no abbreviations: they are looked for among the newest commits of the
        default branch, and InvalidArgument says so where they are not found there.
        """
        return self.get_client().get_commit(repo, sha)

    def resolve_ref(self, repo: RepositoryRef, ref: str) -> str:
        """See ``CommitIntegration``."""
        return self.get_client().resolve_ref(repo, ref)

    def list_commits(
        self, repo: RepositoryRef, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """See ``CommitIntegration``."""
        return self.get_client().list_commits(
            repo, sha=sha, path=path, page=page, per_page=per_page
        )

    def get_file(self, repo: RepositoryRef, *, path: str, sha: str, max_bytes: int) -> FileContent:
        """See ``FileIntegration``."""
        return self.get_client().get_file(repo, path=path, sha=sha, max_bytes=max_bytes)

    # --- ComparisonIntegration, TreeIntegration, BranchIntegration ---------------------------

    def compare_commits(
        self, repo: RepositoryRef, *, base: str, head: str, max_commits: int
    ) -> ComparisonInfo:
        """See ``ComparisonIntegration``."""
        client = self.get_client()
        files, files_truncated, ahead = client.reads.diff(repo, base=base, head=head)
        listed = client.reads.list_between(repo, base=base, head=head, most=max_commits)
        return ComparisonInfo(
            commits=tuple(client.whole(repo, listed)),
            files=files,
            commits_truncated=ahead > len(listed),
            files_truncated=files_truncated,
        )

    def get_commit_changes(self, repo: RepositoryRef, *, sha: str) -> tuple[FileChange, ...]:
        """See ``ComparisonIntegration``."""
        return self.get_client().reads.get_changes(repo, sha)

    def get_tree(self, repo: RepositoryRef, *, sha: str, path: str, max_entries: int) -> TreeInfo:
        """See ``TreeIntegration``."""
        return self.get_client().reads.get_tree(repo, sha=sha, path=path, most=max_entries)

    def get_branches(self, repo: RepositoryRef, *, query: str = "") -> Iterator[BranchInfo]:
        """See ``BranchIntegration``."""
        return self.get_client().reads.get_branches(repo, query)

    # --- PullRequestIntegration, CodeSearchIntegration ---------------------------------------

    def get_pull_requests_for_commit(
        self, repo: RepositoryRef, *, sha: str
    ) -> list[PullRequestInfo]:
        """See ``PullRequestIntegration``. Of what is no commit the host says that it has none."""
        client = self.get_client()
        found = client.reads.get_pull_requests(repo, sha)
        if not found:
            client.get_commit(repo, sha)
        return found

    def search_code(
        self, repo: RepositoryRef, *, query: str, page: int, per_page: int
    ) -> tuple[list[CodeMatch], bool]:
        """See ``CodeSearchIntegration``."""
        reads = self.get_client().reads
        return reads.search_code(repo, query=query, page=page, per_page=per_page)

    # --- SourceCodeIssueIntegration ----------------------------------------------------------

    def create_issue(self, issue: NewIssue) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``; ``repo`` may name the project alone."""
        return self.get_client().issues.create(issue)

    def find_issue_by_marker(
        self, repo: RepositoryRef, marker: str, *, since: datetime
    ) -> IssueInfo | None:
        """See ``SourceCodeIssueIntegration``."""
        return self.get_client().issues.find_by_marker(repo, marker, since=since)

    def get_issue(self, key: str) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``; a key is "project#number"."""
        return self.get_client().issues.get(key)

    def get_issue_url(self, key: str) -> str:
        """See ``SourceCodeIssueIntegration``."""
        return self.get_client().issues.url(key)

    def search_issues(self, repo: RepositoryRef, query: str) -> list[IssueInfo]:
        """See ``SourceCodeIssueIntegration``: those that were changed last come first."""
        return self.get_client().issues.search(repo, query)

    def create_issue_comment(self, key: str, body: str) -> IssueCommentInfo:
        """See ``SourceCodeIssueIntegration``."""
        return self.get_client().issues.comment(key, body)

    def assign_issue(self, key: str, assignee: str) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``; ``assignee`` is an address or a sign-in name."""
        return self.get_client().issues.assign(key, assignee)

    def set_issue_state(self, key: str, state: IssueState) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``."""
        return self.get_client().issues.set_state(key, state)

    # --- SourceUrlIntegration ----------------------------------------------------------------

    def _source_urls(self) -> SourceUrls:
        return SourceUrls(self._metadata.endpoints())

    # --- MirrorIntegration, WebhookIntegration -----------------------------------------------

    def get_mirror_identity(self) -> str:
        """See ``MirrorIntegration``."""
        return digest(self._metadata.endpoints().api, self._auth.identity)

    def get_mirror_source(
        self, repo: RepositoryRef, *, rejected: MirrorSource | None = None
    ) -> MirrorSource:
        """See ``MirrorIntegration``. git takes ids in the places of names, so nothing is asked."""
        if rejected is not None and not self._auth.renew(rejected.headers):
            raise IntegrationBroken
        return MirrorSource(
            url=self._metadata.endpoints().clone(project_of(repo), key_of(repo)),
            headers=self._auth.headers(),
            identity=self._auth.identity,
        )

    def register_webhook(self, repo: RepositoryRef, *, url: str, secret: str) -> str:
        """See ``WebhookIntegration``; the id is that of the subscription to pushes."""
        return self.get_client().hooks.register(repo, url=url, secret=secret)

    def unregister_webhook(self, repo: RepositoryRef, *, webhook_id: str) -> None:  # noqa: ARG002
        """See ``WebhookIntegration``: ends the subscriptions of every kind."""
        self.get_client().hooks.unregister(webhook_id)


def _runtime() -> HttpRuntime:
    """The process's own, with sign-in pages read as what they mean."""
    shared = shared_runtime()
    return replace(shared, transport=lambda: SignInTransport(shared.transport()))


class VstsIntegrationProvider(IntegrationProvider):
    """Azure DevOps, Services and Server."""

    key = ProviderKey.VSTS
    name = "Azure DevOps"
    feature = "organizations:integrations-vsts"
    metadata_model = VstsMetadata
    installation_class = VstsIntegration
    codeowners_locations = (".azuredevops/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
    webhook_receiver = VstsWebhookReceiver()

    @classmethod
    def external_id_of(cls, metadata: BaseModel) -> str:
        """The host with a digest of the organization and of whom the credential stands for.

        Raises:
            TypeError: the metadata are another provider's.
        """
        if not isinstance(metadata, VstsMetadata):
            raise TypeError("expected Azure DevOps' metadata")
        endpoints = metadata.endpoints()
        if metadata.entra is not None:
            facts = (metadata.entra.tenant, metadata.entra.client_id)
            return f"{endpoints.host}:entra-{digest(endpoints.api, *facts)[:24]}"
        return f"{endpoints.host}:token-{digest(endpoints.api, metadata.token or '')[:24]}"
