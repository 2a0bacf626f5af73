"""Trees: the files of a repository, as the host lists them."""

from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_repository,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.refs import resolve_ref
from sentry.integrations.source_code_management.actions.rows import find_repository
from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.repository import TreeIntegration
from sentry.integrations.source_code_management.types import Capability, Tree
from sentry.integrations.source_code_management.validation import clean_path, clean_ref

DEFAULT_ENTRIES = 10_000
MAX_ENTRIES = 50_000
_NOT_UTF8 = "\ufffd"


def list_tree(
    caller: Caller, *, repository_id: int, ref: str = "", path: str = "", max_entries: int = 0
) -> Tree:
    """Every file below a folder, all levels down.

    Files whose paths are not UTF-8 are left out and counted: nothing could ask for them.

    Args:
        caller: who asks.
        repository_id: a repository of the caller's organization.
        ref: a branch, tag or sha; "" for the default branch.
        path: a folder, perhaps with a final slash; "" for the root.
        max_entries: 0 for 10,000; at most 50,000.

    Raises:
        InvalidArgument: a value that can never work.
        NotFound: no such repository, ref or folder.
        PreconditionFailed, HostError, Unsupported: the host could not be asked.
    """
    clean_ref("ref", ref)
    path = clean_path("path", path.removesuffix("/"), required=False)
    if max_entries < 0:
        raise InvalidArgument("max_entries", "expected 0 or more")
    repository = find_repository(caller, repository_id)
    installation = installation_of_repository(caller, repository)
    host = require(installation, TreeIntegration, Capability.TREES)
    repo = ref_of(repository)
    sha = resolve_ref(installation, repo, ref)
    most = min(max_entries or DEFAULT_ENTRIES, MAX_ENTRIES)
    info = host.get_tree(repo, sha=sha, path=path, max_entries=most)
    entries = tuple(entry for entry in info.entries if _NOT_UTF8 not in entry.path)
    return Tree(
        commit_sha=sha,
        entries=entries,
        truncated=info.truncated,
        skipped=len(info.entries) - len(entries),
    )
