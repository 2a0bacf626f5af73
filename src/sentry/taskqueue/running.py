"""Runs one record: what Celery's workers, the embedded runner and ``apply()`` have in common."""

import logging
import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from random import SystemRandom
from types import FrameType
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from sentry.models.taskrecord import TaskRecord
from sentry.taskqueue import arguments, records, registry
from sentry.taskqueue.errors import (
    ClaimLostError,
    Retry,
    TimeLimitExceededError,
    UnknownTaskError,
    UnreadableArgumentsError,
    WorkerLostError,
)
from sentry.utils import metrics, request_id
from sentry.utils.deadline import deadline_at
from sentry.utils.referrer import referred_by
from sentry.utils.reporting import report_exception

if TYPE_CHECKING:
    from sentry.taskqueue.task import Task

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 3600.0
# What a task may ask for by Retry, in seconds: a year.
LONGEST_RETRY = 366 * 86_400.0
# Runs that ended without a word beyond the retries, before the task is blamed for it.
_LOST_RUNS = 3
_UNKNOWN_PAUSE = 60.0
_random = SystemRandom()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a run ended: what the function returned, or what it raised."""

    value: Any = None
    error: BaseException | None = None


@dataclass(kw_only=True, slots=True)
class _Run:
    claim: records.Claim
    is_complete: bool = False


_current: ContextVar[_Run | None] = ContextVar("task_run", default=None)


@contextmanager
def completing() -> Iterator[None]:
    """A transaction whose effects and the end of the task's record are one: no effect twice.

    Inside a task: opens ``atomic()`` and deletes the record in it, so that of two runs of the same
    record one waits for the other and then finds nothing. What stands in the block happens once or
    not at all; what comes after it is not repeated when it fails. Where the function is called
    directly it is a plain ``atomic()``.

    Raises:
        ClaimLostError: another run took the record over; nothing was done.
    """
    run = _current.get()
    with transaction.atomic():
        if run is not None and not records.complete(run.claim):
            raise ClaimLostError(f"record {run.claim.record_id} belongs to another run")
        yield
    if run is not None:
        run.is_complete = True


def run_row(row: TaskRecord) -> bool:
    """Claims a due record, runs it, and writes down how it ended; whether it was ours to run."""
    try:
        task = registry.task_named(row.name)
    except UnknownTaskError:
        logger.exception("tasks.task.unknown", extra={"task": row.name, "record_id": row.pk})
        records.postpone(row, pause=_UNKNOWN_PAUSE)
        return False
    claim = records.claim(row, time_limit=task.time_limit)
    if claim is None:
        return False
    if claim.attempt > task.max_retries + 1 + _LOST_RUNS:
        _end_badly(task, claim, WorkerLostError("the process that ran it ended, several times"))
        return True
    began = time.monotonic()
    outcome = run_claimed(task, claim)
    word = "succeeded" if outcome.error is None else _end_badly(task, claim, outcome.error)
    metrics.task_finished(task.name, word, time.monotonic() - began)
    return True


def run_claimed(task: "Task[..., Any]", claim: records.Claim) -> Outcome:
    """Runs the function of a claimed record within its time; a record that is done is deleted."""
    run = _Run(claim=claim)
    token = _current.set(run)
    try:
        args, kwargs = arguments.decode(claim.arguments)
        with (
            request_id.bound(claim.request_id),
            referred_by(f"task:{task.name}"),
            _within(task.time_limit),
        ):
            value = task.function(*args, **kwargs)
    except TimeLimitExceededError as error:
        if not connection.in_atomic_block:
            connection.close()  # a statement may have been cut off in its middle
        return _outcome(run, Outcome(error=error))
    except BaseException as error:  # whatever it is, sys.exit() too, the record must say so
        if _is_interrupt(error):
            raise
        return _outcome(run, Outcome(error=error))
    finally:
        _current.reset(token)
    if not run.is_complete:
        records.complete(claim)
    return Outcome(value=value)


def _is_interrupt(error: BaseException) -> bool:
    """Whether it is a Ctrl-C. Workers and runners handle that signal, so there it is the task's."""
    handler = signal.getsignal(signal.SIGINT)
    return isinstance(error, KeyboardInterrupt) and handler is signal.default_int_handler


def _outcome(run: _Run, outcome: Outcome) -> Outcome:
    """Reports an error of a record that is done: nobody else would see it."""
    if run.is_complete:
        report_failure(run.claim, outcome.error)
    return outcome


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Bounds the block: by the deadline that host calls ask for, and by an alarm.

    Only the main thread can have an alarm; another one keeps to the deadline alone.
    """
    with deadline_at(time.monotonic() + seconds):
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGALRM, _time_is_up)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def _time_is_up(_signal: int, _frame: FrameType | None) -> None:
    raise TimeLimitExceededError


def pause_after(task: "Task[..., Any]", attempt: int) -> float:
    """Seconds until the next try: doubled with each attempt, at most an hour, half of it chance."""
    longest = max(LONGEST_PAUSE, task.default_retry_delay)
    pause = min(task.default_retry_delay * 2.0 ** min(attempt - 1, 32), longest)
    return pause * _random.uniform(0.5, 1.0)


def _end_badly(task: "Task[..., Any]", claim: records.Claim, error: BaseException) -> str:
    """Writes an error down: another try, or a dead letter; the outcome's word for the metrics."""
    if isinstance(error, ClaimLostError):
        logger.warning("tasks.task.claim_lost", extra=_facts(claim))
        return "lost"
    is_wanted = isinstance(error, Retry)
    name = _name_of(error)
    is_over = claim.attempt > task.max_retries or isinstance(
        error, (WorkerLostError, UnreadableArgumentsError, *task.permanent)
    )
    if is_over:
        held = records.bury(claim, error=name)
    else:
        pause = _pause_of(task, claim, error)
        held = records.release(claim, pause=pause, error=name)
    if held and (is_over or not is_wanted):
        report_failure(claim, error)
    return "failed" if is_over else "retried"


def _name_of(error: BaseException) -> str:
    """The name of an error's class, of characters that every database takes."""
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    return "".join(each if each.isprintable() else "?" for each in name)


def _pause_of(task: "Task[..., Any]", claim: records.Claim, error: BaseException) -> float:
    chosen: object = error.countdown if isinstance(error, Retry) else None
    # A task's own number may be anything; one that no row can hold must not end the runner.
    if isinstance(chosen, int | float) and not math.isnan(chosen):
        return float(min(max(chosen, 0), LONGEST_RETRY))
    return pause_after(task, claim.attempt)


def report_failure(claim: records.Claim, error: BaseException | None) -> None:
    """The one place where an error of a task is told to the operator."""
    with request_id.bound(claim.request_id):
        report_exception("tasks.task.failed", error=error, logger=logger, **_facts(claim))


def _facts(claim: records.Claim) -> dict[str, object]:
    return {"task": claim.name, "record_id": claim.record_id, "attempt": claim.attempt}
