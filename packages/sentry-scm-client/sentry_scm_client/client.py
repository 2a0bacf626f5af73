"""The sync client: one method for each RPC."""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx
from google.protobuf.message import Message

from . import methods, scm_pb2
from .answer import RateLimit
from .batch import LineLike, batches, results
from .call import Call
from .config import (
    DEFAULT_LIMIT,
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT,
    SYSTEM_CLOCK,
    Compression,
    configure,
)
from .connection import Stream, SyncConnection
from .errors import ScmError
from .host_calls import HostCalls
from .methods import Method
from .requests import capabilities_request, next_token
from .retry import Clock, RetryPolicy

M = TypeVar("M", bound=Message)


class ScmClient(HostCalls):
    """Calls the SCM service over gRPC-Web. Threads may share one.

    Each method takes the fields of its RPC's request and returns the response. `timeout` is in
    seconds and covers all attempts (None: the client's own; math.inf: none). Mutations take
    `idempotency_key`, under which the server carries out a call once; without one the client
    makes a key for each call, so that its own repetitions are safe.

    Each method raises a subclass of ScmError where the call fails, and ValueError for an
    argument that cannot be sent. An `organization_id` of 0 means the credential's own.
    """

    def __init__(
        self,
        host: str,
        api_key: str | None = None,
        shared_secret: str | None = None,
        secure: bool = True,
        *,
        token: str | None = None,
        key_id: str | None = None,
        organization_id: int | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
        retries: RetryPolicy = DEFAULT_RETRIES,
        ca_file: str | Path | None = None,
        ssl_context: ssl.SSLContext | None = None,
        headers: Mapping[str, str] | None = None,
        compression: Compression | None = None,
        max_response_bytes: int = DEFAULT_LIMIT,
        path_prefix: str = "",
        transport: httpx.BaseTransport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Prepare a client; no connection is made before the first call.

        `host` is `name`, `name:port` or a whole URL. Exactly one credential: `api_key`, `token`
        (of an organization or a user), or `shared_secret` with `key_id` and `organization_id`.
        `secure=False` speaks plain HTTP. `timeout` in seconds, None for no limit. `ca_file` is
        trusted in place of the public authorities. `headers` go with every request.
        `compression="gzip"` compresses requests; answers may always come compressed.
        `max_response_bytes` bounds one message. `transport` and `clock` replace the network and
        the time. Raises ValueError with what to do where arguments do not fit together.
        """
        config = configure(
            host,
            api_key=api_key,
            shared_secret=shared_secret,
            secure=secure,
            token=token,
            key_id=key_id,
            organization_id=organization_id,
            timeout=timeout,
            retries=retries,
            ca_file=ca_file,
            ssl_context=ssl_context,
            headers=headers,
            compression=compression,
            max_response_bytes=max_response_bytes,
            path_prefix=path_prefix,
            clock=clock,
        )
        self._settings = config.settings
        http = httpx.Client(verify=config.verify, transport=transport)
        self._connection = SyncConnection(http, config.auth, clock)

    def __repr__(self) -> str:
        """The server's address and no credential."""
        return f"<{type(self).__name__} {self._settings.endpoint.origin}>"

    def __enter__(self) -> Self:
        """Use the client in a `with` block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Close all connections; a call after this raises RuntimeError."""
        self._connection.close()

    @property
    def last_rate_limit(self) -> RateLimit | None:
        """What the newest answer that any thread received said about the rate limit, if any."""
        return self._connection.rate_limit.get()

    def list_repositories(
        self,
        organization_id: int = 0,
        provider: scm_pb2.Provider.ValueType | None = None,
        page_size: int = 0,
        *,
        query: str = "",
        page_token: str = "",
        status: scm_pb2.RepositoryStatus.ValueType | None = None,
        timeout: float | None = None,
    ) -> scm_pb2.ListRepositoriesResponse:
        """One page of repositories, by name; `query` is a part of the name.

        `page_size` 0 leaves the size to the server; without `status`, active and disabled ones.
        """
        request = scm_pb2.ListRepositoriesRequest(
            organization_id=organization_id,
            provider=provider or scm_pb2.PROVIDER_UNSPECIFIED,
            query=query,
            page_size=page_size,
            page_token=page_token,
            status=status or scm_pb2.REPOSITORY_STATUS_UNSPECIFIED,
        )
        return self._unary(methods.LIST_REPOSITORIES, request, timeout)

    def iter_repositories(
        self,
        organization_id: int = 0,
        provider: scm_pb2.Provider.ValueType | None = None,
        page_size: int = 0,
        *,
        query: str = "",
        status: scm_pb2.RepositoryStatus.ValueType | None = None,
        timeout: float | None = None,
    ) -> Iterator[scm_pb2.Repository]:
        """All repositories, page after page as they are needed; `timeout` is for each page."""
        token = ""
        while True:
            page = self.list_repositories(
                organization_id,
                provider,
                page_size,
                query=query,
                page_token=token,
                status=status,
                timeout=timeout,
            )
            yield from page.repositories
            token = next_token(token, page.next_page_token)
            if not token:
                return

    def get_repository(
        self, repository_id: int, *, timeout: float | None = None
    ) -> scm_pb2.Repository:
        """One repository."""
        request = scm_pb2.GetRepositoryRequest(repository_id=repository_id)
        return self._unary(methods.GET_REPOSITORY, request, timeout)

    def get_commit(
        self, repository_id: int, commit_sha: str, *, timeout: float | None = None
    ) -> scm_pb2.Commit:
        """One commit, by its id or an abbreviation of at least four digits."""
        request = scm_pb2.GetCommitRequest(repository_id=repository_id, commit_sha=commit_sha)
        return self._unary(methods.GET_COMMIT, request, timeout)

    def get_commit_context(
        self,
        repository_id: int,
        commit_sha: str,
        filepath: str,
        line_number: int,
        *,
        timeout: float | None = None,
    ) -> scm_pb2.CommitContext:
        """The commit that last changed a line (counted from 1), as of a commit."""
        request = scm_pb2.GetCommitContextRequest(
            repository_id=repository_id,
            commit_sha=commit_sha,
            filepath=filepath,
            line_number=line_number,
        )
        return self._unary(methods.GET_COMMIT_CONTEXT, request, timeout)

    def batch_get_commit_context(
        self, requests: Iterable[LineLike], *, timeout: float | None = None
    ) -> list[scm_pb2.CommitContext | ScmError]:
        """`get_commit_context` for many lines: for each, in order, its context or its error.

        Lines are LineRef, GetCommitContextRequest or a tuple of its fields. More than 100 go in
        several calls under one `timeout`; an error of such a call itself is raised.
        """
        deadline = self._settings.deadline(timeout)
        outcomes: list[scm_pb2.CommitContext | ScmError] = []
        for request in batches(requests):
            call = Call(
                self._settings, methods.BATCH_GET_COMMIT_CONTEXT, request, deadline, single=True
            )
            outcomes += results(request, self._connection.unary(call))
        return outcomes

    def create_code_mapping(
        self,
        *,
        organization_id: int = 0,
        project_id: int,
        repository_id: int,
        stack_root: str,
        source_root: str,
        default_branch: str = "",
        timeout: float | None = None,
        idempotency_key: str | None = None,
    ) -> scm_pb2.CodeMapping:
        """Map a prefix of stack trace paths to a folder of a repository.

        Without `default_branch`, the repository's own.
        """
        request = scm_pb2.CreateCodeMappingRequest(
            organization_id=organization_id,
            project_id=project_id,
            repository_id=repository_id,
            stack_root=stack_root,
            source_root=source_root,
            default_branch=default_branch,
        )
        return self._unary(methods.CREATE_CODE_MAPPING, request, timeout, idempotency_key)

    def derive_code_mappings(
        self,
        *,
        organization_id: int = 0,
        project_id: int,
        stacktrace_paths: Iterable[str],
        timeout: float | None = None,
        idempotency_key: str | None = None,
    ) -> scm_pb2.DeriveCodeMappingsResponse:
        """Find code mappings from the paths of a stack trace."""
        request = scm_pb2.DeriveCodeMappingsRequest(
            organization_id=organization_id,
            project_id=project_id,
            stacktrace_paths=stacktrace_paths,
        )
        return self._unary(methods.DERIVE_CODE_MAPPINGS, request, timeout, idempotency_key)

    def create_external_issue(
        self,
        *,
        organization_id: int = 0,
        integration_id: int,
        title: str,
        description: str = "",
        metadata: Mapping[str, str] | None = None,
        timeout: float | None = None,
        idempotency_key: str | None = None,
    ) -> scm_pb2.ExternalIssue:
        """Open an issue on the host; `metadata["repo"]` names the repository (`owner/name`)."""
        request = scm_pb2.CreateExternalIssueRequest(
            organization_id=organization_id,
            integration_id=integration_id,
            title=title,
            description=description,
            metadata=metadata,
        )
        return self._unary(methods.CREATE_EXTERNAL_ISSUE, request, timeout, idempotency_key)

    def link_external_issue(
        self,
        group_id: int,
        external_issue_id: int,
        *,
        timeout: float | None = None,
        idempotency_key: str | None = None,
    ) -> scm_pb2.ExternalIssue:
        """Tie an external issue to an issue group."""
        request = scm_pb2.LinkExternalIssueRequest(
            group_id=group_id, external_issue_id=external_issue_id
        )
        return self._unary(methods.LINK_EXTERNAL_ISSUE, request, timeout, idempotency_key)

    def get_capabilities(
        self,
        *,
        repository_id: int | None = None,
        integration_id: int | None = None,
        timeout: float | None = None,
    ) -> scm_pb2.GetCapabilitiesResponse:
        """What the host behind a repository or an integration can do; give one of the two."""
        request = capabilities_request(repository_id, integration_id)
        return self._unary(methods.GET_CAPABILITIES, request, timeout)

    def list_commits(
        self,
        repository_id: int,
        ref: str = "",
        path: str = "",
        page_size: int = 0,
        page_token: str = "",
        *,
        timeout: float | None = None,
    ) -> scm_pb2.ListCommitsResponse:
        """One page of the history of a ref (empty: the default branch), newest first."""
        request = scm_pb2.ListCommitsRequest(
            repository_id=repository_id,
            ref=ref,
            path=path,
            page_size=page_size,
            page_token=page_token,
        )
        return self._unary(methods.LIST_COMMITS, request, timeout)

    def iter_commits(
        self,
        repository_id: int,
        ref: str = "",
        path: str = "",
        page_size: int = 0,
        *,
        timeout: float | None = None,
    ) -> Iterator[scm_pb2.Commit]:
        """The whole history, page after page as it is needed; `timeout` is for each page."""
        token = ""
        while True:
            page = self.list_commits(repository_id, ref, path, page_size, token, timeout=timeout)
            yield from page.commits
            token = next_token(token, page.next_page_token)
            if not token:
                return

    def get_file(
        self,
        repository_id: int,
        path: str,
        ref: str = "",
        max_bytes: int = 0,
        *,
        timeout: float | None = None,
    ) -> scm_pb2.File:
        """A file as of a ref (empty: the default branch), up to `max_bytes` (0: the server's)."""
        request = scm_pb2.GetFileRequest(
            repository_id=repository_id, ref=ref, path=path, max_bytes=max_bytes
        )
        return self._unary(methods.GET_FILE, request, timeout)

    def stream_file_blame(
        self, repository_id: int, commit_sha: str, filepath: str, *, timeout: float | None = None
    ) -> Stream[scm_pb2.BlameRange]:
        """The blame of a whole file: its ranges of lines, in order, as they arrive.

        `timeout` runs from this call to the last range. Closing the stream ends the call.
        """
        request = scm_pb2.StreamFileBlameRequest(
            repository_id=repository_id, commit_sha=commit_sha, filepath=filepath
        )
        deadline = self._settings.deadline(timeout)
        call = Call(self._settings, methods.STREAM_FILE_BLAME, request, deadline, single=False)
        return Stream(self._connection.stream(call))

    def _unary(
        self,
        method: Method[M],
        request: Message,
        timeout: float | None,
        idempotency_key: str | None = None,
    ) -> M:
        deadline = self._settings.deadline(timeout)
        call = Call(
            self._settings,
            method,
            request,
            deadline,
            single=True,
            idempotency_key=idempotency_key,
        )
        return self._connection.unary(call)
