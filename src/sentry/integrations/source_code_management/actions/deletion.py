"""Deleting a repository: marked at once, emptied in batches in the background, then gone."""

from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet

from sentry.models.commit import Commit
from sentry.models.commitfilechange import CommitFileChange
from sentry.models.integrations.repository_project_path_config import RepositoryProjectPathConfig
from sentry.models.pullrequest import PullRequest
from sentry.models.repository import Repository, RepositoryStatus
from sentry.taskqueue import task_named

TASK = "sentry.tasks.delete_repository"
_MARKED = (RepositoryStatus.PENDING_DELETION, RepositoryStatus.DELETION_IN_PROGRESS)
_ROWS_AT_ONCE = 500
_BATCHES_OF_ONE_RUN = 100
_REPOSITORIES_AT_ONCE = 200


def schedule_deletion(*, organization_id: int, repository_id: int) -> None:
    """Starts the task for a marked repository; a task that is there stays the only one."""
    task_named(TASK).apply_async(
        (organization_id, repository_id), key=f"repository:{repository_id}"
    )


def delete_contents(*, organization_id: int, repository_id: int) -> bool:
    """Deletes what a marked repository holds, in transactions of 500 rows.

    Its code mappings, pull requests, and commits with their changed files. May be interrupted at
    any point and run again. Does nothing to a repository that is not marked.

    Returns:
        Whether nothing is left; False after 50,000 rows, so that one run stays short.
    """
    marked = Repository.objects.filter(
        id=repository_id, organization_id=organization_id, status__in=_MARKED
    )
    if not marked.update(status=RepositoryStatus.DELETION_IN_PROGRESS):
        return True
    contents: tuple[QuerySet[Any], ...] = (
        RepositoryProjectPathConfig.objects.filter(repository_id=repository_id),
        PullRequest.objects.filter(repository_id=repository_id),
        CommitFileChange.objects.filter(commit__repository_id=repository_id),
        Commit.objects.filter(repository_id=repository_id),
    )
    left = _BATCHES_OF_ONE_RUN
    for rows in contents:
        while _delete_some(rows):
            left -= 1
            if left == 0:
                return False
    return True


def _delete_some[M: Model](rows: QuerySet[M]) -> int:
    ids = list(rows.values_list("pk", flat=True)[:_ROWS_AT_ONCE])
    if not ids:
        return 0
    with transaction.atomic():
        deleted, _ = rows.filter(pk__in=ids).delete()
    return deleted


def delete_row(*, organization_id: int, repository_id: int) -> None:
    """Deletes a marked repository that is empty, and what came to it since."""
    Repository.objects.filter(
        id=repository_id, organization_id=organization_id, status__in=_MARKED
    ).delete()


def schedule_left_deletions() -> int:
    """Starts the task of every marked repository of any organization that has none; how many."""
    marked = Repository.objects.filter(status__in=_MARKED).values_list("organization_id", "id")
    found = list(islice(marked.order_by("id"), _REPOSITORIES_AT_ONCE))
    for organization_id, repository_id in found:
        schedule_deletion(organization_id=organization_id, repository_id=repository_id)
    return len(found)
