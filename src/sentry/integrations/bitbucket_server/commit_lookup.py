"""Finds what a blame does not tell of its commits: their messages and the committer's times."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from sentry.integrations.bitbucket_server.client import BitbucketServerClient
from sentry.integrations.bitbucket_server.commit_memo import shared_commits
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostRateLimited,
    HostRejected,
    NotFound,
    PreconditionFailed,
    ScmError,
)
from sentry.integrations.source_code_management.types import CommitInfo

# After one of these the host need not be asked again.
FINAL = (HostRateLimited, PreconditionFailed, DeadlineExceeded)
# Up to so many commits are asked for by their ids; beyond, the file's history may know them.
_FEW = 3


def find_commits(
    client: BitbucketServerClient, identifier: str, shas: Iterable[str], *, path: str, until: str
) -> dict[str, CommitInfo | ScmError]:
    """Commits by their full ids, each of which touched file ``path`` before commit ``until``.

    The host has no request for many: what this process does not know yet is looked for in the
    file's history where it is much, and else asked for one by one. What fails stands as an error
    in the place of its commit.
    """
    wanted = list(dict.fromkeys(shas))
    memo, shelf = shared_commits(), client.shelf(identifier)
    known = memo.get(shelf, wanted)
    missing = {sha for sha in wanted if sha not in known}
    fresh: dict[str, CommitInfo] = {}
    if len(missing) > _FEW:
        fresh = _from_history(client, identifier, missing, path=path, until=until)
    failed: dict[str, ScmError] = {}
    for sha in (sha for sha in wanted if sha in missing and sha not in fresh):
        last = next(reversed(failed.values()), None)
        if isinstance(last, FINAL):
            failed[sha] = last
            continue
        try:
            fresh[sha] = client.get_commit(identifier, sha)
        except ScmError as error:
            failed[sha] = error
    memo.put(shelf, fresh)
    return {**known, **fresh, **failed}


def _from_history(
    client: BitbucketServerClient,
    identifier: str,
    missing: AbstractSet[str],
    *,
    path: str,
    until: str,
) -> dict[str, CommitInfo]:
    """Those of the commits that a file's history holds, as long as a page brings several."""
    found: dict[str, CommitInfo] = {}
    try:
        for commits in client.get_file_history(identifier, path=path, until=until):
            brought = {each.sha: each for each in commits if each.sha in missing}
            found |= brought
            if len(brought) <= 1 or len(found) == len(missing):
                break
    except (NotFound, HostRejected):
        pass  # a history that the host does not tell is no reason not to ask by id
    return found
