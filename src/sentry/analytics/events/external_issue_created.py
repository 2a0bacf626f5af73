"""``external_issue.created``."""

from dataclasses import dataclass

from sentry.analytics.event import Event, eventclass


@eventclass("external_issue.created")
@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalIssueCreatedEvent(Event):
    """A ticket was opened on a host."""

    external_issue_id: int
    integration_id: int
