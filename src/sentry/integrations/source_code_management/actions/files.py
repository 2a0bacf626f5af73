"""Files: read from the host, bounded."""

from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_repository,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.refs import resolve_ref
from sentry.integrations.source_code_management.actions.rows import find_repository
from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.repository import FileIntegration
from sentry.integrations.source_code_management.types import Capability, FileContent
from sentry.integrations.source_code_management.validation import clean_path, clean_ref

DEFAULT_BYTES = 1024 * 1024
MAX_BYTES = 8 * 1024 * 1024


def get_file(
    caller: Caller, *, repository_id: int, ref: str = "", path: str, max_bytes: int = 0
) -> FileContent:
    """The first bytes of a file.

    Args:
        caller: who asks.
        repository_id: a repository of the caller's organization.
        ref: a branch, tag or sha; "" for the default branch.
        path: the file's path inside the repository.
        max_bytes: 0 for 1 MiB; at most 8 MiB.

    Raises:
        InvalidArgument: a value that can never work.
        NotFound: no such repository, ref or file.
        PreconditionFailed, HostError, Unsupported: the host could not be asked.
    """
    clean_ref("ref", ref)
    path = clean_path("path", path)
    if max_bytes < 0:
        raise InvalidArgument("max_bytes", "expected 0 or more")
    repository = find_repository(caller, repository_id)
    installation = installation_of_repository(caller, repository)
    files = require(installation, FileIntegration, Capability.FILES)
    repo = ref_of(repository)
    sha = resolve_ref(installation, repo, ref)
    return files.get_file(
        repo, path=path, sha=sha, max_bytes=min(max_bytes or DEFAULT_BYTES, MAX_BYTES)
    )
