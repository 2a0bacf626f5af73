"""Bitbucket Data Center as a provider: its metadata, and what an installation of it can do."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sentry.integrations.base import Integration, IntegrationProvider
from sentry.integrations.bitbucket_server.auth import BasicAuth, TokenAuth
from sentry.integrations.bitbucket_server.client import BitbucketServerClient
from sentry.integrations.bitbucket_server.dialect import BitbucketServerDialect
from sentry.integrations.bitbucket_server.endpoints import Endpoints, server_endpoints
from sentry.integrations.bitbucket_server.line_blame import blame_lines, blame_whole_file
from sentry.integrations.bitbucket_server.source_urls import SourceUrls
from sentry.integrations.bitbucket_server.webhooks.receiver import BitbucketServerReceiver
from sentry.integrations.source_code_management.credential_texts import PasswordText, TokenText
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    IntegrationBroken,
    NotFound,
    RepositoryReplaced,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.source_links import LinkingInstallation
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    BranchInfo,
    Capability,
    CommitInfo,
    ComparisonInfo,
    CredentialCheck,
    FileBlameInfo,
    FileChange,
    FileContent,
    MirrorSource,
    ProviderKey,
    PullRequestInfo,
    RepositoryInfo,
    RepositoryRef,
    SourceLineInfo,
    TreeInfo,
)

_STRICT = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
_URL = r"^https?://[^\s@?#]+$"


class BitbucketServerLogin(BaseModel):
    """A user's name and password."""

    model_config = _STRICT

    username: str = Field(pattern=r"^[^\x00-\x1f\x7f:]{1,255}$")
    password: PasswordText = Field(repr=False)


class BitbucketServerMetadata(BaseModel):
    """What the platform keeps of an integration: exactly one of ``token`` and ``basic``.

    ``base_url`` is the server's, its context path included ("https://HOST/bitbucket"); people see
    its pages there too, unless ``web_url`` says otherwise.
    """

    model_config = _STRICT

    base_url: str = Field(pattern=_URL, max_length=200)
    web_url: str | None = Field(default=None, pattern=_URL, max_length=200)
    token: TokenText | None = Field(default=None, repr=False)
    basic: BitbucketServerLogin | None = None

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        if (self.token is None) == (self.basic is None):
            raise ValueError("needs exactly one of token and basic")
        return self

    def endpoints(self) -> Endpoints:
        """Where this server lives."""
        return server_endpoints(base_url=self.base_url, web_url=self.web_url)

    def auth(self) -> TokenAuth | BasicAuth:
        """The credential as requests carry it."""
        if self.basic is not None:
            return BasicAuth(self.basic.username, self.basic.password)
        return TokenAuth(self.token or "")


class BitbucketServerIntegration(LinkingInstallation, Integration):
    """An installation of Bitbucket Data Center in an organization."""

    @functools.cached_property
    def _metadata(self) -> BitbucketServerMetadata:
        try:
            return BitbucketServerMetadata.model_validate(self.metadata)
        except ValidationError:
            raise IntegrationBroken("the integration's stored settings are not valid") from None

    def get_client(self) -> BitbucketServerClient:
        """The client with this installation's credential.

        Raises:
            IntegrationBroken: the stored metadata is not valid.
        """
        return self._client

    @functools.cached_property
    def _client(self) -> BitbucketServerClient:
        endpoints, auth = self._metadata.endpoints(), self._metadata.auth()
        runtime = shared_runtime()
        session = HostSession(
            endpoints.api, auth=auth, dialect=BitbucketServerDialect(), runtime=runtime
        )
        return BitbucketServerClient(
            session, endpoints, identity=auth.identity, clock=runtime.clock
        )

    def _name(self, repo: RepositoryRef, *, fresh: bool = False) -> str:
        """What the repository is called now; see ``BitbucketServerClient.current_name``.

        ``fresh`` where the host is changed, or where what it answers may be stored.
        """
        return self._client.current_name(repo, fresh=fresh).identifier

    def check_credential(self) -> CredentialCheck:
        """See ``Integration``."""
        return self.get_client().check_credential()

    # --- RepositoryIntegration ---------------------------------------------------------------

    def get_repositories(self, *, query: str = "") -> Iterator[RepositoryInfo]:
        """See ``RepositoryIntegration``. The host looks for the query in repositories' names."""
        return self.get_client().get_repositories(name=query.strip())

    def get_repository(self, identifier: str) -> RepositoryInfo:
        """See ``RepositoryIntegration``. Two requests where the host keeps the branch apart."""
        return self.get_current_repository(RepositoryRef(identifier=identifier))

    def get_current_repository(self, repo: RepositoryRef) -> RepositoryInfo:
        """See ``RepositoryIntegration``. The host has no addresses by id: the answer tells it."""
        found = self.get_client().get_repository(repo.identifier)
        if repo.external_id not in ("", found.external_id):
            raise RepositoryReplaced
        if found.default_branch is not None:
            return found
        branch = self.get_client().get_default_branch(found.identifier)
        return replace(found, default_branch=branch)

    def has_repo_access(self, repo: RepositoryRef) -> bool:
        """See ``RepositoryIntegration``."""
        try:
            found = self.get_client().get_repository(repo.identifier)
        except (NotFound, HostForbidden):
            return False
        return repo.external_id in ("", found.external_id)

    def get_repository_default_branch(self, repo: RepositoryRef) -> str | None:
        """See ``RepositoryIntegration``. It may be stored: the name is confirmed in any case."""
        return self.get_client().get_default_branch(self._name(repo, fresh=True))

    def get_branches(self, repo: RepositoryRef, *, query: str = "") -> Iterator[BranchInfo]:
        """See ``BranchIntegration``."""
        return self.get_client().get_branches(self._name(repo), query=query)

    # --- CommitIntegration -------------------------------------------------------------------

    def get_commit(self, repo: RepositoryRef, sha: str) -> CommitInfo:
        """See ``CommitIntegration``. It may be stored: the name is confirmed in any case."""
        commit = self.get_client().get_commit(self._name(repo, fresh=True), sha)
        if not commit.sha.startswith(sha.lower()):
            raise NotFound("commit")
        return commit

    def resolve_ref(self, repo: RepositoryRef, ref: str) -> str:
        """See ``CommitIntegration``."""
        return self.get_client().resolve_ref(self._name(repo), ref)

    def list_commits(
        self, repo: RepositoryRef, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """See ``CommitIntegration``."""
        return self.get_client().list_commits(
            self._name(repo), sha=sha, path=path, page=page, per_page=per_page
        )

    # --- ComparisonIntegration, PullRequestIntegration ---------------------------------------

    def compare_commits(
        self, repo: RepositoryRef, *, base: str, head: str, max_commits: int
    ) -> ComparisonInfo:
        """See ``ComparisonIntegration``."""
        return self.get_client().compare_commits(
            self._name(repo), base=base, head=head, max_commits=max_commits
        )

    def get_commit_changes(self, repo: RepositoryRef, *, sha: str) -> tuple[FileChange, ...]:
        """See ``ComparisonIntegration``. The server's own cap may be lower, 1,000 as a rule."""
        return self.get_client().get_commit_changes(self._name(repo), sha)

    def get_pull_requests_for_commit(
        self, repo: RepositoryRef, *, sha: str
    ) -> list[PullRequestInfo]:
        """See ``PullRequestIntegration``."""
        return self.get_client().get_pull_requests(self._name(repo), sha)

    # --- FileIntegration, TreeIntegration ----------------------------------------------------

    def get_file(self, repo: RepositoryRef, *, path: str, sha: str, max_bytes: int) -> FileContent:
        """See ``FileIntegration``."""
        return self.get_client().get_file(self._name(repo), path=path, ref=sha, max_bytes=max_bytes)

    def get_tree(self, repo: RepositoryRef, *, sha: str, path: str, max_entries: int) -> TreeInfo:
        """See ``TreeIntegration``. The host lists no submodules and tells no kinds apart."""
        return self.get_client().get_tree(
            self._name(repo), sha=sha, path=path, max_entries=max_entries
        )

    # --- CommitContextIntegration, MirrorIntegration -----------------------------------------

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

    def get_mirror_identity(self) -> str:
        """See ``MirrorIntegration``."""
        return digest(self._metadata.endpoints().server, self._metadata.auth().identity)

    def get_mirror_source(
        self, repo: RepositoryRef, *, rejected: MirrorSource | None = None
    ) -> MirrorSource:
        """See ``MirrorIntegration``. There is no other credential than the stored one."""
        auth = self._metadata.auth()
        if rejected is not None and rejected.identity == auth.identity:
            raise IntegrationBroken
        name = self.get_client().current_name(repo, fresh=True)
        return MirrorSource(
            url=self._metadata.endpoints().clone(name),
            headers=auth.headers(),
            identity=auth.identity,
        )

    # --- WebhookIntegration ------------------------------------------------------------------

    def register_webhook(self, repo: RepositoryRef, *, url: str, secret: str) -> str:
        """See ``WebhookIntegration``. It changes the host: the name is confirmed in any case."""
        name = self._name(repo, fresh=True)
        return self.get_client().register_webhook(name, url=url, secret=secret)

    def unregister_webhook(self, repo: RepositoryRef, *, webhook_id: str) -> None:
        """See ``WebhookIntegration``."""
        try:
            name = self._name(repo, fresh=True)
        except RepositoryReplaced:
            raise  # the registration may be there still, where the repository is now
        except NotFound:
            return
        self.get_client().unregister_webhook(name, webhook_id)

    # --- SourceUrlIntegration ----------------------------------------------------------------

    def _source_urls(self) -> SourceUrls:
        return SourceUrls(self._metadata.endpoints())


class BitbucketServerIntegrationProvider(IntegrationProvider):
    """Bitbucket Data Center, and the Bitbucket Server that it was before."""

    key = ProviderKey.BITBUCKET_SERVER
    name = "Bitbucket Data Center"
    feature = "organizations:integrations-bitbucket_server"
    metadata_model = BitbucketServerMetadata
    installation_class = BitbucketServerIntegration
    commit_url_format = "{url}/commits/{sha}"
    codeowners_locations = (".bitbucket/CODEOWNERS",)
    webhook_receiver = BitbucketServerReceiver()
    unsupported: ClassVar[dict[Capability, str]] = {
        Capability.ISSUES: "Bitbucket Data Center has no issues of its own; Jira keeps them apart",
        Capability.CODE_SEARCH: "the published API of Bitbucket Data Center has no code search",
    }

    @classmethod
    def external_id_of(cls, metadata: BaseModel) -> str:
        """The server with the start of the credential's digest.

        Raises:
            TypeError: the metadata are another provider's.
        """
        if not isinstance(metadata, BitbucketServerMetadata):
            raise TypeError("expected Bitbucket Data Center's metadata")
        kind = "token" if metadata.basic is None else "basic"
        host = metadata.endpoints().host
        return f"{host}:{kind}-{metadata.auth().identity[:24]}"

    @classmethod
    def _server_of(cls, metadata: BaseModel) -> str:
        """As every provider's, but with the context path: a host may serve several servers."""
        if not isinstance(metadata, BitbucketServerMetadata):
            raise TypeError("expected Bitbucket Data Center's metadata")
        return metadata.endpoints().host
