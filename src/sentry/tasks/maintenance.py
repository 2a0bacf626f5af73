"""Keeping the tables small."""

from sentry.actions.expired import delete_expired
from sentry.tasks.base import instrumented_task


@instrumented_task(
    name="sentry.tasks.sweep_expired",
    queue="maintenance",
    max_retries=1,
    default_retry_delay=60,
)
def sweep_expired() -> None:
    """Deletes rows that have expired. Doing it twice does no harm."""
    delete_expired()
