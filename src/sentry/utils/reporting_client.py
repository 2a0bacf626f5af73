"""The client that sends reports: Sentry's SDK, without anything that it does by itself.

Nothing is patched, no request, header, cookie or local variable is read, the queue is bounded, and
what goes out is scrubbed. A delivery that fails is logged, at most once a minute.
"""

import logging
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, Final, cast

import sentry_sdk
from django.conf import settings
from sentry_sdk.transport import HttpTransport
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import event_from_exception

from sentry import __version__
from sentry.utils.scrubbing import scrub

logger = logging.getLogger(__name__)

QUEUE_SIZE: Final = 100
_SHUTDOWN_SECONDS: Final = 2.0
_QUIET_SECONDS: Final = 60.0
_DEPTH: Final = 16


class _Transport(HttpTransport):
    """Sends in a thread of its own, and gives up on a server that does not answer."""

    TIMEOUT = 5
    _last_said = -_QUIET_SECONDS
    _said = threading.Lock()

    def on_dropped_event(self, reason: str) -> None:
        """Says that an event was lost, unless that was said a short while ago."""
        with self._said:
            now = time.monotonic()
            if now - _Transport._last_said < _QUIET_SECONDS:
                return
            _Transport._last_said = now
        logger.warning("reporting.delivery_failed", extra={"reason": reason})


def _scrubbed(event: Event, _hint: Hint) -> Event:
    return cast("Event", scrub(event, depth=_DEPTH))


class ReportClient:
    """Sends events to one DSN. Safe for use by many threads."""

    def __init__(self, dsn: str) -> None:
        """Makes the client; connects when there is a first event.

        Raises:
            ValueError: the DSN is malformed.
        """
        self._client = sentry_sdk.Client(
            dsn=dsn,
            release=f"sentry@{__version__}",
            environment=settings.SENTRY_SDK_ENVIRONMENT,
            transport=_Transport,
            transport_queue_size=QUEUE_SIZE,
            before_send=_scrubbed,
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            send_client_reports=False,
            auto_session_tracking=False,
            debug=False,
            spotlight=False,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )

    def send(
        self,
        event: str,
        error: BaseException | None,
        *,
        event_id: str,
        request_id: str,
        extra: Mapping[str, object],
    ) -> None:
        """Puts an event into the queue; one that finds it full is lost.

        Args:
            event: the dotted name of what happened.
            error: the error; None where there is only a message.
            event_id: the event's id.
            request_id: the id of the request at hand; empty outside of one.
            extra: further facts.
        """
        body: dict[str, Any] = {}
        hint: dict[str, Any] = {}
        if error is not None:
            about, hint = event_from_exception(error, client_options=self._client.options)
            body = dict(about)
        body |= {
            "event_id": event_id,
            "level": "error",
            "logger": event,
            "logentry": {"message": event},
            "tags": {"silo_mode": settings.SILO_MODE, "request_id": request_id or None},
            "extra": {**extra, "argv": sys.argv[:1]},
        }
        self._client.capture_event(cast("Event", body), hint)

    def flush(self, seconds: float) -> None:
        """Waits until the queue is empty, at most so long."""
        self._client.flush(timeout=seconds)

    def close(self) -> None:
        """Sends what is left, for a short while, and ends."""
        self._client.close(timeout=_SHUTDOWN_SECONDS)
