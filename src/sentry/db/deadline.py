"""Statements keep to the deadline that a caller sent."""

from contextlib import AbstractContextManager, nullcontext

from django.db import connection

from sentry.db.postgresql import bounded_statements
from sentry.db.sqlite import bounded_waits


def statement_deadline(*, is_sent: bool) -> AbstractContextManager[None]:
    """Bounds the statements in the block by the deadline at hand, if the caller sent one.

    On SQLite a running statement is stopped by the progress handler in any case; what is bounded
    here is the waiting for another process that writes.
    """
    if not is_sent:
        return nullcontext()
    return bounded_statements() if connection.vendor == "postgresql" else bounded_waits()
