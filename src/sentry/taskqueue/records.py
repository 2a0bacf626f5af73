"""The rows of background work: written, claimed, finished. Every change is conditional.

A claim is a random token that expires. Whoever finishes a record names the token, so that a run
whose claim expired and was taken over changes nothing (a fencing token).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from sentry import options
from sentry.models.taskrecord import TaskRecord, TaskStatus
from sentry.taskqueue import limits
from sentry.utils import request_id

# The column's width; the name of an error's class may be longer.
_ERROR_LENGTH = 255
# The rest of what is read with a due row stays in the table.
_READ = ("name", "arguments", "attempts", "claim", "available_at", "request_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A record that this process may run until its claim expires. ``attempt`` counts from 1."""

    record_id: int
    token: str
    name: str
    arguments: str
    attempt: int
    request_id: str


def write(
    name: str, queue: str, arguments: str, *, countdown: float, key: str | None
) -> int | None:
    """Writes a pending record; its id. None where there is a pending one of the same key."""
    now = timezone.now()
    start = now + timedelta(seconds=countdown)
    if key is not None and _revived_or_there(name, key, start):
        return None
    row = TaskRecord(
        name=name,
        queue=queue,
        key=key,
        arguments=arguments,
        available_at=start,
        message_due_at=_message_due(start, sent=countdown <= 0),
        request_id=request_id.current(),
        date_added=now,
    )
    if key is None:
        row.save(force_insert=True)
        return row.pk
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # another process has just written it
        return None
    return row.pk


def _revived_or_there(name: str, key: str, start: datetime) -> bool:
    rows = TaskRecord.objects.filter(name=name, key=key)
    revived = rows.filter(status=TaskStatus.FAILED).update(
        status=TaskStatus.PENDING, attempts=0, error="", available_at=start, message_due_at=start
    )
    return bool(revived) or rows.exists()


def _message_due(start: datetime, *, sent: bool) -> datetime:
    """When the sweep must send a message: at the start, or if the one sent now seems lost."""
    return start + timedelta(seconds=options.get_float("tasks.message-grace")) if sent else start


def write_claimed(name: str, queue: str, arguments: str, *, time_limit: float) -> Claim:
    """Writes a record that this process has claimed already."""
    now = timezone.now()
    token, until = secrets.token_hex(16), _end_of_claim(now, time_limit)
    row = TaskRecord.objects.create(
        name=name,
        queue=queue,
        arguments=arguments,
        attempts=1,
        claim=token,
        claimed_until=until,
        available_at=until,
        message_due_at=until,
        request_id=request_id.current(),
        date_added=now,
    )
    return _claim_of(row, token)


def due(queues: Sequence[str] | None, *, limit: int) -> list[TaskRecord]:
    """The records that may be claimed now, oldest first, of these queues (None: of all)."""
    ready = TaskRecord.objects.filter(
        status=TaskStatus.PENDING, available_at__lte=timezone.now()
    ).only(*_READ)
    if queues is None:
        return list(ready.order_by("available_at", "id")[:limit])
    found = chain.from_iterable(
        ready.filter(queue=queue).order_by("available_at")[:limit] for queue in queues
    )
    return sorted(found, key=lambda row: (row.available_at, row.pk))[:limit]


def due_record(record_id: int) -> TaskRecord | None:
    """The record of a message; None where it is done, claimed, failed, or not due yet."""
    return (
        TaskRecord.objects.filter(
            pk=record_id, status=TaskStatus.PENDING, available_at__lte=timezone.now()
        )
        .only(*_READ)
        .first()
    )


def claim(row: TaskRecord, *, time_limit: float) -> Claim | None:
    """Claims a due record; None where another process was first."""
    token = secrets.token_hex(16)
    until = _end_of_claim(timezone.now(), time_limit)
    claimed = TaskRecord.objects.filter(
        pk=row.pk,
        status=TaskStatus.PENDING,
        claim=row.claim,
        attempts=row.attempts,
        available_at=row.available_at,
    ).update(
        claim=token,
        claimed_until=until,
        available_at=until,
        message_due_at=until,
        attempts=F("attempts") + 1,
    )
    if not claimed:
        return None
    row.attempts += 1
    return _claim_of(row, token)


def _end_of_claim(now: datetime, time_limit: float) -> datetime:
    return now + timedelta(seconds=limits.seconds_of_claim(time_limit))


def _claim_of(row: TaskRecord, token: str) -> Claim:
    return Claim(
        record_id=row.pk,
        token=token,
        name=row.name,
        arguments=row.arguments,
        attempt=row.attempts,
        request_id=row.request_id,
    )


def _held(held: Claim) -> QuerySet[TaskRecord]:
    return TaskRecord.objects.filter(
        Q(pk=held.record_id), Q(claim=held.token), Q(status=TaskStatus.PENDING)
    )


def complete(held: Claim) -> bool:
    """Deletes the record, which is done; whether the claim still held."""
    deleted, _ = _held(held).delete()
    return bool(deleted)


def release(held: Claim, *, pause: float, error: str) -> bool:
    """Gives the record back, to be claimed after a pause in seconds; whether the claim held."""
    start = timezone.now() + timedelta(seconds=pause)
    changed = _held(held).update(
        claim="",
        claimed_until=None,
        available_at=start,
        message_due_at=start,
        error=error[:_ERROR_LENGTH],
    )
    return bool(changed)


def bury(held: Claim, *, error: str) -> bool:
    """Makes the record a dead letter; whether the claim held."""
    changed = _held(held).update(
        status=TaskStatus.FAILED,
        claim="",
        claimed_until=None,
        available_at=timezone.now(),
        error=error[:_ERROR_LENGTH],
    )
    return bool(changed)


def postpone(row: TaskRecord, *, pause: float) -> None:
    """Leaves a due record alone for a while: this process cannot run it."""
    start = timezone.now() + timedelta(seconds=pause)
    TaskRecord.objects.filter(pk=row.pk, claim=row.claim, available_at=row.available_at).update(
        available_at=start, message_due_at=start
    )
