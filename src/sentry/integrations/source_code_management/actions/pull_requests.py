"""Pull requests, as the host tells them."""

from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.commits import resolve_sha
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_repository,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.rows import find_repository
from sentry.integrations.source_code_management.repository import (
    CommitIntegration,
    PullRequestIntegration,
)
from sentry.integrations.source_code_management.types import Capability, PullRequest
from sentry.integrations.source_code_management.validation import clean_sha


def list_pull_requests_for_commit(
    caller: Caller, *, repository_id: int, commit_sha: str
) -> list[PullRequest]:
    """The pull requests that brought or hold a commit; at most 100.

    Args:
        caller: who asks.
        repository_id: a repository of the caller's organization.
        commit_sha: 4 to 64 hex digits; an abbreviation must be unique.

    Raises:
        InvalidArgument: no sha, or one that fits several commits.
        NotFound: no such repository or commit.
        PreconditionFailed, HostError, Unsupported: the host could not be asked.
    """
    sha = clean_sha("commit_sha", commit_sha)
    repository = find_repository(caller, repository_id)
    installation = installation_of_repository(caller, repository)
    host = require(installation, PullRequestIntegration, Capability.PULL_REQUESTS)
    commits = require(installation, CommitIntegration, Capability.COMMITS)
    full = resolve_sha(commits, repository, sha)
    found = host.get_pull_requests_for_commit(ref_of(repository), sha=full)
    return [PullRequest(repository_id=repository.id, info=info) for info in found]
