"""``external_issue.linked``."""

from dataclasses import dataclass

from sentry.analytics.event import Event, eventclass


@eventclass("external_issue.linked")
@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalIssueLinkedEvent(Event):
    """A ticket was tied to an issue group, for the first time."""

    external_issue_id: int
    group_id: int
