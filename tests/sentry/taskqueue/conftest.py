"""Tasks of tests, each declared for one test and forgotten after it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sentry.taskqueue import messenger, registry
from sentry.tasks.base import Task, instrumented_task

type Declare = Callable[..., "Task[..., Any]"]


@pytest.fixture
def declare() -> Iterator[Declare]:
    """Declares a function as the task ``tests.<name>`` of the queue ``tests``."""
    before = dict(registry.declared)

    def make(function: Callable[..., Any], **policy: Any) -> "Task[..., Any]":
        given = {"queue": "tests", "max_retries": 3, "default_retry_delay": 60.0, **policy}
        name = given.pop("name", f"tests.{function.__name__}")
        return instrumented_task(name=name, **given)(function)

    yield make
    registry.declared.clear()
    registry.declared.update(before)


@pytest.fixture(autouse=True)
def _broker_is_well() -> None:
    messenger.forget()
