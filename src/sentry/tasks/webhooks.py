"""Handling what hosts delivered."""

from sentry.integrations.source_code_management.actions.webhook_deliveries import start_left
from sentry.integrations.source_code_management.actions.webhooks import handle_delivery
from sentry.silo import SiloMode
from sentry.tasks.base import Retry, instrumented_task


@instrumented_task(
    name="sentry.tasks.handle_webhook",
    queue="webhooks",
    max_retries=30,
    default_retry_delay=30,
    silo_mode=SiloMode.CONTROL,
)
def handle_webhook(payload_id: int) -> None:
    """Handles a delivery of the inbox, whose row counts the attempts. Twice does no harm."""
    wait = handle_delivery(payload_id)
    if wait is not None:
        raise Retry(countdown=wait.pause)


@instrumented_task(
    name="sentry.tasks.sweep_webhooks",
    queue="maintenance",
    max_retries=1,
    default_retry_delay=60,
    silo_mode=SiloMode.CONTROL,
)
def sweep_webhooks() -> None:
    """Starts the handling of deliveries that wait and have no task. Twice does no harm."""
    start_left()
