"""The SCM service: each RPC is decode, action, encode."""

from collections.abc import Iterator

from connectrpc.request import RequestContext
from google.protobuf.message import Message

from sentry.integrations.grpc import convert, convert_reads
from sentry.integrations.grpc.call import current_caller
from sentry.integrations.grpc.errors import status_of
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.grpc.generated.scm_connect import ScmServiceSync
from sentry.integrations.source_code_management.actions import (
    capabilities,
    code_mappings,
    code_search,
    commit_context,
    commits,
    comparisons,
    external_issues,
    files,
    integration_pages,
    pull_requests,
    repositories,
    sync_jobs,
    trees,
)
from sentry.integrations.source_code_management.actions.commit_context import LineQuestion
from sentry.integrations.source_code_management.errors import ScmError

type Context[Q: Message, A: Message] = RequestContext[Q, A]


class ScmServicer(ScmServiceSync):
    """Implements the interface that is generated from ``scm.proto``.

    The proto's comments say what each RPC does. The caller comes from the authentication
    interceptor; errors rise as domain errors.
    """

    def list_repositories(
        self,
        request: scm_pb2.ListRepositoriesRequest,
        ctx: Context[scm_pb2.ListRepositoriesRequest, scm_pb2.ListRepositoriesResponse],
        /,
    ) -> scm_pb2.ListRepositoriesResponse:
        """See the proto."""
        page = repositories.list_repositories(
            current_caller(),
            organization_id=request.organization_id,
            provider=convert.provider_key(request.provider),
            query=request.query,
            status=convert.repository_state(request.status),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return scm_pb2.ListRepositoriesResponse(
            repositories=map(convert.repository, page.items), next_page_token=page.next_token
        )

    def get_repository(
        self,
        request: scm_pb2.GetRepositoryRequest,
        ctx: Context[scm_pb2.GetRepositoryRequest, scm_pb2.Repository],
        /,
    ) -> scm_pb2.Repository:
        """See the proto."""
        return convert.repository(
            repositories.get_repository(current_caller(), repository_id=request.repository_id)
        )

    def get_commit(
        self,
        request: scm_pb2.GetCommitRequest,
        ctx: Context[scm_pb2.GetCommitRequest, scm_pb2.Commit],
        /,
    ) -> scm_pb2.Commit:
        """See the proto."""
        return convert.commit(
            commits.get_commit(
                current_caller(),
                repository_id=request.repository_id,
                commit_sha=request.commit_sha,
            )
        )

    def get_commit_context(
        self,
        request: scm_pb2.GetCommitContextRequest,
        ctx: Context[scm_pb2.GetCommitContextRequest, scm_pb2.CommitContext],
        /,
    ) -> scm_pb2.CommitContext:
        """See the proto."""
        return convert.commit_context(
            commit_context.get_commit_context(current_caller(), _question(request))
        )

    def create_code_mapping(
        self,
        request: scm_pb2.CreateCodeMappingRequest,
        ctx: Context[scm_pb2.CreateCodeMappingRequest, scm_pb2.CodeMapping],
        /,
    ) -> scm_pb2.CodeMapping:
        """See the proto."""
        return convert.code_mapping(
            code_mappings.create_code_mapping(
                current_caller(),
                organization_id=request.organization_id,
                project_id=request.project_id,
                repository_id=request.repository_id,
                stack_root=request.stack_root,
                source_root=request.source_root,
                default_branch=request.default_branch,
            )
        )

    def derive_code_mappings(
        self,
        request: scm_pb2.DeriveCodeMappingsRequest,
        ctx: Context[scm_pb2.DeriveCodeMappingsRequest, scm_pb2.DeriveCodeMappingsResponse],
        /,
    ) -> scm_pb2.DeriveCodeMappingsResponse:
        """See the proto."""
        mappings = code_mappings.derive_code_mappings(
            current_caller(),
            organization_id=request.organization_id,
            project_id=request.project_id,
            stacktrace_paths=request.stacktrace_paths,
        )
        return scm_pb2.DeriveCodeMappingsResponse(mappings=map(convert.code_mapping, mappings))

    def create_external_issue(
        self,
        request: scm_pb2.CreateExternalIssueRequest,
        ctx: Context[scm_pb2.CreateExternalIssueRequest, scm_pb2.ExternalIssue],
        /,
    ) -> scm_pb2.ExternalIssue:
        """See the proto."""
        return convert.external_issue(
            external_issues.create_external_issue(
                current_caller(),
                organization_id=request.organization_id,
                integration_id=request.integration_id,
                title=request.title,
                description=request.description,
                metadata=request.metadata,
            )
        )

    def link_external_issue(
        self,
        request: scm_pb2.LinkExternalIssueRequest,
        ctx: Context[scm_pb2.LinkExternalIssueRequest, scm_pb2.ExternalIssue],
        /,
    ) -> scm_pb2.ExternalIssue:
        """See the proto."""
        return convert.external_issue(
            external_issues.link_external_issue(
                current_caller(),
                group_id=request.group_id,
                external_issue_id=request.external_issue_id,
            )
        )

    def get_capabilities(
        self,
        request: scm_pb2.GetCapabilitiesRequest,
        ctx: Context[scm_pb2.GetCapabilitiesRequest, scm_pb2.GetCapabilitiesResponse],
        /,
    ) -> scm_pb2.GetCapabilitiesResponse:
        """See the proto."""
        target = request.WhichOneof("target")
        provider, supports = capabilities.get_capabilities(
            current_caller(),
            repository_id=request.repository_id if target == "repository_id" else None,
            integration_id=request.integration_id if target == "integration_id" else None,
        )
        return scm_pb2.GetCapabilitiesResponse(
            provider=convert.PROVIDERS[provider],
            capabilities=map(convert.capability_support, supports),
        )

    def list_commits(
        self,
        request: scm_pb2.ListCommitsRequest,
        ctx: Context[scm_pb2.ListCommitsRequest, scm_pb2.ListCommitsResponse],
        /,
    ) -> scm_pb2.ListCommitsResponse:
        """See the proto."""
        page = commits.list_commits(
            current_caller(),
            repository_id=request.repository_id,
            ref=request.ref,
            path=request.path,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return scm_pb2.ListCommitsResponse(
            commits=map(convert.commit, page.items), next_page_token=page.next_token
        )

    def get_file(
        self,
        request: scm_pb2.GetFileRequest,
        ctx: Context[scm_pb2.GetFileRequest, scm_pb2.File],
        /,
    ) -> scm_pb2.File:
        """See the proto."""
        file = files.get_file(
            current_caller(),
            repository_id=request.repository_id,
            ref=request.ref,
            path=request.path,
            max_bytes=request.max_bytes,
        )
        return scm_pb2.File(
            repository_id=request.repository_id,
            path=file.path,
            commit_id=file.commit_sha,
            content=file.content,
            size=file.size,
            truncated=file.truncated,
        )

    def stream_file_blame(
        self,
        request: scm_pb2.StreamFileBlameRequest,
        ctx: Context[scm_pb2.StreamFileBlameRequest, scm_pb2.BlameRange],
        /,
    ) -> Iterator[scm_pb2.BlameRange]:
        """See the proto."""
        ranges = commit_context.stream_file_blame(
            current_caller(),
            repository_id=request.repository_id,
            commit_sha=request.commit_sha,
            filepath=request.filepath,
        )
        yield from map(convert.blame_range, ranges)

    def batch_get_commit_context(
        self,
        request: scm_pb2.BatchGetCommitContextRequest,
        ctx: Context[scm_pb2.BatchGetCommitContextRequest, scm_pb2.BatchGetCommitContextResponse],
        /,
    ) -> scm_pb2.BatchGetCommitContextResponse:
        """See the proto."""
        results = commit_context.batch_get_commit_context(
            current_caller(), [_question(question) for question in request.requests]
        )
        return scm_pb2.BatchGetCommitContextResponse(results=map(_result, results))

    def compare_commits(
        self,
        request: scm_pb2.CompareCommitsRequest,
        ctx: Context[scm_pb2.CompareCommitsRequest, scm_pb2.CompareCommitsResponse],
        /,
    ) -> scm_pb2.CompareCommitsResponse:
        """See the proto."""
        return convert_reads.comparison(
            comparisons.compare_commits(
                current_caller(),
                repository_id=request.repository_id,
                base=request.base,
                head=request.head,
                max_commits=request.max_commits,
            )
        )

    def list_tree(
        self,
        request: scm_pb2.ListTreeRequest,
        ctx: Context[scm_pb2.ListTreeRequest, scm_pb2.ListTreeResponse],
        /,
    ) -> scm_pb2.ListTreeResponse:
        """See the proto."""
        return convert_reads.tree(
            trees.list_tree(
                current_caller(),
                repository_id=request.repository_id,
                ref=request.ref,
                path=request.path,
                max_entries=request.max_entries,
            )
        )

    def list_pull_requests_for_commit(
        self,
        request: scm_pb2.ListPullRequestsForCommitRequest,
        ctx: Context[
            scm_pb2.ListPullRequestsForCommitRequest, scm_pb2.ListPullRequestsForCommitResponse
        ],
        /,
    ) -> scm_pb2.ListPullRequestsForCommitResponse:
        """See the proto."""
        found = pull_requests.list_pull_requests_for_commit(
            current_caller(),
            repository_id=request.repository_id,
            commit_sha=request.commit_sha,
        )
        return scm_pb2.ListPullRequestsForCommitResponse(
            pull_requests=map(convert_reads.pull_request, found)
        )

    def search_code(
        self,
        request: scm_pb2.SearchCodeRequest,
        ctx: Context[scm_pb2.SearchCodeRequest, scm_pb2.SearchCodeResponse],
        /,
    ) -> scm_pb2.SearchCodeResponse:
        """See the proto."""
        page = code_search.search_code(
            current_caller(),
            repository_id=request.repository_id,
            query=request.query,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return scm_pb2.SearchCodeResponse(
            matches=map(convert_reads.code_match, page.items), next_page_token=page.next_token
        )

    def list_integrations(
        self,
        request: scm_pb2.ListIntegrationsRequest,
        ctx: Context[scm_pb2.ListIntegrationsRequest, scm_pb2.ListIntegrationsResponse],
        /,
    ) -> scm_pb2.ListIntegrationsResponse:
        """See the proto."""
        page = integration_pages.list_integration_page(
            current_caller(),
            organization_id=request.organization_id,
            provider=convert.provider_key(request.provider),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return scm_pb2.ListIntegrationsResponse(
            integrations=map(convert_reads.integration, page.items),
            next_page_token=page.next_token,
        )

    def sync_repositories(
        self,
        request: scm_pb2.SyncRepositoriesRequest,
        ctx: Context[scm_pb2.SyncRepositoriesRequest, scm_pb2.SyncJob],
        /,
    ) -> scm_pb2.SyncJob:
        """See the proto."""
        return convert_reads.sync_job(
            sync_jobs.start_sync(
                current_caller(), integration_id=request.integration_id, query=request.query
            )
        )

    def get_sync_job(
        self,
        request: scm_pb2.GetSyncJobRequest,
        ctx: Context[scm_pb2.GetSyncJobRequest, scm_pb2.SyncJob],
        /,
    ) -> scm_pb2.SyncJob:
        """See the proto."""
        return convert_reads.sync_job(
            sync_jobs.get_sync_job(current_caller(), sync_job_id=request.sync_job_id)
        )


def _question(request: scm_pb2.GetCommitContextRequest) -> LineQuestion:
    return LineQuestion(
        repository_id=request.repository_id,
        commit_sha=request.commit_sha,
        filepath=request.filepath,
        line_number=request.line_number,
    )


def _result(result: commit_context.Result) -> scm_pb2.CommitContextResult:
    if isinstance(result, ScmError):
        return scm_pb2.CommitContextResult(status=status_of(result).to_proto())
    return scm_pb2.CommitContextResult(context=convert.commit_context(result))
