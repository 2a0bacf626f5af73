"""The RPCs as the transports see them, read from the proto's own descriptor."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message

from . import scm_pb2

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Method(Generic[M]):
    """One RPC: its name in the proto, what it answers, whether it only reads."""

    name: str
    answer: type[M]
    reads: bool


def _method(name: str, answer: type[M]) -> Method[M]:
    declared = scm_pb2.DESCRIPTOR.services_by_name["ScmService"].methods_by_name[name]
    reads = declared.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    return Method(name=name, answer=answer, reads=reads)


LIST_REPOSITORIES = _method("ListRepositories", scm_pb2.ListRepositoriesResponse)
GET_REPOSITORY = _method("GetRepository", scm_pb2.Repository)
GET_COMMIT = _method("GetCommit", scm_pb2.Commit)
GET_COMMIT_CONTEXT = _method("GetCommitContext", scm_pb2.CommitContext)
CREATE_CODE_MAPPING = _method("CreateCodeMapping", scm_pb2.CodeMapping)
DERIVE_CODE_MAPPINGS = _method("DeriveCodeMappings", scm_pb2.DeriveCodeMappingsResponse)
CREATE_EXTERNAL_ISSUE = _method("CreateExternalIssue", scm_pb2.ExternalIssue)
LINK_EXTERNAL_ISSUE = _method("LinkExternalIssue", scm_pb2.ExternalIssue)
GET_CAPABILITIES = _method("GetCapabilities", scm_pb2.GetCapabilitiesResponse)
LIST_COMMITS = _method("ListCommits", scm_pb2.ListCommitsResponse)
GET_FILE = _method("GetFile", scm_pb2.File)
STREAM_FILE_BLAME = _method("StreamFileBlame", scm_pb2.BlameRange)
BATCH_GET_COMMIT_CONTEXT = _method("BatchGetCommitContext", scm_pb2.BatchGetCommitContextResponse)
COMPARE_COMMITS = _method("CompareCommits", scm_pb2.CompareCommitsResponse)
LIST_TREE = _method("ListTree", scm_pb2.ListTreeResponse)
LIST_PULL_REQUESTS_FOR_COMMIT = _method(
    "ListPullRequestsForCommit", scm_pb2.ListPullRequestsForCommitResponse
)
SEARCH_CODE = _method("SearchCode", scm_pb2.SearchCodeResponse)
LIST_INTEGRATIONS = _method("ListIntegrations", scm_pb2.ListIntegrationsResponse)
SYNC_REPOSITORIES = _method("SyncRepositories", scm_pb2.SyncJob)
GET_SYNC_JOB = _method("GetSyncJob", scm_pb2.SyncJob)
