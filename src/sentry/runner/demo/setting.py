"""What was set up for the demonstration."""

from dataclasses import dataclass, field

from sentry.runner.demo.hosts import DemoHost


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What was set up: ids of rows, and the host with its address and its token."""

    organization_id: int
    project_id: int
    group_id: int
    integration_id: int
    host: DemoHost
    host_url: str
    host_token: str = field(repr=False)
