"""Running a record: errors, retries, dead letters, time limits, claims."""

import asyncio
import logging
import math
import signal
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sentry.models import Organization, TaskRecord, TaskStatus
from sentry.taskqueue import limits, records, running
from sentry.taskqueue.errors import ClaimLostError, TimeLimitExceededError
from sentry.tasks.base import Retry, completing
from sentry.testutils.factories import Factories
from sentry.testutils.tasks import run_due_tasks
from sentry.utils.deadline import remaining

from .conftest import Declare

pytestmark = pytest.mark.django_db


def fail() -> None:
    raise RuntimeError("the password is hunter2")


def make_due() -> None:
    TaskRecord.objects.update(available_at=timezone.now())


def seconds_until_due(row: TaskRecord) -> float:
    return (row.available_at - timezone.now()).total_seconds()


def test_an_error_is_tried_again_after_growing_pauses_and_is_then_a_dead_letter(
    declare: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    number = declare(fail, max_retries=2, default_retry_delay=100).delay()
    for attempt, (low, high) in enumerate(((49, 100), (99, 200)), start=1):
        assert run_due_tasks() == 1
        row = TaskRecord.objects.get()
        assert (row.status, row.attempts, row.claim) == (TaskStatus.PENDING, attempt, "")
        assert low < seconds_until_due(row) <= high
        make_due()
    assert run_due_tasks() == 1
    row = TaskRecord.objects.get()
    assert (row.status, row.attempts, row.error) == (TaskStatus.FAILED, 3, "builtins.RuntimeError")
    make_due()
    assert run_due_tasks() == 0
    facts = [
        (each.getMessage(), each.task, each.record_id, each.attempt)  # type: ignore[attr-defined] # extra
        for each in caplog.records
    ]
    assert facts == [("tasks.task.failed", "tests.fail", number, n) for n in (1, 2, 3)]
    assert all(each.exc_info for each in caplog.records)


def test_pauses_have_an_end() -> None:
    from sentry.tasks import delete_repository

    pauses = [running.pause_after(delete_repository, attempt) for attempt in range(1, 2000, 100)]
    assert max(pauses) <= running.LONGEST_PAUSE
    assert len(set(pauses)) == len(pauses)


def test_an_error_that_no_retry_mends_is_a_dead_letter_at_once(declare: Declare) -> None:
    declare(fail, permanent=(RuntimeError,)).delay()
    run_due_tasks()
    assert TaskRecord.objects.get().status == TaskStatus.FAILED


def test_a_task_may_ask_for_another_try(declare: Declare, caplog) -> None:
    seen: list[int] = []

    def later() -> None:
        seen.append(1)
        if len(seen) < 3:
            raise Retry(countdown=0 if len(seen) == 1 else None)

    declare(later).delay()
    assert run_due_tasks() == 2  # the second pause is the usual one
    make_due()
    assert run_due_tasks() == 1
    assert not TaskRecord.objects.exists()
    assert caplog.records == []


def test_asking_too_often_ends_as_a_dead_letter(declare: Declare) -> None:
    def again() -> None:
        raise Retry(countdown=0)

    declare(again, max_retries=2).delay()
    assert run_due_tasks() == 3
    row = TaskRecord.objects.get()
    assert (row.status, row.error) == (TaskStatus.FAILED, "sentry.taskqueue.errors.Retry")


def test_a_task_without_end_is_stopped_at_its_time_limit(declare: Declare) -> None:
    left: list[float] = []

    def endless() -> None:
        left.append(remaining(1000))
        try:
            while True:
                pass
        except Exception:  # noqa: BLE001 - a task that swallows everything
            left.append(0)

    declare(endless, time_limit=0.2, max_retries=0).delay()
    assert run_due_tasks() == 1
    assert len(left) == 1
    assert 0 < left[0] <= 0.2
    row = TaskRecord.objects.get()
    name = "sentry.taskqueue.errors.TimeLimitExceededError"
    assert (row.status, row.error) == (TaskStatus.FAILED, name)


def test_a_thread_has_the_deadline_without_the_alarm(declare: Declare) -> None:
    left: list[float] = []

    def look() -> None:
        left.append(remaining(1000))

    task = declare(look, time_limit=50)
    claim = records.Claim(
        record_id=0, token="t", name=task.name, arguments='{"args": [], "kwargs": {}}',
        attempt=1, request_id="",
    )  # fmt: skip
    thread = threading.Thread(target=lambda: left.append(len(_run_without_row(task, claim))))
    thread.start()
    thread.join()
    assert left[0] <= 50


def _run_without_row(task, claim) -> list[str]:
    with running._within(task.time_limit):
        task.function()
    return []


def test_a_claimed_record_is_nobody_elses_until_the_claim_expires(declare: Declare) -> None:
    seen: list[int] = []
    declare(lambda: seen.append(1), name="tests.once", time_limit=5).delay()
    (row,) = records.due(None, limit=10)
    first = records.claim(row, time_limit=5)
    assert first is not None
    assert records.claim(row, time_limit=5) is None
    assert records.due(None, limit=10) == []
    assert records.due_record(row.pk) is None
    held = TaskRecord.objects.get()
    assert held.claimed_until == held.available_at == held.message_due_at
    make_due()
    assert run_due_tasks() == 1
    assert seen == [1]
    assert not records.complete(first)
    assert not records.release(first, pause=0, error="")
    assert not records.bury(first, error="")


def test_a_record_that_kills_its_workers_is_a_dead_letter(declare: Declare, caplog) -> None:
    seen: list[int] = []
    declare(lambda: seen.append(1), name="tests.killer", max_retries=1).delay()
    TaskRecord.objects.update(attempts=5)
    run_due_tasks()
    row = TaskRecord.objects.get()
    assert (row.status, seen) == (TaskStatus.FAILED, [])
    assert row.error == "sentry.taskqueue.errors.WorkerLostError"
    assert [each.getMessage() for each in caplog.records] == ["tasks.task.failed"]


def test_a_record_of_an_unknown_task_waits_for_a_worker_that_knows_it(caplog) -> None:
    row = Factories.create_task_record(name="gone.task")
    assert run_due_tasks() == 0
    row.refresh_from_db()
    assert (row.status, row.attempts) == (TaskStatus.PENDING, 0)
    assert row.available_at > timezone.now() + timedelta(seconds=50)
    assert [each.getMessage() for each in caplog.records] == ["tasks.task.unknown"]


def test_completing_does_all_or_nothing(declare: Declare) -> None:
    failures = [RuntimeError("first try")]

    def effect() -> None:
        with completing():
            Factories.create_organization()
            if failures:
                raise failures.pop()

    task = declare(effect)
    task.delay()
    run_due_tasks()
    assert not Organization.objects.exists()
    assert TaskRecord.objects.get().attempts == 1
    make_due()
    run_due_tasks()
    assert Organization.objects.count() == 1
    assert not TaskRecord.objects.exists()


def test_completing_undoes_what_a_run_does_whose_claim_was_lost(declare: Declare, caplog) -> None:
    caplog.set_level(logging.WARNING)

    def effect() -> None:
        TaskRecord.objects.update(claim="another run's")
        with completing():
            Factories.create_organization()

    declare(effect).delay()
    run_due_tasks()
    assert not Organization.objects.exists()
    row = TaskRecord.objects.get()
    assert (row.claim, row.status) == ("another run's", TaskStatus.PENDING)
    assert [each.getMessage() for each in caplog.records] == ["tasks.task.claim_lost"]


def test_what_follows_completing_is_reported_and_not_repeated(declare: Declare, caplog) -> None:
    def effect() -> None:
        with completing():
            Factories.create_organization()
        fail()

    task = declare(effect)
    task.delay()
    run_due_tasks()
    assert Organization.objects.count() == 1
    assert not TaskRecord.objects.exists()
    assert "tasks.task.failed" in [each.getMessage() for each in caplog.records]
    Organization.objects.all().delete()
    with pytest.raises(RuntimeError):
        task()  # called directly: a plain transaction
    assert Organization.objects.count() == 1


def test_a_claim_error_of_apply_reaches_the_caller(declare: Declare) -> None:
    def effect() -> None:
        TaskRecord.objects.update(claim="another run's")
        with completing():
            pass

    with pytest.raises(ClaimLostError):
        declare(effect).apply().get()


def test_a_time_limit_of_apply_reaches_the_caller(declare: Declare) -> None:
    def sleeps() -> None:
        time.sleep(30)

    with pytest.raises(TimeLimitExceededError):
        declare(sleeps, time_limit=0.05).apply().get()


@pytest.mark.parametrize("kind", [SystemExit, GeneratorExit, asyncio.CancelledError])
def test_what_would_end_a_process_is_the_failure_of_its_task(
    declare: Declare, caplog: pytest.LogCaptureFixture, kind: type[BaseException]
) -> None:
    def ends() -> None:
        raise kind

    number = declare(ends, max_retries=1).delay()
    assert run_due_tasks() == 1
    row = TaskRecord.objects.get()
    assert (row.attempts, row.error) == (1, f"{kind.__module__}.{kind.__qualname__}")
    make_due()
    assert run_due_tasks() == 1
    assert TaskRecord.objects.get().status == TaskStatus.FAILED
    assert [each.record_id for each in caplog.records] == [number] * 2  # type: ignore[attr-defined] # extra


def test_an_interrupt_is_a_failure_where_no_signal_raises_it(declare: Declare) -> None:
    def interrupts() -> None:
        raise KeyboardInterrupt

    task = declare(interrupts)
    with pytest.raises(KeyboardInterrupt):
        task.apply()
    TaskRecord.objects.all().delete()
    task.delay()
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        assert run_due_tasks() == 1
    finally:
        signal.signal(signal.SIGINT, before)
    assert TaskRecord.objects.get().error == "builtins.KeyboardInterrupt"


@pytest.mark.parametrize(
    ("countdown", "low", "high"),
    [
        (1e18, running.LONGEST_RETRY - 60, running.LONGEST_RETRY),
        (float("inf"), running.LONGEST_RETRY - 60, running.LONGEST_RETRY),
        (float("nan"), 29, 60),
        ("soon", 29, 60),
        (-5.0, -60, 0),
    ],
)
def test_a_pause_that_no_row_can_hold_ends_no_runner(
    declare: Declare, countdown: Any, low: float, high: float
) -> None:
    def later() -> None:
        raise Retry(countdown=countdown)

    declare(later, max_retries=1).delay()
    assert run_due_tasks() >= 1
    row = TaskRecord.objects.get()
    assert row.error == "sentry.taskqueue.errors.Retry"
    assert low < seconds_until_due(row) <= high


def test_the_long_name_of_an_error_is_cut(declare: Declare) -> None:
    def fails() -> None:
        raise type("Ä" * 300, (Exception,), {"__module__": "a\0b"})

    declare(fails, max_retries=1).delay()
    for _ in range(2):
        assert run_due_tasks() == 1
        error = TaskRecord.objects.get().error
        assert error.startswith("a?b.ÄÄ")
        assert len(error) == 255
        make_due()
    assert TaskRecord.objects.get().status == TaskStatus.FAILED


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, "[]", "null", "{}", '{"args": {}, "kwargs": {}}', "9" * 5000]
)
def test_arguments_that_are_no_call_are_a_dead_letter_at_once(declare: Declare, text: str) -> None:
    number = declare(fail).delay()
    TaskRecord.objects.update(arguments=text)
    declare(lambda: None, name="tests.next").delay()
    assert run_due_tasks() == 2
    row = TaskRecord.objects.get()
    name = "sentry.taskqueue.errors.UnreadableArgumentsError"
    assert (row.pk, row.status, row.error) == (number, TaskStatus.FAILED, name)


@pytest.mark.parametrize("time_limit", [0.1, 1, 3, 300, 3600])
def test_a_claim_outlasts_the_process_that_ignores_its_time_limit(time_limit: float) -> None:
    killed = limits.seconds_until_kill(time_limit)
    assert time_limit + 1 <= killed <= time_limit + 5
    # Celery rounds up to whole seconds, and looks at its processes once a second.
    assert limits.seconds_of_claim(time_limit) >= math.ceil(killed) + 1
