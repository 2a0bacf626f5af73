"""The schedule, leases, and the embedded runner's loop."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from sentry.models import Lease, PeriodicTask, TaskRecord
from sentry.runner.embedded import run_beat
from sentry.taskqueue import leases
from sentry.taskqueue.embedded import EmbeddedRunner
from sentry.taskqueue.scheduler import LEASE, Scheduler
from sentry.tasks.schedule import SCHEDULE
from sentry.testutils.factories import Factories
from sentry.testutils.tasks import run_due_tasks

from .conftest import Declare

pytestmark = pytest.mark.django_db


def periodic() -> set[str]:
    return set(TaskRecord.objects.filter(key="periodic").values_list("name", flat=True))


def test_each_slot_is_started_once_by_the_one_that_leads() -> None:
    first, second = Scheduler(SCHEDULE), Scheduler(SCHEDULE)
    assert first.tick()
    assert not second.tick()
    assert periodic() == set(SCHEDULE)
    assert run_due_tasks() == len(SCHEDULE)
    assert first.tick()
    assert periodic() == set()
    for row in PeriodicTask.objects.all():
        assert row.next_run_at > timezone.now() + timedelta(minutes=9)
    PeriodicTask.objects.update(next_run_at=timezone.now())
    first.close()
    assert second.tick()
    assert second.tick()
    assert not first.tick()
    assert periodic() == set(SCHEDULE)


def test_a_slot_whose_last_run_still_waits_adds_none() -> None:
    scheduler = Scheduler(SCHEDULE)
    scheduler.tick()
    PeriodicTask.objects.update(next_run_at=timezone.now())
    scheduler.tick()
    assert TaskRecord.objects.count() == len(SCHEDULE)


def test_two_leaders_do_not_start_a_slot_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease was lost while the first one still believed in it, and both read the same rows."""
    one, other = Scheduler(SCHEDULE), Scheduler(SCHEDULE)
    one.tick()
    run_due_tasks()
    PeriodicTask.objects.update(next_run_at=timezone.now())
    Lease.objects.update(expires_at=timezone.now())
    filtered = PeriodicTask.objects.filter(next_run_at__lte=timezone.now())
    stale = list(filtered)
    assert other.tick()
    run_due_tasks()
    for row in stale:
        mine = PeriodicTask.objects.filter(name=row.name, next_run_at=row.next_run_at)
        assert not mine.update(next_run_at=timezone.now())
    assert one.tick()  # still leads in its own eyes
    assert periodic() == set()


def test_a_schedule_holds_the_tasks_of_the_silo_alone(settings) -> None:
    settings.SILO_MODE = "CONTROL"
    Scheduler(SCHEDULE).tick()
    assert periodic() == {"sentry.tasks.sweep_expired", "sentry.tasks.sweep_webhooks"}


def test_a_lease_is_one_holders_until_it_expires_or_is_given_back() -> None:
    assert leases.hold("duty", "a", seconds=10)
    assert leases.hold("duty", "a", seconds=10)
    assert not leases.hold("duty", "b", seconds=10)
    Lease.objects.update(expires_at=timezone.now())
    assert leases.hold("duty", "b", seconds=10)
    leases.release("duty", "a")
    assert not leases.hold("duty", "a", seconds=10)
    leases.release("duty", "b")
    assert leases.hold("duty", "a", seconds=10)


@pytest.mark.django_db(transaction=True)
def test_the_runner_does_what_is_due_and_stops_between_records(declare: Declare) -> None:
    seen: list[int] = []

    def work(number: int) -> None:
        seen.append(number)
        if number == 2:
            runner.stop()

    task = declare(work)
    for number in range(4):
        task.delay(number)
    runner = EmbeddedRunner(scheduler=Scheduler(SCHEDULE))
    runner.run()
    assert seen == [0, 1, 2]
    assert TaskRecord.objects.filter(name=task.name).count() == 1
    assert Lease.objects.get(name=LEASE).holder == ""


def test_a_runner_of_some_queues_leaves_the_others_alone(declare: Declare) -> None:
    seen: list[str] = []
    for name in ("a", "b", "c"):
        task = declare(lambda name=name: seen.append(name), name=f"tests.{name}", queue=name)
        task.delay()
    assert EmbeddedRunner(queues=["c", "a"]).step() == 2
    assert sorted(seen) == ["a", "c"]


@pytest.mark.django_db(transaction=True)
def test_the_runner_ends_with_its_parent_and_outlives_a_failing_database(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True, False])
    monkeypatch.setattr("sentry.taskqueue.loop._PAUSE_AFTER_FAILURE", 0)
    runner = EmbeddedRunner(may_go_on=lambda: next(answers))
    Factories.create_task_record()
    with _broken_database(OperationalError("gone")):
        runner.run()
    assert [each.getMessage() for each in caplog.records] == ["tasks.runner.database_failed"]
    assert TaskRecord.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_beat_outlives_a_failing_database(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops: list[Callable[[], None]] = []
    ticks: list[str] = []
    monkeypatch.setattr("sentry.taskqueue.loop._PAUSE_AFTER_FAILURE", 0)
    monkeypatch.setattr("sentry.runner.embedded.on_stop", stops.append)

    def break_twice(call: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if "sentry_lease" in sql:
            ticks.append(sql)
            if len(ticks) < 3:
                raise OperationalError("gone")
            stops[0]()
        return call(sql, *rest)

    with connection.execute_wrapper(break_twice):
        run_beat()
    assert periodic() == set(SCHEDULE)
    names = [each.getMessage() for each in caplog.records]
    assert names == ["tasks.runner.database_failed"] * 2


def _broken_database(error: Exception) -> Any:
    def execute(call: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if "sentry_taskrecord" in sql:
            raise error
        return call(sql, *rest)

    return connection.execute_wrapper(execute)
