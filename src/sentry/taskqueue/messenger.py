"""Tells a broker that a record is there. A message carries the record's id, nothing else.

A lost or doubled message harms nothing: the record is the work, and the sweep sends again.
"""

import logging
import time

from django.conf import settings

logger = logging.getLogger(__name__)

EMBEDDED = "EMBEDDED"
# After a failure nobody waits for the broker for so many seconds; the sweep sends what is missed.
REST = 5.0


class _Broker:
    """Whether the broker answered lately."""

    def __init__(self) -> None:
        self.rests_until = 0.0


_broker = _Broker()


def has_broker() -> bool:
    """Whether messages are sent at all; the embedded runner looks for rows by itself."""
    return bool(settings.TASK_BROKER != EMBEDDED)


def announce(record_id: int, queue: str, time_limit: float) -> bool:
    """Sends the message of a record that is written; whether the broker took it. Never raises."""
    if time.monotonic() < _broker.rests_until:
        return False
    # Celery is large: only a process that has a broker loads it.
    from sentry.taskqueue import broker  # noqa: PLC0415

    try:
        broker.send(record_id, queue, time_limit)
    except broker.UNREACHABLE:
        _broker.rests_until = time.monotonic() + REST
        logger.exception("tasks.broker.unreachable", extra={"record_id": record_id})
        return False
    return True


def is_reachable() -> bool:
    """Whether the broker answers now, within a few seconds; True where there is none.

    Raises:
        ImproperlyConfigured: the broker has no address.
    """
    if not has_broker():
        return True
    from sentry.taskqueue import broker  # noqa: PLC0415 - as above

    try:
        broker.connect()
    except broker.UNREACHABLE:
        return False
    return True


def forget() -> None:
    """Asks the broker again at once, whatever happened before."""
    _broker.rests_until = 0.0
