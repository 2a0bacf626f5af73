"""Tells a broker that a record is there. A message carries the record's id, nothing else.

A lost or doubled message harms nothing: the record is the work, and the sweep sends again.
"""

import logging
import time

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

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
    try:
        # Celery is large: only a process that has a broker loads it.
        from sentry.taskqueue import broker  # noqa: PLC0415

        broker.send(record_id, queue, time_limit)
    except Exception:  # the caller's work is committed: no fault of a broker may be its error
        _broker.rests_until = time.monotonic() + REST
        logger.exception("tasks.broker.unreachable", extra={"record_id": record_id})
        return False
    return True


def check() -> None:
    """Looks at the broker once, when a service starts. One that does not answer is logged alone.

    Raises:
        ImproperlyConfigured: the broker has no address, or refuses what is configured.
    """
    if not is_reachable():
        logger.warning("tasks.broker.unreachable")


def is_reachable() -> bool:
    """Whether the broker answers now, within a few seconds; True where there is none.

    Raises:
        ImproperlyConfigured: the broker has no address, or refuses what is configured.
    """
    if not has_broker():
        return True
    from sentry.taskqueue import broker  # noqa: PLC0415 - as above

    try:
        broker.connect()
    except ImproperlyConfigured:
        raise
    except Exception:
        logger.debug("tasks.broker.no_answer", exc_info=True)
        return False
    return True


def forget() -> None:
    """Asks the broker again at once, whatever happened before."""
    _broker.rests_until = 0.0
