"""A push becomes commits. What its delivery does not hold is asked of the host."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sentry import options
from sentry.integrations.base import Integration
from sentry.integrations.source_code_management.actions.credential_health import check_not_broken
from sentry.integrations.source_code_management.actions.installations import ref_of, require
from sentry.integrations.source_code_management.actions.pushed_commits import (
    PAGE,
    store_pushed,
    stored_shas,
    without_changes,
)
from sentry.integrations.source_code_management.actions.rows import to_repository
from sentry.integrations.source_code_management.errors import NotFound, Unsupported
from sentry.integrations.source_code_management.repository import (
    CommitIntegration,
    ComparisonIntegration,
)
from sentry.integrations.source_code_management.types import (
    Capability,
    CommitInfo,
    FileChange,
    RepositoryRef,
)
from sentry.integrations.source_code_management.webhooks import PushedCommit, PushEvent
from sentry.models.repository import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class _Host:
    """The repository's host, as far as it can tell of commits."""

    repo: RepositoryRef
    installation: Integration

    def comparing(self) -> ComparisonIntegration | None:
        return _capable(self.installation, ComparisonIntegration, Capability.COMPARISONS)

    def listing(self) -> CommitIntegration | None:
        return _capable(self.installation, CommitIntegration, Capability.COMMITS)


def _capable[T](installation: Integration, protocol: type[T], capability: Capability) -> T | None:
    """The installation as one that has the capability; None where its host lacks it."""
    try:
        return require(installation, protocol, capability)
    except Unsupported:
        return None


def record_push(repository: Repository, installation: Integration, event: PushEvent) -> None:
    """Stores the commits of a push with their authors and changed files, on every branch.

    First all that the delivery holds, so that it is there whatever the host answers; then what the
    host must be asked for, outside of any transaction and at most ``webhooks.commits-per-push``
    commits of it. May be broken off at any point and run again.

    Raises:
        HostError, IntegrationBroken: the host had to be asked and could not be.
    """
    if not event.after:
        return
    store_pushed(repository, event.commits)
    if event.is_complete and all(each.changes is not None for each in event.commits):
        return
    check_not_broken(installation)
    host = _Host(repo=ref_of(to_repository(repository)), installation=installation)
    asked = [each.commit for each in event.commits if each.changes is None]
    if not event.is_complete:
        told = {each.commit.sha for each in event.commits}
        asked += [info for info in _missing(repository, host, event) if info.sha not in told]
    store_pushed(repository, _with_changes(repository, host, asked))


def _missing(repository: Repository, host: _Host, event: PushEvent) -> list[CommitInfo]:
    """What the push brought, as far as the host tells, oldest first.

    So what is stored before a failure is older than what is not, and the next attempt finds that.
    """
    most = options.get_int("webhooks.commits-per-push")
    comparing = host.comparing()
    if event.before and comparing is not None and most:
        try:
            found = comparing.compare_commits(
                host.repo, base=event.before, head=event.after, max_commits=most
            )
        except NotFound:  # the branch was rewritten, and what it was before is gone
            return _walked(repository, host, event.after, most)
        return list(reversed(found.commits[:most]))
    return _walked(repository, host, event.after, most)


def _walked(repository: Repository, host: _Host, tip: str, most: int) -> list[CommitInfo]:
    """The history of a tip back to a page whose commits are all stored, oldest first."""
    listing = host.listing()
    found: list[CommitInfo] = []
    page, more = 1, listing is not None and most > 0
    while more and listing is not None and len(found) < most:
        try:
            infos, more = listing.list_commits(
                host.repo, sha=tip, path="", page=page, per_page=PAGE
            )
        except NotFound:  # the branch moved on, and the tip is gone
            break
        known = stored_shas(repository, (info.sha for info in infos))
        found += [info for info in infos if info.sha not in known]
        more = more and len(known) < len(infos)
        page += 1
    return found[:most][::-1]


def _with_changes(
    repository: Repository, host: _Host, asked: Sequence[CommitInfo]
) -> Iterator[PushedCommit]:
    """The commits with what the host says they changed, where that is not stored yet.

    A commit of whose files the host cannot tell comes without them.
    """
    comparing = host.comparing()
    unknown = set(without_changes(repository, (info.sha for info in asked)))
    left = options.get_int("webhooks.commits-per-push")
    for info in asked:
        changes: tuple[FileChange, ...] | None = None
        if comparing is not None and info.sha in unknown and left > 0:
            left -= 1
            with suppress(NotFound):  # gone from the host since
                changes = comparing.get_commit_changes(host.repo, sha=info.sha)
        yield PushedCommit(commit=info, changes=changes)
