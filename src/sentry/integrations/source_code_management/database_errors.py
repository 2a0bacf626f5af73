"""What a database that fails means for a caller."""

from sentry.integrations.source_code_management.errors import DeadlineExceeded, ServiceUnavailable
from sentry.utils.deadline import remaining


def database_error() -> DeadlineExceeded | ServiceUnavailable:
    """The error of the domain for an ``OperationalError`` that was just caught.

    Where the deadline at hand has passed it stopped the statement; else the database is down or too
    busy. Nothing is logged here: each door has an event of its own.
    """
    return ServiceUnavailable("the database") if remaining(1.0) > 0 else DeadlineExceeded()
