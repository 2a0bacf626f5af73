"""Comparisons of two refs, as the host tells them; nothing is stored."""

from collections.abc import Sequence

from sentry.auth.caller import Caller
from sentry.integrations.base import Integration
from sentry.integrations.source_code_management.actions.commits import unstored
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_repository,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.refs import resolve_ref
from sentry.integrations.source_code_management.actions.rows import find_repository
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound, ScmError
from sentry.integrations.source_code_management.repository import (
    CommitIntegration,
    ComparisonIntegration,
)
from sentry.integrations.source_code_management.types import (
    Capability,
    Comparison,
    RepositoryRef,
)
from sentry.integrations.source_code_management.validation import clean_ref

DEFAULT_COMMITS = 250
MAX_COMMITS = 1000


def compare_commits(
    caller: Caller, *, repository_id: int, base: str = "", head: str = "", max_commits: int = 0
) -> Comparison:
    """What one ref has that another has not.

    Args:
        caller: who asks.
        repository_id: a repository of the caller's organization.
        base: a branch, tag or sha; "" for the default branch.
        head: likewise.
        max_commits: 0 for 250; at most 1,000.

    Raises:
        InvalidArgument: a value that can never work.
        NotFound: no such repository or ref, or the two have no common ancestor.
        PreconditionFailed, HostError, Unsupported: the host could not be asked.
    """
    clean_ref("base", base)
    clean_ref("head", head)
    if max_commits < 0:
        raise InvalidArgument("max_commits", "expected 0 or more")
    repository = find_repository(caller, repository_id)
    installation = installation_of_repository(caller, repository)
    host = require(installation, ComparisonIntegration, Capability.COMPARISONS)
    repo = ref_of(repository)
    base_sha = _resolved(installation, repo, "base", base)
    head_sha = _resolved(installation, repo, "head", head)
    most = min(max_commits or DEFAULT_COMMITS, MAX_COMMITS)
    try:
        info = host.compare_commits(repo, base=base_sha, head=head_sha, max_commits=most)
    except NotFound as error:
        if error.resource == "commit" and _are_there(installation, repo, (base_sha, head_sha)):
            raise NotFound("common ancestor") from None
        raise
    return Comparison(
        base_sha=base_sha,
        head_sha=head_sha,
        commits=tuple(unstored(repository, commit) for commit in info.commits),
        files=info.files,
        commits_truncated=info.commits_truncated,
        files_truncated=info.files_truncated,
    )


def _resolved(installation: Integration, repo: RepositoryRef, field: str, ref: str) -> str:
    """The id that the field's ref names; what is wrong with it is said of that field."""
    try:
        return resolve_ref(installation, repo, ref)
    except InvalidArgument as error:
        raise InvalidArgument(field, error.description, reason=error.reason) from None


def _are_there(installation: Integration, repo: RepositoryRef, shas: Sequence[str]) -> bool:
    """Whether the host has the commits; most hosts refuse alike what lacks one or an ancestor."""
    commits = require(installation, CommitIntegration, Capability.COMMITS)
    try:
        for sha in shas:
            commits.get_commit(repo, sha)
    except ScmError:  # nobody knows; what the host said first stays
        return False
    return True
