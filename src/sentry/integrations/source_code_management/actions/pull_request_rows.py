"""Pull requests as deliveries tell of them, kept so that none undoes a newer one."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from sentry.integrations.source_code_management.actions.pushed_commits import (
    author_of_account,
    store_authors,
)
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    PullRequestInfo,
    PullRequestState,
)
from sentry.integrations.source_code_management.webhooks import PullRequestEvent
from sentry.models.pullrequest import PullRequest, PullRequestStatus
from sentry.models.repository import Repository

_MAX_KEY = 64
_MAX_SHA = 64
_STATES = {
    PullRequestState.OPEN: PullRequestStatus.OPEN,
    PullRequestState.CLOSED: PullRequestStatus.CLOSED,
    PullRequestState.MERGED: PullRequestStatus.MERGED,
}


def record_pull_request(
    repository: Repository, event: PullRequestEvent, *, received_at: datetime
) -> None:
    """Stores a pull request, or what it is now.

    An event that is older than what is stored changes nothing; of two of the same second the one
    further on (open, closed, merged) stays. A merged one is never anything else again. Where the
    host tells no time, the event that arrived last is the newest.

    Args:
        repository: the repository's row.
        event: what the host told.
        received_at: when the delivery arrived.
    """
    info = event.pull_request
    if not 0 < len(info.key) <= _MAX_KEY:
        return
    when = event.updated_at or received_at
    fields = _fields(repository, info) | {"date_updated": when}
    mine = PullRequest.objects.filter(
        organization_id=repository.organization_id, repository_id=repository.id, key=info.key
    )
    older = mine.filter(_older_than(info.state, when))
    if older.update(**fields) or mine.exists():
        return
    row = PullRequest(
        organization_id=repository.organization_id,
        repository_id=repository.id,
        key=info.key,
        **fields,
    )
    if info.created_at is not None:
        row.date_added = info.created_at
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # another delivery has just stored it
        older.update(**fields)


def _older_than(state: PullRequestState, when: datetime) -> Q:
    """What an event of this state and time may change."""
    if state is PullRequestState.MERGED:
        return Q(date_updated__isnull=True) | Q(date_updated__lte=when) | ~_MERGED
    order = list(_STATES)
    further = [_STATES[other] for other in order[order.index(state) + 1 :]]
    same_second = Q(date_updated=when) & ~Q(state__in=further)
    older = Q(date_updated__isnull=True) | Q(date_updated__lt=when) | same_second
    return older & ~_MERGED


_MERGED = Q(state=PullRequestStatus.MERGED)


def _fields(repository: Repository, info: PullRequestInfo) -> dict[str, Any]:
    return {
        "title": info.title,
        "message": info.description,
        "author_id": _author_id(repository.organization_id, info.author),
        "state": _STATES[info.state],
        "head_branch": info.head_branch,
        "base_branch": info.base_branch,
        "merge_commit_sha": info.merge_sha[:_MAX_SHA] or None,
        "merged_at": info.merged_at,
    }


def _author_id(organization_id: int, author: AuthorInfo | None) -> int | None:
    """Whom the organization knows by the account, else by the address; hosts seldom tell that."""
    if author is None:
        return None
    known = author_of_account(organization_id, author.external_id)
    if known is not None or not author.email:
        return known
    try:
        with transaction.atomic():
            return next(iter(store_authors(organization_id, [author]).values()), None)
    except IntegrityError:  # another delivery has just stored the account
        return author_of_account(organization_id, author.external_id)
