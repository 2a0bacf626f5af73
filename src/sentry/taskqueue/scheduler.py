"""Starts the tasks of the schedule, and sends again what no message announces.

Of all processes that could, one leads; a slot of a task is taken by a conditional update, so that
even two leaders start it once.
"""

import secrets
import time
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from sentry import options
from sentry.models.periodictask import PeriodicTask
from sentry.models.taskrecord import TaskRecord, TaskStatus
from sentry.silo import SiloMode
from sentry.taskqueue import leases, messenger
from sentry.taskqueue.registry import task_named, time_limit_of

LEASE = "tasks.scheduler"
LEASE_SECONDS = 15.0
_RENEW_AFTER = 5.0
_RESENT_AT_ONCE = 500


class Scheduler:
    """One process's part in the schedule: leads while no other does."""

    def __init__(self, schedule: Mapping[str, timedelta]) -> None:
        """Takes the schedule: the interval of each task, by name."""
        mode = SiloMode.get_current_mode()
        self._schedule = {
            name: interval for name, interval in schedule.items() if task_named(name).runs_in(mode)
        }
        self._holder = secrets.token_hex(8)
        self._renew_at = 0.0
        self._has_rows = False

    def tick(self) -> bool:
        """Does what is due; whether this process leads. Call it about once a second."""
        if not self._leads():
            return False
        if not self._has_rows:
            self._make_rows()
        self._start_due()
        if messenger.has_broker():
            resend()
        return True

    def close(self) -> None:
        """Lets another process lead at once."""
        leases.release(LEASE, self._holder)
        self._renew_at = 0.0

    def _leads(self) -> bool:
        if time.monotonic() < self._renew_at:
            return True
        leads = leases.hold(LEASE, self._holder, seconds=LEASE_SECONDS)
        self._renew_at = time.monotonic() + _RENEW_AFTER if leads else 0.0
        return leads

    def _make_rows(self) -> None:
        now = timezone.now()
        rows = [PeriodicTask(name=name, next_run_at=now) for name in self._schedule]
        PeriodicTask.objects.bulk_create(rows, ignore_conflicts=True)
        self._has_rows = True

    def _start_due(self) -> None:
        now = timezone.now()
        for row in PeriodicTask.objects.filter(name__in=self._schedule, next_run_at__lte=now):
            mine = PeriodicTask.objects.filter(name=row.name, next_run_at=row.next_run_at)
            with transaction.atomic():
                if mine.update(next_run_at=now + self._schedule[row.name]):
                    task_named(row.name).apply_async(key="periodic")


def resend() -> int:
    """Sends a message for each due record that may have none; how many were sent.

    Due are: what starts later, what is tried again, what a dead worker held, and what was written
    while the broker was down or when the process ended between its commit and the message.
    """
    now = timezone.now()
    rows = TaskRecord.objects.filter(status=TaskStatus.PENDING, message_due_at__lte=now)
    again = now + timedelta(seconds=options.get_float("tasks.message-grace"))
    sent = 0
    for row in rows.only("name", "queue").order_by("message_due_at")[:_RESENT_AT_ONCE]:
        if not messenger.announce(row.pk, row.queue, time_limit_of(row.name)):
            break
        sent += rows.filter(pk=row.pk).update(message_due_at=again)
    return sent
