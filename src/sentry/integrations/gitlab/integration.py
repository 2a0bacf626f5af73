"""GitLab as a provider, and what an installation of it can do."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import BaseModel, ValidationError

from sentry.integrations.base import Integration, IntegrationProvider
from sentry.integrations.gitlab.auth import PrivateTokenAuth, mirror_source
from sentry.integrations.gitlab.client import GitLabClient
from sentry.integrations.gitlab.dialect import GitLabDialect
from sentry.integrations.gitlab.hooks import GitLabHooks
from sentry.integrations.gitlab.issues import GitLabIssues
from sentry.integrations.gitlab.line_blame import LineBlame
from sentry.integrations.gitlab.metadata import GitLabMetadata
from sentry.integrations.gitlab.names import project_of
from sentry.integrations.gitlab.reads import GitLabReads
from sentry.integrations.gitlab.source_urls import SourceUrls
from sentry.integrations.gitlab.webhooks.receiver import GitLabWebhookReceiver
from sentry.integrations.services.integration.model import RpcIntegration
from sentry.integrations.source_code_management.errors import (
    IntegrationBroken,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostAuth, HostSession
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.oauth import OAuthAuth
from sentry.integrations.source_code_management.oauth_endpoint import TokenEndpoint
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


class GitLabIntegration(LinkingInstallation, Integration):
    """An installation of GitLab in an organization; fulfils every capability."""

    @functools.cached_property
    def _metadata(self) -> GitLabMetadata:
        try:
            return GitLabMetadata.model_validate(self.metadata)
        except ValidationError:
            raise IntegrationBroken("the integration's stored settings are not valid") from None

    @functools.cached_property
    def _auth(self) -> HostAuth:
        return _auth_of(self._metadata, self.model, self.organization_id)

    @functools.cached_property
    def _session(self) -> HostSession:
        return HostSession(self._metadata.endpoints().api, auth=self._auth, dialect=GitLabDialect())

    def get_client(self) -> GitLabClient:
        """The client with this installation's credential.

        Raises:
            IntegrationBroken: the stored metadata is not valid.
        """
        return GitLabClient(self._session)

    @functools.cached_property
    def _reads(self) -> GitLabReads:
        return GitLabReads(self._session)

    @functools.cached_property
    def _issues(self) -> GitLabIssues:
        return GitLabIssues(self._session, self._source_urls())

    def check_credential(self) -> CredentialCheck:
        """See ``Integration``."""
        metadata = self._metadata
        if metadata.oauth is not None:
            return self.get_client().check_oauth(metadata.endpoints().token_info)
        return self.get_client().check_token()

    # --- RepositoryIntegration -----------------------------------------------------------------

    def get_repositories(self, *, query: str = "") -> Iterator[RepositoryInfo]:
        """See ``RepositoryIntegration``. GitLab searches, and finds names and descriptions, too."""
        wanted = query.casefold()
        for repo in self.get_client().get_repositories(query=query):
            if wanted in repo.name.casefold():
                yield repo

    def get_repository(self, identifier: str) -> RepositoryInfo:
        """See ``RepositoryIntegration``."""
        return self.get_client().get_repository(identifier)

    def get_current_repository(self, repo: RepositoryRef) -> RepositoryInfo:
        """See ``RepositoryIntegration``."""
        return self.get_client().get_project(project_of(repo))

    def has_repo_access(self, repo: RepositoryRef) -> bool:
        """See ``RepositoryIntegration``."""
        return self.get_client().has_access(project_of(repo))

    def get_repository_default_branch(self, repo: RepositoryRef) -> str | None:
        """See ``RepositoryIntegration``."""
        return self.get_current_repository(repo).default_branch

    # --- CommitIntegration ---------------------------------------------------------------------

    def get_commit(self, repo: RepositoryRef, sha: str) -> CommitInfo:
        """See ``CommitIntegration``. A branch's name is no id, though GitLab would take it.

        An ambiguous abbreviation is NotFound: GitLab does not tell it from an unknown one.
        """
        commit = self.get_client().get_commit(project_of(repo), sha)
        if not commit.sha.startswith(sha.lower()):
            raise NotFound("commit")
        return commit

    def resolve_ref(self, repo: RepositoryRef, ref: str) -> str:
        """See ``CommitIntegration``."""
        return self.get_client().get_commit(project_of(repo), ref or "HEAD", resource="ref").sha

    def list_commits(
        self, repo: RepositoryRef, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """See ``CommitIntegration``."""
        return self.get_client().list_commits(
            project_of(repo), sha=sha, path=path, page=page, per_page=per_page
        )

    # --- FileIntegration and TreeIntegration ---------------------------------------------------

    def get_file(self, repo: RepositoryRef, *, path: str, sha: str, max_bytes: int) -> FileContent:
        """See ``FileIntegration``."""
        return self.get_client().get_file(project_of(repo), path=path, sha=sha, max_bytes=max_bytes)

    def get_tree(self, repo: RepositoryRef, *, sha: str, path: str, max_entries: int) -> TreeInfo:
        """See ``TreeIntegration``. GitLab tells no sizes."""
        return self._reads.get_tree(project_of(repo), sha=sha, path=path, most=max_entries)

    # --- CommitContextIntegration --------------------------------------------------------------

    def _line_blame(self) -> LineBlame:
        return LineBlame(self.get_client(), self._source_urls())

    def get_blame_for_files(
        self, files: Sequence[SourceLineInfo]
    ) -> list[FileBlameInfo | ScmError]:
        """See ``CommitContextIntegration`` and ``line_blame``."""
        return self._line_blame().of_lines(files)

    def get_file_blame(
        self, repo: RepositoryRef, *, path: str, sha: str
    ) -> Iterator[BlameRangeInfo]:
        """See ``CommitContextIntegration`` and ``line_blame``."""
        return self._line_blame().of_file(repo, path=path, sha=sha)

    # --- ComparisonIntegration, BranchIntegration, PullRequestIntegration, CodeSearchIntegration -

    def compare_commits(
        self, repo: RepositoryRef, *, base: str, head: str, max_commits: int
    ) -> ComparisonInfo:
        """See ``ComparisonIntegration``."""
        return self._reads.compare(project_of(repo), base=base, head=head, most=max_commits)

    def get_commit_changes(self, repo: RepositoryRef, *, sha: str) -> tuple[FileChange, ...]:
        """See ``ComparisonIntegration``."""
        return self._reads.get_changes(project_of(repo), sha)

    def get_branches(self, repo: RepositoryRef, *, query: str = "") -> Iterator[BranchInfo]:
        """See ``BranchIntegration``."""
        return self._reads.get_branches(project_of(repo), query=query)

    def get_pull_requests_for_commit(
        self, repo: RepositoryRef, *, sha: str
    ) -> list[PullRequestInfo]:
        """See ``PullRequestIntegration``. GitLab calls them merge requests."""
        return self._reads.get_merge_requests(project_of(repo), sha)

    def search_code(
        self, repo: RepositoryRef, *, query: str, page: int, per_page: int
    ) -> tuple[list[CodeMatch], bool]:
        """See ``CodeSearchIntegration``. A file may come again on the next page."""
        matches, more = self._reads.search_code(
            project_of(repo), query=query, page=page, per_page=per_page
        )
        return [self._with_page(repo, match) for match in matches], more

    def _with_page(self, repo: RepositoryRef, match: CodeMatch) -> CodeMatch:
        """The match with its page's address, where the host told the ref."""
        if not match.ref:
            return match
        return replace(
            match, web_url=self._source_urls().of_file(repo, path=match.path, ref=match.ref)
        )

    # --- SourceCodeIssueIntegration ------------------------------------------------------------

    def create_issue(self, issue: NewIssue) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``."""
        return self._issues.create(issue)

    def find_issue_by_marker(
        self, repo: RepositoryRef, marker: str, *, since: datetime
    ) -> IssueInfo | None:
        """See ``SourceCodeIssueIntegration``."""
        return self._issues.find_by_marker(repo, marker, since=since)

    def get_issue(self, key: str) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``."""
        return self._issues.get(key)

    def get_issue_url(self, key: str) -> str:
        """See ``SourceCodeIssueIntegration``."""
        return self._issues.page_of(key)

    def search_issues(self, repo: RepositoryRef, query: str) -> list[IssueInfo]:
        """See ``SourceCodeIssueIntegration``."""
        return self._issues.search(repo, query)

    def create_issue_comment(self, key: str, body: str) -> IssueCommentInfo:
        """See ``SourceCodeIssueIntegration``."""
        return self._issues.comment(key, body)

    def assign_issue(self, key: str, assignee: str) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``."""
        return self._issues.assign(key, assignee)

    def set_issue_state(self, key: str, state: IssueState) -> IssueInfo:
        """See ``SourceCodeIssueIntegration``."""
        return self._issues.set_state(key, state)

    # --- WebhookIntegration and MirrorIntegration ----------------------------------------------

    def register_webhook(self, repo: RepositoryRef, *, url: str, secret: str) -> str:
        """See ``WebhookIntegration`` and ``hooks``.

        A project's webhook does not tell that the project was renamed or deleted; an instance's
        system hook does, which an administrator registers with the same secret.
        """
        return GitLabHooks(self._session).register(project_of(repo), url=url, secret=secret)

    def unregister_webhook(self, repo: RepositoryRef, *, webhook_id: str) -> None:
        """See ``WebhookIntegration``."""
        GitLabHooks(self._session).unregister(project_of(repo), webhook_id)

    def get_mirror_identity(self) -> str:
        """See ``MirrorIntegration``."""
        return digest(self._metadata.endpoints().root, self._auth.identity)

    def get_mirror_source(
        self, repo: RepositoryRef, *, rejected: MirrorSource | None = None
    ) -> MirrorSource:
        """See ``MirrorIntegration``. git goes by names: the repository's own is asked for."""
        name = self.get_client().current_name(repo)
        url = f"{self._metadata.endpoints().root}/{name.identifier}.git"
        return mirror_source(self._auth, url, rejected=rejected)

    # --- SourceUrlIntegration ------------------------------------------------------------------

    def _source_urls(self) -> SourceUrls:
        return SourceUrls(self._metadata.endpoints().web)


def _auth_of(metadata: GitLabMetadata, model: RpcIntegration, organization_id: int) -> HostAuth:
    if metadata.oauth is None:
        return PrivateTokenAuth(metadata.token or "")
    endpoint = TokenEndpoint(url=metadata.endpoints().token)
    return OAuthAuth(model, organization_id, endpoint, dialect=GitLabDialect())


class GitLabIntegrationProvider(IntegrationProvider):
    """GitLab, as a service and self-managed."""

    key = ProviderKey.GITLAB
    name = "GitLab"
    feature = "organizations:integrations-gitlab"
    metadata_model = GitLabMetadata
    installation_class = GitLabIntegration
    commit_url_format = "{url}/-/commit/{sha}"
    codeowners_locations = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
    webhook_receiver = GitLabWebhookReceiver()

    @classmethod
    def external_id_of(cls, metadata: BaseModel) -> str:
        """The host with the start of the credential's digest.

        Raises:
            TypeError: the metadata are another provider's.
        """
        if not isinstance(metadata, GitLabMetadata):
            raise TypeError("expected GitLab's metadata")
        kind = "token" if metadata.oauth is None else "oauth"
        return f"{metadata.endpoints().host}:{kind}-{metadata.credential_digest()[:24]}"

    @classmethod
    def _server_of(cls, metadata: BaseModel) -> str:
        """As every provider's, but with the relative path: a host may serve several instances."""
        if not isinstance(metadata, GitLabMetadata):
            raise TypeError("expected GitLab's metadata")
        return metadata.endpoints().host
