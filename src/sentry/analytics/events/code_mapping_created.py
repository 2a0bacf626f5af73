"""``code_mapping.created``."""

from dataclasses import dataclass

from sentry.analytics.event import Event, eventclass


@eventclass("code_mapping.created")
@dataclass(frozen=True, kw_only=True, slots=True)
class CodeMappingCreatedEvent(Event):
    """A stack root of a project was mapped to a source root of a repository."""

    code_mapping_id: int
    project_id: int
    repository_id: int
