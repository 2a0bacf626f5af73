"""The deliveries in the inbox: taken up, finished, given up, listed, tried again.

Control's part of the work, as ``webhook_inbox``.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from sentry import options
from sentry.auth.caller import Caller
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.actions.webhook_inbox import start
from sentry.integrations.source_code_management.errors import NotFound
from sentry.integrations.source_code_management.kept_deliveries import unkeep
from sentry.integrations.source_code_management.validation import clean_id
from sentry.integrations.source_code_management.webhooks import WebhookRequest
from sentry.models.integrations.organization_integration import OrganizationIntegration
from sentry.models.webhookpayload import WebhookPayload, WebhookStatus

# With the pauses of the task between them, about half a day.
MOST_ATTEMPTS = 20
MOST_LISTED = 1000
_SWEPT_AT_ONCE = 500
_GRACE = timedelta(minutes=2)  # a task that was just started is not started again
_REASON_LENGTH = 255
LOST = "WorkerLost"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A delivery at work: what arrived, and for whom. ``received_at`` is when."""

    id: int
    integration_id: int
    provider: str
    request: WebhookRequest
    received_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptDelivery:
    """A delivery as its operator sees it.

    ``reason`` names the class of its last error, or says why it cannot be read.
    """

    id: int
    integration_id: int
    event: str
    delivery_id: str
    state: str
    attempts: int
    reason: str
    received_at: datetime


def take_up(payload_id: int) -> Delivery | None:
    """A delivery that waits; counts the attempt first, so that one that kills its process counts.

    None where it is done or given up, or is given up now: after 20 attempts, or because what is
    stored of it cannot be read.
    """
    waiting = WebhookPayload.objects.filter(pk=payload_id, status=WebhookStatus.PENDING)
    if not waiting.update(attempts=F("attempts") + 1):
        return None
    row = waiting.select_related("integration").first()
    if row is None:
        return None
    if row.attempts > MOST_ATTEMPTS:
        give_up(payload_id, row.reason or LOST)
        return None
    try:
        request = unkeep(row.payload or {})
    except ValueError:
        give_up(payload_id, "what is stored of it is damaged")
        return None
    return Delivery(
        id=row.pk,
        integration_id=row.integration_id,
        provider=row.integration.provider,
        request=request,
        received_at=row.received_at,
    )


def organizations_of(integration_id: int) -> list[int]:
    """The organizations that an integration is tied to, by their ids."""
    ties = OrganizationIntegration.objects.filter(integration_id=integration_id)
    return list(ties.order_by("organization_id").values_list("organization_id", flat=True))


def finish(delivery: Delivery) -> None:
    """Marks a delivery as done. Its body goes; its id and digest stay, to tell a repeat."""
    window = timedelta(seconds=options.get_int("webhooks.deduplication-window"))
    WebhookPayload.objects.filter(pk=delivery.id, status=WebhookStatus.PENDING).update(
        status=WebhookStatus.DONE,
        payload=None,
        reason="",
        expires_at=delivery.received_at + window,
    )


def note_failure(payload_id: int, error: BaseException) -> None:
    """Keeps what went wrong; the delivery waits for its next attempt."""
    WebhookPayload.objects.filter(pk=payload_id, status=WebhookStatus.PENDING).update(
        reason=reason_of(error)[:_REASON_LENGTH]
    )


def reason_of(error: BaseException) -> str:
    """The name of an error's class: its text may hold what a host said."""
    return type(error).__name__


def give_up(payload_id: int, reason: str) -> None:
    """Makes a delivery a dead one, which is kept for a while and may be tried again."""
    kept = timedelta(days=options.get_int("webhooks.dead-days"))
    WebhookPayload.objects.filter(pk=payload_id, status=WebhookStatus.PENDING).update(
        status=WebhookStatus.DEAD, reason=reason[:_REASON_LENGTH], expires_at=timezone.now() + kept
    )
    logger.error("webhooks.delivery.dead", extra={"payload_id": payload_id, "reason": reason})


def start_left() -> int:
    """Starts the handling of deliveries that wait and have no task; how many were looked at.

    Does nothing to one whose task is there.
    """
    left = WebhookPayload.objects.filter(
        status=WebhookStatus.PENDING, received_at__lt=timezone.now() - _GRACE
    ).order_by("received_at", "id")
    rows = list(left.only("pk")[:_SWEPT_AT_ONCE])
    for row in rows:
        start(row)
    return len(rows)


def list_deliveries(
    caller: Caller, *, integration_id: int, state: str = "dead", limit: int = 100
) -> list[KeptDelivery]:
    """The deliveries to an integration of the caller's organization in one state, newest first.

    Args:
        caller: who asks.
        integration_id: an integration of the caller's organization.
        state: "pending", "done" or "dead".
        limit: how many at most; 1,000 in any case.

    Raises:
        NotFound: the organization has no such integration.
        KeyError: there is no such state.
    """
    _check_integration(caller, integration_id)
    rows = WebhookPayload.objects.filter(
        integration_id=integration_id, status=WebhookStatus[state.upper()]
    ).defer("payload")
    return [_kept(row) for row in rows.order_by("-id")[: min(limit, MOST_LISTED)]]


def retry_deliveries(caller: Caller, *, integration_id: int, delivery: int | None = None) -> int:
    """Takes up dead deliveries again, one or all of an integration; how many.

    Raises:
        NotFound: the organization has no such integration, or no dead delivery has this id.
    """
    _check_integration(caller, integration_id)
    dead = WebhookPayload.objects.filter(integration_id=integration_id, status=WebhookStatus.DEAD)
    if delivery is not None:
        dead = dead.filter(pk=clean_id("delivery", delivery))
    with transaction.atomic():
        rows = list(dead.only("pk")[:MOST_LISTED])
        WebhookPayload.objects.filter(pk__in=[row.pk for row in rows]).update(
            status=WebhookStatus.PENDING, attempts=0, reason="", expires_at=None
        )
        for row in rows:
            start(row)
    if delivery is not None and not rows:
        raise NotFound("dead delivery")
    return len(rows)


def _check_integration(caller: Caller, integration_id: int) -> None:
    installed = integration_service.get_installed(
        organization_id=caller.organization_id,
        integration_id=clean_id("integration_id", integration_id),
    )
    if installed is None:
        raise NotFound("integration")


def _kept(row: WebhookPayload) -> KeptDelivery:
    return KeptDelivery(
        id=row.pk,
        integration_id=row.integration_id,
        event=row.event,
        delivery_id=row.delivery_id,
        state=WebhookStatus(row.status).label,
        attempts=row.attempts,
        reason=row.reason,
        received_at=row.received_at,
    )
