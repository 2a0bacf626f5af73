"""``integration.installed``."""

from dataclasses import dataclass

from sentry.analytics.event import Event, eventclass


@eventclass("integration.installed")
@dataclass(frozen=True, kw_only=True, slots=True)
class IntegrationInstalledEvent(Event):
    """An integration was added to an organization, or given new metadata."""

    integration_id: int
    provider: str
