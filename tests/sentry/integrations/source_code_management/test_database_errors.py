"""What a database that fails means for a caller."""

import time

import pytest

from sentry.integrations.source_code_management.database_errors import database_error
from sentry.integrations.source_code_management.errors import DeadlineExceeded, ServiceUnavailable
from sentry.utils.deadline import deadline_at

HOUR = 3600.0


@pytest.mark.parametrize("left", [None, HOUR])
def test_it_is_down_while_there_is_time(left: float | None) -> None:
    with deadline_at(None if left is None else time.monotonic() + left):
        error = database_error()
    assert isinstance(error, ServiceUnavailable)
    assert error.message == "the database is not available"
    assert error.retry_after == 1.0


def test_the_deadline_stopped_it_where_it_has_passed() -> None:
    with deadline_at(time.monotonic()):
        assert isinstance(database_error(), DeadlineExceeded)
