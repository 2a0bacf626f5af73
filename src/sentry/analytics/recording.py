"""Hands events to the back end, once what they tell of is stored."""

import logging
from functools import partial
from typing import overload

from django.db import transaction

from sentry import options
from sentry.analytics import events as _events  # noqa: F401 - loading them registers them
from sentry.analytics.backends import backend
from sentry.analytics.event import Event, FieldValue, event_of

logger = logging.getLogger(__name__)


@overload
def record(event: Event, /) -> None: ...
@overload
def record(event: str, /, **fields: FieldValue) -> None: ...
def record(event: Event | str, /, **fields: FieldValue) -> None:
    """Records an event after the transaction at hand, at once where there is none.

    Nothing is recorded where the transaction rolls back. A back end that fails is logged.

    Args:
        event: the event, or its type with its fields as keywords.
        fields: the fields, where the event is given by its type.

    Raises:
        UnknownEventError, TypeError: there is no such event, or it has other fields.
    """
    made = event_of(event, fields) if isinstance(event, str) else event
    if options.get("analytics.backend") != "none":
        transaction.on_commit(partial(_deliver, made))


def _deliver(event: Event) -> None:
    try:
        backend(str(options.get("analytics.backend"))).deliver(event)
    except Exception:
        logger.exception("analytics.delivery_failed", extra={"event_type": event.type})
