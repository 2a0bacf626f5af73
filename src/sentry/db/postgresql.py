"""What this platform adds to PostgreSQL connections."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from psycopg.pq import TransactionStatus

from sentry.utils.deadline import deadline_end, remaining

# The server gives up a little after the deadline, so that the cause is plain when it does.
_GRACE_MS = 20


class _StatementTimeout:
    """Sets ``statement_timeout`` before the first statement of a block.

    A rollback takes back what was set in its transaction, so it is set again after one. A statement
    without a deadline within the block has the usual one.
    """

    def __init__(self) -> None:
        self.is_set = False
        self._is_bounded = False
        self._is_of_transaction = False

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: Any, context: Any
    ) -> Any:
        raw = context["connection"].connection
        is_outside = raw.info.transaction_status is TransactionStatus.IDLE
        is_bounded = deadline_end() is not None
        is_taken_back = self.is_set and self._is_of_transaction and is_outside
        if is_bounded is not self._is_bounded or is_taken_back:
            self.is_set, self._is_bounded = True, is_bounded
            self._is_of_transaction = not raw.autocommit
            most = math.ceil(remaining(0) * 1000) + _GRACE_MS if is_bounded else "DEFAULT"
            # the cursor below Django's: this statement is not one of the block's
            context["cursor"].cursor.execute(f"SET statement_timeout = {most}")
        return execute(sql, params, many, context)


@contextmanager
def bounded_statements() -> Iterator[None]:
    """Bounds the statements in the block by the deadline at hand."""
    timeout = _StatementTimeout()
    try:
        with connection.execute_wrapper(timeout):
            yield
    finally:
        if timeout.is_set:
            _reset()


def _reset() -> None:
    raw = connection.connection
    if raw is None or raw.closed:
        return
    if raw.info.transaction_status is not TransactionStatus.INERROR:
        raw.execute("RESET statement_timeout")
