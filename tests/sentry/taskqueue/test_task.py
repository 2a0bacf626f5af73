"""Declaring and starting tasks."""

import pytest
from django.db import transaction

from sentry.models import TaskRecord, TaskStatus
from sentry.silo import SiloMode
from sentry.taskqueue import task_named
from sentry.taskqueue.arguments import MAX_BYTES
from sentry.taskqueue.errors import TaskArgumentsError, UnknownTaskError, WrongSiloError
from sentry.tasks.base import instrumented_task
from sentry.testutils.tasks import run_due_tasks
from sentry.utils import request_id

from .conftest import Declare

pytestmark = pytest.mark.django_db


@pytest.fixture
def calls() -> list[tuple[object, ...]]:
    return []


@pytest.fixture
def note(declare: Declare, calls: list[tuple[object, ...]]):
    def note(*args: object, **kwargs: object) -> int:
        calls.append((*args, kwargs, request_id.current()))
        return len(calls)

    return declare(note)


def test_delay_writes_a_row_that_a_worker_runs_and_deletes(note, calls) -> None:
    with request_id.bound("request-7"):
        number = note.delay("ä\0", [1, {"a": None}], flag=True)
    row = TaskRecord.objects.get()
    assert (row.pk, row.name, row.queue) == (number, "tests.note", "tests")
    assert (row.status, row.attempts, row.request_id) == (TaskStatus.PENDING, 0, "request-7")
    assert calls == []
    assert run_due_tasks() == 1
    assert calls == [("ä\0", [1, {"a": None}], {"flag": True}, "request-7")]
    assert not TaskRecord.objects.exists()


def test_a_rolled_back_transaction_starts_nothing(note) -> None:
    with transaction.atomic():
        note.delay(1)
        transaction.set_rollback(True)
    assert not TaskRecord.objects.exists()


def test_a_countdown_keeps_a_task_from_running(note, calls) -> None:
    note.apply_async((1,), countdown=60)
    assert run_due_tasks() == 0
    assert calls == []
    assert TaskRecord.objects.count() == 1


@pytest.mark.parametrize("countdown", [1e18, float("nan"), float("inf"), -float("inf"), -1])
def test_a_countdown_that_no_row_can_hold_is_refused(note, countdown: float) -> None:
    with pytest.raises(TaskArgumentsError, match="a countdown is 0 s to a year"):
        note.apply_async((1,), countdown=countdown)
    assert not TaskRecord.objects.exists()


def test_apply_runs_on_the_spot_and_get_gives_the_value(note, calls) -> None:
    assert note.apply(args=["x"], kwargs={"y": 1}).get() == 1
    assert calls == [("x", {"y": 1}, "")]
    assert not TaskRecord.objects.exists()


def test_get_raises_what_the_task_raised(declare: Declare) -> None:
    def divide(by: int) -> float:
        return 1 / by

    task = declare(divide)
    done = task.apply([0])
    with pytest.raises(ZeroDivisionError):
        done.get()
    assert not TaskRecord.objects.exists()
    assert task(2) == 0.5


def test_a_key_names_work_that_is_there_once(note, calls) -> None:
    assert note.apply_async((1,), key="k") is not None
    assert note.apply_async((2,), key="k") is None
    assert note.apply_async((3,), key="other") is not None
    run_due_tasks()
    assert [call[0] for call in calls] == [1, 3]
    assert note.apply_async((4,), key="k") is not None


def test_a_key_revives_a_dead_letter(note, calls) -> None:
    note.apply_async((1,), key="k")
    TaskRecord.objects.update(status=TaskStatus.FAILED, attempts=4, error="x.Y")
    assert note.apply_async((2,), key="k") is None
    row = TaskRecord.objects.get()
    assert (row.status, row.attempts, row.error) == (TaskStatus.PENDING, 0, "")
    run_due_tasks()
    assert [call[0] for call in calls] == [1]


def deep(levels: int) -> list[object]:
    """Lists in lists."""
    return [deep(levels - 1)] if levels > 1 else []


@pytest.mark.parametrize("value", [10**4300 - 1, deep(32)], ids=["integer", "depth"])
def test_the_largest_arguments_are_taken(note, calls, value: object) -> None:
    note.delay(value)
    assert run_due_tasks() == 1
    assert calls == [(value, {}, "")]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (object(), r"args\[0\] is object"),
        ([1, {"a": (1, 2)}], r"args\[0\]\[1\]\['a'\] is tuple"),
        ({1: 2}, r"args\[0\] is dict"),
        (b"x", "bytes"),
        (float("nan"), r"args\[0\] is nan: JSON has no NaN"),
        ([float("-inf")], r"args\[0\]\[0\] is -inf: JSON has no NaN and no infinity"),
        ({"a": -(10**4300)}, r"args\[0\]\['a'\] is an integer of more than 4300 digits"),
        (deep(33), r"\[0\] is nested more than 32 deep"),
        ("x" * MAX_BYTES, "store the data in a row"),
    ],
)
def test_arguments_that_no_row_can_hold_are_refused(note, value: object, says: str) -> None:
    with pytest.raises(TaskArgumentsError, match=says):
        note.delay(value)
    assert not TaskRecord.objects.exists()


def test_arguments_that_the_function_does_not_take_are_refused(declare: Declare) -> None:
    def one(number: int) -> None: ...

    with pytest.raises(TaskArgumentsError, match=r"tests\.one: .*number"):
        declare(one).delay()


def test_a_task_starts_in_its_own_silo_alone(declare: Declare, settings) -> None:
    def here() -> None: ...

    task = declare(here, silo_mode=SiloMode.CONTROL)
    task.delay()
    settings.SILO_MODE = "CONTROL"
    task.delay()
    settings.SILO_MODE = "REGION"
    with pytest.raises(WrongSiloError, match="CONTROL, not in REGION"):
        task.delay()


def test_a_name_finds_its_task(note) -> None:
    assert task_named("tests.note") is note
    with pytest.raises(UnknownTaskError, match=r"nobody\.knows"):
        task_named("nobody.knows")


def test_two_functions_cannot_have_one_name(declare: Declare) -> None:
    def first() -> None: ...

    def second() -> None:
        pass

    declare(first, name="tests.same")
    with pytest.raises(ValueError, match=r"two tasks are called tests\.same"):
        declare(second, name="tests.same")


@pytest.mark.parametrize(
    "policy",
    [
        {"name": "Ä"},
        {"queue": "a b"},
        {"max_retries": -1},
        {"default_retry_delay": -1},
        {"default_retry_delay": float("nan")},
        {"default_retry_delay": 1e18},
        {"time_limit": float("inf")},
        {"time_limit": 0},
    ],
)
def test_a_policy_without_sense_is_refused(policy: dict[str, object]) -> None:
    given = {"name": "tests.x", "queue": "q", "max_retries": 1, "default_retry_delay": 1, **policy}
    with pytest.raises(ValueError, match=r"queue|retries"):
        instrumented_task(**given)  # type: ignore[arg-type] # wrong on purpose
