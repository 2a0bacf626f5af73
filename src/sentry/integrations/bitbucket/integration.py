"""Bitbucket Cloud as a provider, and what an installation of it can do."""

import functools
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pydantic import BaseModel, ValidationError

from sentry.integrations.base import Integration, IntegrationProvider
from sentry.integrations.bitbucket.auth import AccessTokenAuth, ApiTokenAuth, mirror_source
from sentry.integrations.bitbucket.client import BitbucketClient
from sentry.integrations.bitbucket.credential_check import NAME_THE_WORKSPACE, CredentialChecker
from sentry.integrations.bitbucket.dialect import BitbucketDialect
from sentry.integrations.bitbucket.metadata import BitbucketMetadata
from sentry.integrations.bitbucket.pulls import CommitPulls
from sentry.integrations.bitbucket.source_urls import SourceUrls
from sentry.integrations.bitbucket.webhooks.receiver import BitbucketWebhookReceiver
from sentry.integrations.services.integration.model import RpcIntegration
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    IntegrationBroken,
    NotFound,
)
from sentry.integrations.source_code_management.http import HostAuth, HostSession
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.oauth import OAuthAuth
from sentry.integrations.source_code_management.oauth_endpoint import ClientForm, TokenEndpoint
from sentry.integrations.source_code_management.source_links import LinkingInstallation
from sentry.integrations.source_code_management.types import (
    BranchInfo,
    Capability,
    CodeMatch,
    CommitInfo,
    ComparisonInfo,
    CredentialCheck,
    FileChange,
    FileContent,
    MirrorSource,
    ProviderKey,
    PullRequestInfo,
    RepositoryInfo,
    RepositoryRef,
    TreeInfo,
)

_FULL_SHA = (40, 64)
_SHORTEST_SHA = 4


class BitbucketIntegration(LinkingInstallation, Integration):
    """An installation of Bitbucket in an organization. It has no issues; git does its blame."""

    @functools.cached_property
    def _metadata(self) -> BitbucketMetadata:
        try:
            return BitbucketMetadata.model_validate(self.metadata)
        except ValidationError:
            raise IntegrationBroken("the integration's stored settings are not valid") from None

    @functools.cached_property
    def _auth(self) -> HostAuth:
        return _auth_of(self._metadata, self.model, self.organization_id)

    @functools.cached_property
    def _session(self) -> HostSession:
        endpoints = self._metadata.endpoints()
        return HostSession(endpoints.api, auth=self._auth, dialect=BitbucketDialect())

    def get_client(self) -> BitbucketClient:
        """The client with this installation's credential.

        Raises:
            IntegrationBroken: the stored metadata is not valid.
        """
        return self._client

    @functools.cached_property
    def _client(self) -> BitbucketClient:
        return BitbucketClient(self._session, identity=self._auth.identity)

    def check_credential(self) -> CredentialCheck:
        """See ``Integration``."""
        metadata = self._metadata
        checker = CredentialChecker(
            self._session,
            workspace=metadata.workspace or "",
            is_account=metadata.token is None,
        )
        return checker.check()

    # --- RepositoryIntegration ---------------------------------------------------------------

    def get_repositories(self, *, query: str = "") -> Iterator[RepositoryInfo]:
        """See ``RepositoryIntegration``. The host searches their names, without the workspace's."""
        part = "" if "/" in query else query
        wanted = query.casefold() if "/" in query else ""
        for workspace in self._workspaces():
            for repo in self.get_client().get_repositories(workspace, name=part):
                if wanted in repo.identifier.casefold():
                    yield repo

    def _workspaces(self) -> Iterator[str]:
        metadata = self._metadata
        if metadata.workspace is not None:
            yield metadata.workspace
        elif metadata.token is not None:
            raise IntegrationBroken(NAME_THE_WORKSPACE)
        else:
            yield from self.get_client().get_workspaces()

    def get_repository(self, identifier: str) -> RepositoryInfo:
        """See ``RepositoryIntegration``."""
        return self.get_current_repository(RepositoryRef(identifier=identifier))

    def get_current_repository(self, repo: RepositoryRef) -> RepositoryInfo:
        """See ``RepositoryIntegration``."""
        return self.get_client().get_repository(repo)

    def has_repo_access(self, repo: RepositoryRef) -> bool:
        """See ``RepositoryIntegration``."""
        try:
            self.get_client().get_repository(repo)
        except (NotFound, HostForbidden):
            return False
        return True

    def get_repository_default_branch(self, repo: RepositoryRef) -> str | None:
        """See ``RepositoryIntegration``."""
        return self.get_current_repository(repo).default_branch

    # --- CommitIntegration -------------------------------------------------------------------

    def get_commit(self, repo: RepositoryRef, sha: str) -> CommitInfo:
        """See ``CommitIntegration``. A branch's name is no id, though Bitbucket would take it."""
        commit = self.get_client().get_commit(repo, sha)
        if not commit.sha.startswith(sha.lower()):
            raise NotFound("commit")
        return commit

    def resolve_ref(self, repo: RepositoryRef, ref: str) -> str:
        """See ``CommitIntegration``. A branch wins over a tag, and both over an abbreviation."""
        client = self.get_client()
        name = ref or self.get_client().get_repository(repo).default_branch
        if name is None:
            raise NotFound("ref")
        if ref and len(ref) in _FULL_SHA and _is_hex(ref):
            return client.get_commit(repo, ref, resource="ref").sha
        found = client.find_ref(repo, name)
        if found is None:
            if len(name) < _SHORTEST_SHA or not _is_hex(name):
                raise NotFound("ref")
            found = client.get_commit(repo, name, resource="ref").sha
        return found

    def list_commits(
        self, repo: RepositoryRef, *, sha: str, path: str, page: int, per_page: int
    ) -> tuple[list[CommitInfo], bool]:
        """See ``CommitIntegration`` and ``history``."""
        return self.get_client().list_commits(
            repo, sha=sha, path=path, page=page, per_page=per_page
        )

    # --- ComparisonIntegration ---------------------------------------------------------------

    def compare_commits(
        self, repo: RepositoryRef, *, base: str, head: str, max_commits: int
    ) -> ComparisonInfo:
        """See ``ComparisonIntegration``."""
        return self.get_client().compare(repo, base=base, head=head, max_commits=max_commits)

    def get_commit_changes(self, repo: RepositoryRef, *, sha: str) -> tuple[FileChange, ...]:
        """See ``ComparisonIntegration``."""
        return self.get_client().get_commit_changes(repo, sha)

    # --- FileIntegration and TreeIntegration -------------------------------------------------

    def get_file(self, repo: RepositoryRef, *, path: str, sha: str, max_bytes: int) -> FileContent:
        """See ``FileIntegration``."""
        return self.get_client().get_file(repo, path=path, sha=sha, max_bytes=max_bytes)

    def get_tree(self, repo: RepositoryRef, *, sha: str, path: str, max_entries: int) -> TreeInfo:
        """See ``TreeIntegration`` and ``tree_walk``."""
        return self.get_client().get_tree(repo, sha=sha, path=path, max_entries=max_entries)

    # --- BranchIntegration, PullRequestIntegration, CodeSearchIntegration --------------------

    def get_branches(self, repo: RepositoryRef, *, query: str = "") -> Iterator[BranchInfo]:
        """See ``BranchIntegration``."""
        return self.get_client().get_branches(repo, query=query)

    def get_pull_requests_for_commit(
        self, repo: RepositoryRef, *, sha: str
    ) -> list[PullRequestInfo]:
        """See ``PullRequestIntegration`` and ``pulls``."""
        return CommitPulls(self._session, self.get_client(), repo).of(sha)

    def search_code(
        self, repo: RepositoryRef, *, query: str, page: int, per_page: int
    ) -> tuple[list[CodeMatch], bool]:
        """See ``CodeSearchIntegration``."""
        matches, more = self.get_client().search_code(
            repo, query=query, page=page, per_page=per_page
        )
        return [self._with_page(repo, match) for match in matches], more

    def _with_page(self, repo: RepositoryRef, match: CodeMatch) -> CodeMatch:
        """The match with its page's address, where the host told the commit."""
        if not match.ref:
            return match
        url = self._source_urls().of_file(repo, path=match.path, ref=match.ref)
        return replace(match, web_url=url)

    # --- WebhookIntegration and MirrorIntegration --------------------------------------------

    def register_webhook(self, repo: RepositoryRef, *, url: str, secret: str) -> str:
        """See ``WebhookIntegration``."""
        client = self.get_client()
        known = client.find_hook(repo, url)
        if known is None:
            return client.create_hook(repo, url=url, secret=secret)
        return client.update_hook(repo, known, url=url, secret=secret)

    def unregister_webhook(self, repo: RepositoryRef, *, webhook_id: str) -> None:
        """See ``WebhookIntegration``."""
        try:
            self.get_client().delete_hook(repo, webhook_id)
        except NotFound:
            return

    def get_mirror_identity(self) -> str:
        """See ``MirrorIntegration``."""
        return digest(self._metadata.endpoints().web, self._auth.identity)

    def get_mirror_source(
        self, repo: RepositoryRef, *, rejected: MirrorSource | None = None
    ) -> MirrorSource:
        """See ``MirrorIntegration``. git goes by names: the repository's own is asked for."""
        name = self.get_client().current_name(repo)
        url = f"{self._metadata.endpoints().web}/{name.identifier}.git"
        return mirror_source(self._auth, url, rejected=rejected)

    # --- SourceUrlIntegration ----------------------------------------------------------------

    def _source_urls(self) -> SourceUrls:
        return SourceUrls(self._metadata.endpoints().web)


def _is_hex(text: str) -> bool:
    return not set(text.lower()) - set("0123456789abcdef")


def _auth_of(metadata: BitbucketMetadata, model: RpcIntegration, organization_id: int) -> HostAuth:
    if metadata.oauth is not None:
        endpoint = TokenEndpoint(url=metadata.endpoints().token, client_form=ClientForm.BASIC)
        return OAuthAuth(model, organization_id, endpoint, dialect=BitbucketDialect())
    if metadata.api_token is not None:
        return ApiTokenAuth(metadata.email or "", metadata.api_token)
    return AccessTokenAuth(metadata.token or "")


class BitbucketIntegrationProvider(IntegrationProvider):
    """Bitbucket Cloud."""

    key = ProviderKey.BITBUCKET
    name = "Bitbucket Cloud"
    feature = "organizations:integrations-bitbucket"
    metadata_model = BitbucketMetadata
    installation_class = BitbucketIntegration
    commit_url_format = "{url}/commits/{sha}"
    unsupported: ClassVar = {
        Capability.ISSUES: "Bitbucket Cloud ended its issue tracker on 2026-08-20"
    }
    codeowners_locations = (".bitbucket/CODEOWNERS",)
    webhook_receiver = BitbucketWebhookReceiver()

    @classmethod
    def external_id_of(cls, metadata: BaseModel) -> str:
        """The host with the start of the credential's digest, and the workspace that narrows it.

        An access token is of one workspace anyway, whatever that is called.

        Raises:
            TypeError: the metadata are another provider's.
        """
        if not isinstance(metadata, BitbucketMetadata):
            raise TypeError("expected Bitbucket's metadata")
        narrowed = "" if metadata.token is not None else metadata.workspace or ""
        return _narrowed(_unnarrowed_id(metadata), narrowed)

    @classmethod
    def former_external_ids(cls, metadata: BaseModel, identity: str) -> tuple[str, ...]:
        """See ``IntegrationProvider``. Workspaces went by the names that were given."""
        own = super().former_external_ids(metadata, identity)
        if not isinstance(metadata, BitbucketMetadata) or metadata.workspace is None:
            return own
        account = identity.partition(":")[0]
        known = (cls.external_id_on_host(metadata, account), _unnarrowed_id(metadata))
        named = [_narrowed(each, metadata.workspace) for each in known if each]
        return tuple(dict.fromkeys((*named, *own)))


def _unnarrowed_id(metadata: BitbucketMetadata) -> str:
    return f"{metadata.endpoints().host}:{metadata.credential_digest()[:24]}"


def _narrowed(identity: str, workspace: str) -> str:
    return f"{identity}:{workspace}" if workspace else identity
