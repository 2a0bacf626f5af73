"""Typed events that say what people and programs do with the platform.

``analytics.record(CodeMappingCreatedEvent(...))`` never fails its caller and never waits for more
than the back end that the option ``analytics.backend`` names. Events are in ``analytics/events``.
"""

from sentry.analytics.event import Event, UnknownEventError, all_events, eventclass
from sentry.analytics.recording import record

__all__ = ["Event", "UnknownEventError", "all_events", "eventclass", "record"]
