"""What this platform adds to SQLite connections."""

import math
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created

from sentry.utils.deadline import deadline_end, remaining

# SQLite asks after this many steps of its machine, about a millisecond's work.
_STEPS = 20_000
_USUAL_SECONDS = 5.0


def _past_deadline() -> int:
    end = deadline_end()
    return int(end is not None and time.monotonic() > end)


def _prepare(connection: Any, **_: object) -> None:
    if connection.vendor == "sqlite":
        connection.connection.set_progress_handler(_past_deadline, _STEPS)
        most = connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        connection.features.max_query_params = most


def connect() -> None:
    """Makes every SQLite connection stop a statement when the deadline of the call has passed.

    A statement takes as many parameters as this SQLite can: Django counts on the 999 of versions
    before 3.32, and splits what inserts more.
    """
    connection_created.connect(_prepare, dispatch_uid="sqlite")


class _BusyTimeout:
    """Sets how long a statement waits for another writer, before the first one of a block.

    One without a deadline within the block waits as long as usual.
    """

    def __init__(self) -> None:
        self.is_set = False

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: Any, context: Any
    ) -> Any:
        if (deadline_end() is not None) is not self.is_set:
            self.is_set = not self.is_set
            seconds = remaining(0) if self.is_set else _usual_seconds()
            _wait_at_most(context["connection"], math.ceil(seconds * 1000))
        return execute(sql, params, many, context)


@contextmanager
def bounded_waits() -> Iterator[None]:
    """Bounds the waiting for other writers in the block by the deadline at hand."""
    timeout = _BusyTimeout()
    try:
        with connection.execute_wrapper(timeout):
            yield
    finally:
        if timeout.is_set and connection.connection is not None:
            _wait_at_most(connection, math.ceil(_usual_seconds() * 1000))


def _usual_seconds() -> float:
    return float(connection.settings_dict["OPTIONS"].get("timeout", _USUAL_SECONDS))


def _wait_at_most(connection: Any, milliseconds: int) -> None:
    # below Django: this statement is not one of the block's
    connection.connection.execute(f"PRAGMA busy_timeout = {milliseconds}")
