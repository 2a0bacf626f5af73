"""Where events go: to the log, to a table, or nowhere (option ``analytics.backend``)."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from django.db import transaction
from django.utils import timezone

from sentry import options
from sentry.analytics.event import Event

logger = logging.getLogger("sentry.analytics")


class Backend(Protocol):
    """Takes events. May raise: whoever records an event does not see it."""

    def deliver(self, event: Event) -> None:
        """Takes one event."""
        ...


class NoBackend:
    """Drops every event."""

    def deliver(self, event: Event) -> None:
        """Does nothing."""


class LogBackend:
    """Logs every event by its type, with its fields."""

    def deliver(self, event: Event) -> None:
        """Writes one line of level INFO."""
        logger.info(event.type, extra=event.data())


class DatabaseBackend:
    """Keeps every event as a row of ``sentry_analyticsevent`` for ``analytics.retention-days``."""

    def deliver(self, event: Event) -> None:
        """Writes one row, in a transaction of its own.

        Raises:
            DatabaseError: it cannot be written.
        """
        # The models are loaded when there is a first event: events are named long before.
        from sentry.models.analyticsevent import AnalyticsEvent  # noqa: PLC0415

        now = timezone.now()
        with transaction.atomic():
            AnalyticsEvent.objects.create(
                type=event.type,
                organization_id=event.organization_id,
                data=event.data(),
                date_added=now,
                expires_at=now + timedelta(days=options.get_int("analytics.retention-days")),
            )


BACKENDS: Mapping[str, Backend] = {
    "none": NoBackend(),
    "log": LogBackend(),
    "database": DatabaseBackend(),
}


def backend(name: str) -> Backend:
    """The back end of this name.

    Raises:
        ValueError: there is none.
    """
    found = BACKENDS.get(name)
    if found is None:
        raise ValueError(f"analytics.backend: expected one of {', '.join(BACKENDS)}, got {name!r}")
    return found
