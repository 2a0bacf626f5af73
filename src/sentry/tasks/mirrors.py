"""Work on mirrors."""

from sentry.actions.operator import operator_in
from sentry.integrations.source_code_management.actions.mirrors import prepare_mirror as make_mirror
from sentry.integrations.source_code_management.errors import (
    NotFound,
    PreconditionFailed,
    Unsupported,
)
from sentry.silo import SiloMode
from sentry.tasks.base import instrumented_task


@instrumented_task(
    name="sentry.tasks.prepare_mirror",
    queue="mirrors",
    max_retries=2,
    default_retry_delay=60,
    silo_mode=SiloMode.REGION,
    time_limit=3600,
    permanent=(NotFound, PreconditionFailed, Unsupported),
)
def prepare_mirror(organization_id: int, repository_id: int) -> None:
    """Makes a mirror that a call had no time for. Running it again does no harm."""
    make_mirror(operator_in(organization_id), repository_id=repository_id)
