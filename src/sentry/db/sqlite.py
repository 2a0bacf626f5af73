"""What this platform adds to SQLite connections."""

import time
from typing import Any

from django.db.backends.signals import connection_created

from sentry.utils.deadline import deadline_end

# SQLite asks after this many steps of its machine, about a millisecond's work.
_STEPS = 20_000


def _past_deadline() -> int:
    end = deadline_end()
    return int(end is not None and time.monotonic() > end)


def _watch(connection: Any, **_: object) -> None:
    if connection.vendor == "sqlite":
        connection.connection.set_progress_handler(_past_deadline, _STEPS)


def connect() -> None:
    """Makes every SQLite connection stop a statement when the deadline of the call has passed."""
    connection_created.connect(_watch, dispatch_uid="sqlite-deadline")
