"""Every task of the platform: where it runs and what happens when it fails."""

import inspect
import pkgutil
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

import sentry.tasks
from sentry.silo import SiloMode
from sentry.taskqueue import registry, task_named
from sentry.tasks.base import Task
from sentry.tasks.schedule import SCHEDULE

TASKS = [task for task in registry.all_tasks() if task.name.startswith("sentry.")]
every_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)


@every_task
def test_a_task_has_a_queue_and_a_retry_policy(task: "Task[..., Any]") -> None:
    assert task.queue in registry.queues()
    assert task.max_retries > 0, "a task that a dead host or database ends for good loses work"
    assert 0 < task.default_retry_delay <= 3600
    assert 0 < task.time_limit <= 3600
    assert task.silo_mode in {None, *SiloMode}


@every_task
def test_a_task_stands_where_its_name_says_and_is_documented(task: "Task[..., Any]") -> None:
    name = task.name.rpartition(".")[2]
    assert task.name == f"sentry.tasks.{name}"
    assert getattr(sentry.tasks, name) is task
    assert task.function.__name__ == name
    assert inspect.getdoc(task.function)


@every_task
def test_a_tasks_arguments_are_named_and_typed_as_json(task: "Task[..., Any]") -> None:
    plain = {bool, int, float, str, list[int], list[str], dict[str, str]}
    for parameter in task.signature.parameters.values():
        assert parameter.annotation in plain, f"{task.name}: {parameter}"


def test_every_module_of_tasks_is_loaded_by_the_package() -> None:
    for module in pkgutil.iter_modules(sentry.tasks.__path__):
        found = vars(import_module(f"sentry.tasks.{module.name}")).values()
        for task in found:
            assert not isinstance(task, Task) or task in TASKS


@pytest.mark.parametrize("name", sorted(SCHEDULE))
def test_a_task_of_the_schedule_needs_no_arguments(name: str) -> None:
    task = task_named(name)
    task.check((), {})
    assert SCHEDULE[name] >= timedelta(seconds=10)
