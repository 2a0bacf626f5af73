"""From what hosts tell and what runs in the background to the wire's messages. Pure."""

from collections.abc import Mapping
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from sentry.integrations.grpc import convert
from sentry.integrations.grpc.errors import status_of_reason
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.actions.integrations import (
    InstalledIntegration,
    IntegrationState,
)
from sentry.integrations.source_code_management.actions.sync_jobs import SyncJob
from sentry.integrations.source_code_management.types import (
    ChangeKind,
    CodeMatch,
    Comparison,
    EntryKind,
    FileChange,
    ProviderKey,
    PullRequest,
    PullRequestState,
    SyncJobState,
    Tree,
    TreeEntry,
)

_CHANGES: Mapping[ChangeKind, "scm_pb2.ChangeKind.ValueType"] = {
    ChangeKind.ADDED: scm_pb2.CHANGE_KIND_ADDED,
    ChangeKind.MODIFIED: scm_pb2.CHANGE_KIND_MODIFIED,
    ChangeKind.REMOVED: scm_pb2.CHANGE_KIND_REMOVED,
    ChangeKind.RENAMED: scm_pb2.CHANGE_KIND_RENAMED,
}
_ENTRIES: Mapping[EntryKind, "scm_pb2.EntryKind.ValueType"] = {
    EntryKind.FILE: scm_pb2.ENTRY_KIND_FILE,
    EntryKind.SYMLINK: scm_pb2.ENTRY_KIND_SYMLINK,
    EntryKind.SUBMODULE: scm_pb2.ENTRY_KIND_SUBMODULE,
}
_PULL_REQUESTS: Mapping[PullRequestState, "scm_pb2.PullRequestState.ValueType"] = {
    PullRequestState.OPEN: scm_pb2.PULL_REQUEST_STATE_OPEN,
    PullRequestState.CLOSED: scm_pb2.PULL_REQUEST_STATE_CLOSED,
    PullRequestState.MERGED: scm_pb2.PULL_REQUEST_STATE_MERGED,
}
_INTEGRATIONS: Mapping[IntegrationState, "scm_pb2.IntegrationState.ValueType"] = {
    IntegrationState.ACTIVE: scm_pb2.INTEGRATION_STATE_ACTIVE,
    IntegrationState.DISABLED: scm_pb2.INTEGRATION_STATE_DISABLED,
    IntegrationState.BROKEN: scm_pb2.INTEGRATION_STATE_BROKEN,
}
_JOBS: Mapping[SyncJobState, "scm_pb2.SyncJobState.ValueType"] = {
    SyncJobState.WAITING: scm_pb2.SYNC_JOB_STATE_WAITING,
    SyncJobState.RUNNING: scm_pb2.SYNC_JOB_STATE_RUNNING,
    SyncJobState.SUCCEEDED: scm_pb2.SYNC_JOB_STATE_SUCCEEDED,
    SyncJobState.FAILED: scm_pb2.SYNC_JOB_STATE_FAILED,
}


def _time(moment: datetime | None) -> Timestamp | None:
    return None if moment is None else convert.timestamp(moment)


def file_change(value: FileChange) -> scm_pb2.FileChange:
    """A changed file."""
    return scm_pb2.FileChange(
        path=value.path, kind=_CHANGES[value.kind], previous_path=value.previous_path
    )


def comparison(value: Comparison) -> scm_pb2.CompareCommitsResponse:
    """What one ref has that another has not."""
    return scm_pb2.CompareCommitsResponse(
        base_commit_id=value.base_sha,
        head_commit_id=value.head_sha,
        commits=map(convert.commit, value.commits),
        files=map(file_change, value.files),
        commits_truncated=value.commits_truncated,
        files_truncated=value.files_truncated,
    )


def tree_entry(value: TreeEntry) -> scm_pb2.TreeEntry:
    """A file of a tree."""
    return scm_pb2.TreeEntry(
        path=value.path,
        kind=_ENTRIES[value.kind],
        object_id=value.object_id,
        size=value.size,
    )


def tree(value: Tree) -> scm_pb2.ListTreeResponse:
    """The files below a folder."""
    return scm_pb2.ListTreeResponse(
        commit_id=value.commit_sha,
        entries=map(tree_entry, value.entries),
        truncated=value.truncated,
        skipped=value.skipped,
    )


@convert.to_message.register
def pull_request(value: PullRequest) -> scm_pb2.PullRequest:
    """A pull request."""
    info = value.info
    return scm_pb2.PullRequest(
        repository_id=value.repository_id,
        key=info.key,
        title=info.title,
        description=info.description,
        state=_PULL_REQUESTS[info.state],
        author=convert.author(info.author),
        head_branch=info.head_branch,
        base_branch=info.base_branch,
        head_commit_id=info.head_sha,
        merge_commit_id=info.merge_sha,
        web_url=info.web_url,
        created_at=_time(info.created_at),
        merged_at=_time(info.merged_at),
    )


@convert.to_message.register
def code_match(value: CodeMatch) -> scm_pb2.CodeMatch:
    """A file that a search found."""
    lines = [scm_pb2.CodeMatchLine(number=line.number, text=line.text) for line in value.lines]
    return scm_pb2.CodeMatch(path=value.path, ref=value.ref, lines=lines, web_url=value.web_url)


@convert.to_message.register
def integration(value: InstalledIntegration) -> scm_pb2.Integration:
    """An integration, without its credentials."""
    return scm_pb2.Integration(
        id=value.id,
        organization_id=value.organization_id,
        provider=convert.PROVIDERS[ProviderKey(value.provider)],
        external_id=value.external_id,
        name=value.name,
        state=_INTEGRATIONS[value.state],
        broken_reason=value.broken_reason or "",
    )


@convert.to_message.register
def sync_job(value: SyncJob) -> scm_pb2.SyncJob:
    """A synchronization and how far it has come."""
    failure = value.failure
    return scm_pb2.SyncJob(
        id=value.id,
        organization_id=value.organization_id,
        integration_id=value.integration_id,
        state=_JOBS[value.state],
        created=value.result.created,
        updated=value.result.updated,
        unchanged=value.result.unchanged,
        skipped=value.result.skipped,
        error=failure
        and status_of_reason(failure.reason, failure.message, failure.retry_after).to_proto(),
        created_at=_time(value.created_at),
        started_at=_time(value.started_at),
        finished_at=_time(value.finished_at),
    )
