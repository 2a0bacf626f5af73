"""Calls about what hosts hold: comparisons, trees, code, integrations."""

from abc import ABC, abstractmethod
from typing import TypeVar

from google.protobuf.message import Message

from . import methods, scm_pb2
from .methods import Method

M = TypeVar("M", bound=Message)


class HostCalls(ABC):
    """A part of the client; what raises and retries is said there."""

    @abstractmethod
    def _unary(
        self,
        method: Method[M],
        request: Message,
        timeout: float | None,
        idempotency_key: str | None = None,
    ) -> M:
        """One call with one answer."""

    def compare_commits(
        self,
        repository_id: int,
        base: str,
        head: str,
        max_commits: int = 0,
        *,
        timeout: float | None = None,
    ) -> scm_pb2.CompareCommitsResponse:
        """What `head` has that `base` has not: commits, newest first, and what they changed."""
        request = scm_pb2.CompareCommitsRequest(
            repository_id=repository_id,
            base=base,
            head=head,
            max_commits=max_commits,
        )
        return self._unary(methods.COMPARE_COMMITS, request, timeout)

    def list_tree(
        self,
        repository_id: int,
        ref: str = "",
        path: str = "",
        max_entries: int = 0,
        *,
        timeout: float | None = None,
    ) -> scm_pb2.ListTreeResponse:
        """Every file below a folder (empty: the root) as of a ref (empty: the default branch)."""
        request = scm_pb2.ListTreeRequest(
            repository_id=repository_id,
            ref=ref,
            path=path,
            max_entries=max_entries,
        )
        return self._unary(methods.LIST_TREE, request, timeout)

    def list_pull_requests_for_commit(
        self,
        repository_id: int,
        commit_sha: str,
        *,
        timeout: float | None = None,
    ) -> scm_pb2.ListPullRequestsForCommitResponse:
        """The pull or merge requests that brought or hold a commit."""
        request = scm_pb2.ListPullRequestsForCommitRequest(
            repository_id=repository_id,
            commit_sha=commit_sha,
        )
        return self._unary(methods.LIST_PULL_REQUESTS_FOR_COMMIT, request, timeout)

    def search_code(
        self,
        repository_id: int,
        query: str,
        page_size: int = 0,
        page_token: str = "",
        *,
        timeout: float | None = None,
    ) -> scm_pb2.SearchCodeResponse:
        """A page of the files that hold the words, by the host's own index."""
        request = scm_pb2.SearchCodeRequest(
            repository_id=repository_id,
            query=query,
            page_size=page_size,
            page_token=page_token,
        )
        return self._unary(methods.SEARCH_CODE, request, timeout)

    def list_integrations(
        self,
        organization_id: int = 0,
        provider: scm_pb2.Provider.ValueType = scm_pb2.PROVIDER_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        *,
        timeout: float | None = None,
    ) -> scm_pb2.ListIntegrationsResponse:
        """A page of the organization's integrations (0: the credential's organization)."""
        request = scm_pb2.ListIntegrationsRequest(
            organization_id=organization_id,
            provider=provider,
            page_size=page_size,
            page_token=page_token,
        )
        return self._unary(methods.LIST_INTEGRATIONS, request, timeout)

    def sync_repositories(
        self,
        integration_id: int,
        query: str = "",
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> scm_pb2.SyncJob:
        """Starts to read every repository of an integration; ask `get_sync_job` how far it is."""
        request = scm_pb2.SyncRepositoriesRequest(
            integration_id=integration_id,
            query=query,
        )
        return self._unary(methods.SYNC_REPOSITORIES, request, timeout, idempotency_key)

    def get_sync_job(
        self,
        sync_job_id: int,
        *,
        timeout: float | None = None,
    ) -> scm_pb2.SyncJob:
        """How far a synchronization has come."""
        request = scm_pb2.GetSyncJobRequest(
            sync_job_id=sync_job_id,
        )
        return self._unary(methods.GET_SYNC_JOB, request, timeout)
