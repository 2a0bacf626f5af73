"""The inbox of webhooks: what hosts deliver is verified, told from repeats, and stored.

Control's part of the work: reads integrations and writes deliveries, and no repository.
"""

import logging
import secrets as random_secrets
import time
from datetime import datetime
from enum import StrEnum

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.kept_deliveries import (
    digest_of,
    keep,
    kept_headers,
)
from sentry.integrations.source_code_management.webhooks import (
    AppWebhookReceiver,
    WebhookReceiver,
    WebhookRequest,
)
from sentry.models.integrations.integration import Integration, ObjectStatus
from sentry.models.webhookpayload import WebhookPayload, WebhookStatus
from sentry.silo import SiloMode
from sentry.taskqueue import task_named
from sentry.utils import metrics

TASK = "sentry.tasks.handle_webhook"
_LONGEST_DELIVERY_ID = 255
_LONGEST_EVENT = 64
_LARGEST_ID = (1 << 63) - 1
# What is compared where there is no secret, so that an answer tells nothing by its time.
_NOBODYS_SECRET = random_secrets.token_urlsafe(32)

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a delivery. ``REFUSED`` has many causes, which its sender is not told."""

    STORED = "stored"
    KNOWN = "known"
    REFUSED = "refused"


def accept(*, provider: str, integration_id: int | None, request: WebhookRequest) -> Outcome:
    """Stores a delivery whose signature is good, and starts its handling. No host is asked.

    The signature is verified on the body as it came, before anything in it is read; where the
    address names no integration, the body is read for the one that it names, and for nothing else.

    Args:
        provider: the provider's key, as the address has it.
        integration_id: the integration in the address; None for the address of an App.
        request: what arrived.

    Returns:
        STORED: it is in the table, and nothing that happens now loses it. KNOWN: it was there.
        REFUSED: no such integration of this provider, or it is switched off, or has no secret, or
        none of its secrets made the signature.
    """
    found = integrations.find(provider)
    receiver = None if found is None else found.webhook_receiver
    if receiver is None:
        return _refuse("unknown", None, "no_receiver")
    if integration_id is None:
        integration = _integration_of_app(provider, receiver, request)
    else:
        integration = _integration(provider, pk=integration_id)
    secrets = [] if integration is None else integration.plain_webhook_secrets()
    tried = secrets or [_NOBODYS_SECRET]
    is_authentic = receiver.is_authentic(request, tried, now=time.time())
    if integration is None:
        return _refuse(provider, integration_id, "no_integration")
    if not secrets or not is_authentic:
        return _refuse(provider, integration.pk, "bad_signature" if secrets else "no_secret")
    row = WebhookPayload(
        integration=integration,
        delivery_id=receiver.delivery_id(request)[:_LONGEST_DELIVERY_ID],
        digest=digest_of(request),
        event=receiver.event_name(request)[:_LONGEST_EVENT],
        payload=keep(kept_headers(request.headers, secrets), request.body),
        received_at=timezone.now(),
    )
    outcome = Outcome.STORED if _store(row) else Outcome.KNOWN
    metrics.webhook_answered(provider, outcome)
    return outcome


def _refuse(provider: str, integration_id: int | None, cause: str) -> Outcome:
    """Tells the operator why, and the sender nothing."""
    facts = {"provider": provider, "integration_id": integration_id, "cause": cause}
    logger.warning("webhooks.delivery.refused", extra=facts)
    metrics.webhook_answered(provider, Outcome.REFUSED)
    return Outcome.REFUSED


def _integration(provider: str, **which: object) -> Integration | None:
    """The integration, if it may be used."""
    rows = Integration.objects.filter(provider=provider, status=ObjectStatus.ACTIVE)
    number = which.get("pk", 1)
    if isinstance(number, int) and not 0 < number <= _LARGEST_ID:
        return None
    return rows.filter(**which).first()


def _integration_of_app(
    provider: str, receiver: WebhookReceiver, request: WebhookRequest
) -> Integration | None:
    if not isinstance(receiver, AppWebhookReceiver):
        return None
    external_id = receiver.installation_of(request)
    return _integration(provider, external_id=external_id) if external_id else None


def _store(row: WebhookPayload) -> bool:
    """Writes the row with its task; False where a delivery like it is there and not given up."""
    try:
        with transaction.atomic():
            for known in _like(row):
                if not _gives_way(known, row.received_at):
                    return False
                known.delete()
            row.save(force_insert=True)
            start(row)
    except IntegrityError:  # its twin came in this very moment
        return False
    return True


def _like(row: WebhookPayload) -> list[WebhookPayload]:
    """The stored deliveries with the same id or the same content: two at most."""
    mine: QuerySet[WebhookPayload] = WebhookPayload.objects.filter(integration=row.integration)
    found = list(mine.filter(digest=row.digest).defer("payload"))
    if row.delivery_id:
        found += mine.filter(delivery_id=row.delivery_id).exclude(delivery_id="").defer("payload")
    return list({known.pk: known for known in found}.values())


def _gives_way(known: WebhookPayload, now: datetime) -> bool:
    """Whether a new delivery takes the place of a known one: it was given up, or its time is up."""
    is_over = known.expires_at is not None and known.expires_at <= now
    return known.status == WebhookStatus.DEAD or is_over


def start(row: WebhookPayload) -> None:
    """Starts the handling of a stored delivery; a task that is there stays the only one.

    A process of the control silo alone holds no repositories: there, deliveries wait until the
    silos talk to each other.
    """
    if SiloMode.get_current_mode() is not SiloMode.CONTROL:
        task_named(TASK).apply_async((row.pk,), key=f"webhook:{row.pk}")
