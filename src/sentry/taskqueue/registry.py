"""All tasks of this process, by name."""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings

from sentry.silo import SiloMode
from sentry.taskqueue.errors import UnknownTaskError
from sentry.taskqueue.limits import DEFAULT_TIME_LIMIT

if TYPE_CHECKING:
    from sentry.taskqueue.task import Task

# Filled by ``instrumented_task``.
declared: "dict[str, Task[..., Any]]" = {}


def task_named(name: str) -> "Task[..., Any]":
    """The task of this name. Actions start tasks so, since they import no door.

    Raises:
        UnknownTaskError: there is none.
    """
    task = declared.get(name)
    if task is None:
        load()
        task = declared.get(name)
    if task is None:
        raise UnknownTaskError(f"no task is called {name}: see sentry.tasks")
    return task


def time_limit_of(name: str) -> float:
    """The time limit of a task; the usual one where this process knows no such task."""
    try:
        return task_named(name).time_limit
    except UnknownTaskError:  # a worker may know it, or will tell the operator
        return DEFAULT_TIME_LIMIT


@cache
def load() -> None:
    """Imports the modules that declare tasks (setting ``TASK_MODULES``), once."""
    modules: Iterable[str] = settings.TASK_MODULES
    for module in modules:
        import_module(module)


def all_tasks() -> "Iterator[Task[..., Any]]":
    """Every task of this process, by name."""
    load()
    yield from (declared[name] for name in sorted(declared))


def queues() -> list[str]:
    """The queues of the tasks that run in this process's silo, sorted."""
    mode = SiloMode.get_current_mode()
    return sorted({task.queue for task in all_tasks() if task.runs_in(mode)})
