"""Reports unhandled errors: to the log, and to the DSN in ``SENTRY_SDK_DSN`` where there is one.

Reporting never raises, never waits for the network, and never reports itself: an error inside of
it, or while an envelope of this platform's own is handled (``silenced``), is logged alone.
"""

import atexit
import functools
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings

from sentry.utils import request_id

if TYPE_CHECKING:
    from sentry.utils.reporting_client import ReportClient

_logger = logging.getLogger(__name__)
_silent: ContextVar[bool] = ContextVar("reporting_silent", default=False)


def report_exception(
    event: str,
    *,
    error: BaseException | None = None,
    logger: logging.Logger = _logger,
    **extra: object,
) -> str:
    """Logs an error with its traceback and sends it to the DSN.

    Args:
        event: the dotted name of what happened ("rpc.unhandled_error").
        error: the error; the one that is being handled where not given.
        logger: whose log line it is.
        extra: facts for the log line and the report; never a secret.

    Returns:
        The event's id, 32 hex digits: what may be told to the caller.
    """
    event_id = uuid4().hex
    cause = error or sys.exception()
    logger.error(event, exc_info=cause, extra={**extra, "event_id": event_id})
    if settings.SENTRY_SDK_DSN and not _silent.get():
        _send(event, cause, event_id, extra)
    return event_id


def _send(
    event: str, cause: BaseException | None, event_id: str, extra: Mapping[str, object]
) -> None:
    with silenced():
        try:
            _client(settings.SENTRY_SDK_DSN).send(
                event, cause, event_id=event_id, request_id=request_id.current(), extra=extra
            )
        except Exception:
            _logger.exception("reporting.failed", extra={"lost_event_id": event_id})


@contextmanager
def silenced() -> Iterator[None]:
    """Inside the block errors are logged and not sent.

    For what handles the platform's own envelopes: an error there, sent, would come back.
    """
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def is_own_key(public_key: str) -> bool:
    """Whether an envelope with this public key is one that the platform itself has sent."""
    return bool(public_key) and urlsplit(settings.SENTRY_SDK_DSN).username == public_key


@functools.cache
def _client(dsn: str) -> "ReportClient":
    """The process's client, made when there is a first error. Forks get a thread of their own."""
    from sentry.utils.reporting_client import ReportClient  # noqa: PLC0415 - large, seldom needed

    client = ReportClient(dsn)
    atexit.register(client.close)
    return client


def flush(seconds: float) -> None:
    """Waits until what was reported has been sent, at most so long."""
    if settings.SENTRY_SDK_DSN:
        _client(settings.SENTRY_SDK_DSN).flush(seconds)
