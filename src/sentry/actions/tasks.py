"""Background work as its operator sees it: what waits, what failed, trying again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from sentry.integrations.source_code_management.errors import NotFound
from sentry.integrations.source_code_management.validation import clean_id
from sentry.models.taskrecord import TaskRecord, TaskStatus
from sentry.taskqueue import leases, messenger, registry, scheduler

MOST_LISTED = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedTask:
    """A dead letter. ``error`` names the error's class; the log has its traceback."""

    id: int
    name: str
    queue: str
    attempts: int
    error: str
    request_id: str
    date_added: datetime
    date_failed: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueDepth:
    """How much a queue holds.

    ``oldest_wait`` is how long the longest waiting record could have been run already; zero where
    none is due.
    """

    queue: str
    pending: int
    failed: int
    oldest_wait: timedelta


def list_failed_tasks(*, limit: int = 100) -> list[FailedTask]:
    """The dead letters, the newest first, at most ``limit`` and 1,000 of them."""
    rows = TaskRecord.objects.filter(status=TaskStatus.FAILED).order_by("-available_at", "-id")
    return [_to_failed(row) for row in rows[: min(limit, MOST_LISTED)]]


def _to_failed(row: TaskRecord) -> FailedTask:
    return FailedTask(
        id=row.pk,
        name=row.name,
        queue=row.queue,
        attempts=row.attempts,
        error=row.error,
        request_id=row.request_id,
        date_added=row.date_added,
        date_failed=row.available_at,
    )


def retry_failed_task(task_id: int) -> None:
    """Starts a dead letter anew, with all its attempts.

    Raises:
        InvalidArgument: the id is no id.
        NotFound: no dead letter has it.
    """
    if not _revive(Q(pk=clean_id("task_id", task_id))):
        raise NotFound("failed task")


def retry_failed_tasks(*, name: str | None = None) -> int:
    """Starts all dead letters anew, or those of one task; how many."""
    return _revive(Q() if name is None else Q(name=name))


def _revive(which: Q) -> int:
    now = timezone.now()
    revived = TaskRecord.objects.filter(which, status=TaskStatus.FAILED).update(
        status=TaskStatus.PENDING, attempts=0, error="", available_at=now, message_due_at=now
    )
    if revived and messenger.has_broker():
        scheduler.resend()
    return revived


def is_scheduled() -> bool:
    """Whether a process keeps to the schedule at this moment: an embedded runner or a beat."""
    return leases.is_held(scheduler.LEASE)


def is_broker_reachable() -> bool:
    """Whether the broker answers now; True where there is none.

    Raises:
        ImproperlyConfigured: the broker has no address, or refuses what is configured.
    """
    return messenger.is_reachable()


def queue_depths() -> list[QueueDepth]:
    """Every queue of this process's tasks, by name, with what it holds."""
    now = timezone.now()
    return [_depth(queue, now) for queue in registry.queues()]


def _depth(queue: str, now: datetime) -> QueueDepth:
    of_queue = TaskRecord.objects.filter(queue=queue)
    pending = of_queue.filter(status=TaskStatus.PENDING).aggregate(
        count=Count("pk"), oldest=Min("available_at")
    )
    oldest = pending["oldest"] or now
    return QueueDepth(
        queue=queue,
        pending=pending["count"],
        failed=of_queue.filter(status=TaskStatus.FAILED).count(),
        oldest_wait=max(timedelta(0), now - oldest),
    )
