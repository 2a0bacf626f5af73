"""Between the wire's messages and the domain's values. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import singledispatch

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    BlameRangeInfo,
    BlameSource,
    Capability,
    CapabilitySupport,
    CodeMapping,
    Commit,
    CommitContext,
    ExternalIssue,
    ProviderKey,
    Repository,
    RepositoryState,
)

PROVIDERS: Mapping[ProviderKey, "scm_pb2.Provider.ValueType"] = {
    ProviderKey.GITHUB: scm_pb2.PROVIDER_GITHUB,
    ProviderKey.GITLAB: scm_pb2.PROVIDER_GITLAB,
    ProviderKey.BITBUCKET: scm_pb2.PROVIDER_BITBUCKET,
    ProviderKey.BITBUCKET_SERVER: scm_pb2.PROVIDER_BITBUCKET_SERVER,
    ProviderKey.VSTS: scm_pb2.PROVIDER_AZURE_DEVOPS,
    ProviderKey.GITHUB_ENTERPRISE: scm_pb2.PROVIDER_GITHUB_ENTERPRISE,
}
STATUSES: Mapping[RepositoryState, "scm_pb2.RepositoryStatus.ValueType"] = {
    RepositoryState.ACTIVE: scm_pb2.REPOSITORY_STATUS_ACTIVE,
    RepositoryState.DISABLED: scm_pb2.REPOSITORY_STATUS_DISABLED,
    RepositoryState.HIDDEN: scm_pb2.REPOSITORY_STATUS_HIDDEN,
}
CAPABILITIES: Mapping[Capability, "scm_pb2.Capability.ValueType"] = {
    Capability.REPOSITORIES: scm_pb2.CAPABILITY_REPOSITORIES,
    Capability.COMMITS: scm_pb2.CAPABILITY_COMMITS,
    Capability.FILES: scm_pb2.CAPABILITY_FILES,
    Capability.BLAME: scm_pb2.CAPABILITY_BLAME,
    Capability.ISSUES: scm_pb2.CAPABILITY_ISSUES,
    Capability.SOURCE_URLS: scm_pb2.CAPABILITY_SOURCE_URLS,
    Capability.COMPARISONS: scm_pb2.CAPABILITY_COMPARISONS,
    Capability.TREES: scm_pb2.CAPABILITY_TREES,
    Capability.BRANCHES: scm_pb2.CAPABILITY_BRANCHES,
    Capability.PULL_REQUESTS: scm_pb2.CAPABILITY_PULL_REQUESTS,
    Capability.CODE_SEARCH: scm_pb2.CAPABILITY_CODE_SEARCH,
    Capability.WEBHOOKS: scm_pb2.CAPABILITY_WEBHOOKS,
    Capability.MIRRORS: scm_pb2.CAPABILITY_MIRRORS,
}
BLAME_SOURCES: Mapping[BlameSource, "scm_pb2.BlameSource.ValueType"] = {
    BlameSource.NATIVE: scm_pb2.BLAME_SOURCE_NATIVE,
    BlameSource.MIRROR: scm_pb2.BLAME_SOURCE_MIRROR,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEYS: dict[int, ProviderKey] = {number: key for key, number in PROVIDERS.items()}
_STATES: dict[int, RepositoryState] = {number: state for state, number in STATUSES.items()}


def provider_key(number: int) -> ProviderKey | None:
    """The provider that a request names; None for the unspecified one.

    Raises:
        InvalidArgument: this server knows no such provider.
    """
    if number == scm_pb2.PROVIDER_UNSPECIFIED:
        return None
    key = _KEYS.get(number)
    if key is None:
        raise InvalidArgument("provider", "is no known provider")
    return key


def repository_state(number: int) -> RepositoryState | None:
    """The state that a request names; None for the unspecified one.

    Raises:
        InvalidArgument: this server knows no such status.
    """
    if number == scm_pb2.REPOSITORY_STATUS_UNSPECIFIED:
        return None
    state = _STATES.get(number)
    if state is None:
        raise InvalidArgument("status", "is no known status")
    return state


def timestamp(time: datetime) -> Timestamp:
    """An aware time as the wire's timestamp."""
    since_epoch = time - _EPOCH
    return Timestamp(
        seconds=since_epoch.days * 86_400 + since_epoch.seconds,
        nanos=since_epoch.microseconds * 1000,
    )


@singledispatch
def to_message(value: object) -> Message:
    """The message of a domain value.

    Raises:
        TypeError: there is none for its type.
    """
    raise TypeError(type(value).__name__)


@to_message.register
def repository(value: Repository) -> scm_pb2.Repository:
    """A repository."""
    return scm_pb2.Repository(
        id=value.id,
        organization_id=value.organization_id,
        name=value.name,
        url=value.url,
        provider=PROVIDERS[value.provider] if value.provider else scm_pb2.PROVIDER_UNSPECIFIED,
        external_id=value.external_id,
        status=STATUSES[value.status],
        date_added=timestamp(value.date_added),
        config=value.config,
    )


def author(value: AuthorInfo | None) -> scm_pb2.CommitAuthor | None:
    """A commit's author; None stays None."""
    if value is None:
        return None
    return scm_pb2.CommitAuthor(name=value.name, email=value.email, external_id=value.external_id)


@to_message.register
def commit(value: Commit) -> scm_pb2.Commit:
    """A commit."""
    return scm_pb2.Commit(
        id="" if value.id is None else str(value.id),
        repository_id=value.repository_id,
        key=value.sha,
        message=value.message,
        author=author(value.author),
        date_added=timestamp(value.committed_at),
        web_url=value.web_url,
    )


@to_message.register
def commit_context(value: CommitContext) -> scm_pb2.CommitContext:
    """The answer to a blame of one line."""
    return scm_pb2.CommitContext(
        repository_id=value.repository_id,
        commit_id=value.commit_sha,
        filename=value.filename,
        line_number=value.line_number,
        blame_commit_id=value.blame.sha,
        blame_author=author(value.blame.author),
        code_snippet=value.code,
        blame_committed_at=timestamp(value.blame.committed_at),
        blame_message=value.blame.message,
        blame_source=BLAME_SOURCES[value.source],
        ignore_revs_applied=value.ignore_revs_applied,
    )


@to_message.register
def code_mapping(value: CodeMapping) -> scm_pb2.CodeMapping:
    """A code mapping."""
    return scm_pb2.CodeMapping(
        id=value.id,
        organization_id=value.organization_id,
        project_id=value.project_id,
        repository_id=value.repository_id,
        stack_root=value.stack_root,
        source_root=value.source_root,
        default_branch=value.default_branch,
    )


@to_message.register
def external_issue(value: ExternalIssue) -> scm_pb2.ExternalIssue:
    """A ticket."""
    return scm_pb2.ExternalIssue(
        id=value.id,
        organization_id=value.organization_id,
        integration_id=value.integration_id,
        key=value.key,
        title=value.title,
        description=value.description,
        web_url=value.web_url,
        metadata=value.metadata,
    )


@to_message.register
def blame_range(value: BlameRangeInfo) -> scm_pb2.BlameRange:
    """A range of a file's blame."""
    return scm_pb2.BlameRange(
        start_line=value.start,
        end_line=value.end,
        commit_id=value.commit.sha,
        author=author(value.commit.author),
        lines=value.lines,
        committed_at=timestamp(value.commit.committed_at),
        blame_source=BLAME_SOURCES[value.source],
        ignore_revs_applied=value.ignore_revs_applied,
    )


@to_message.register
def capability_support(value: CapabilitySupport) -> scm_pb2.CapabilitySupport:
    """One capability of a provider."""
    return scm_pb2.CapabilitySupport(
        capability=CAPABILITIES[value.capability],
        supported=value.supported,
        reason=value.reason,
    )
