"""Starts tasks: writes the row, and sends the message after the commit."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction

from sentry.taskqueue import arguments, messenger, records, running

if TYPE_CHECKING:
    from sentry.taskqueue.task import Task


def enqueue(
    task: "Task[..., Any]",
    args: Sequence[object],
    kwargs: Mapping[str, object],
    *,
    countdown: float,
    key: str | None,
) -> int | None:
    """Writes the call as a row; see ``Task.apply_async``."""
    text = arguments.encode(args, kwargs)
    record_id = records.write(task.name, task.queue, text, countdown=countdown, key=key)
    if record_id is not None and countdown <= 0 and messenger.has_broker():

        def announce() -> None:  # no partial(): Django asks a robust hook that fails for its name
            messenger.announce(record_id, task.queue, task.time_limit)

        transaction.on_commit(announce, robust=True)
    return record_id


def run_now(
    task: "Task[..., Any]", args: Sequence[object], kwargs: Mapping[str, object]
) -> running.Outcome:
    """Runs a call in this process at once; its row is there meanwhile."""
    text = arguments.encode(args, kwargs)
    claim = records.write_claimed(task.name, task.queue, text, time_limit=task.time_limit)
    try:
        return running.run_claimed(task, claim)
    finally:
        records.complete(claim)
