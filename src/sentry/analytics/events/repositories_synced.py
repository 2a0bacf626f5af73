"""``repositories.synced``."""

from dataclasses import dataclass

from sentry.analytics.event import Event, eventclass


@eventclass("repositories.synced")
@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoriesSyncedEvent(Event):
    """All repositories of an integration were read into the table."""

    integration_id: int
    created: int
    updated: int
    unchanged: int
    skipped: int
