"""Rows that have served their time."""

from django.contrib.sessions.models import Session
from django.db.models import Model, QuerySet
from django.utils import timezone

from sentry.models.analyticsevent import AnalyticsEvent
from sentry.models.idempotency import IdempotencyRecord
from sentry.models.ratelimitcounter import RateLimitCounter
from sentry.models.sharedresult import SharedResult
from sentry.models.signaturenonce import SignatureNonce
from sentry.models.syncjob import SyncJob
from sentry.models.webhookpayload import WebhookPayload
from sentry.silo import SiloMode, silo_modes_of

_ROWS_AT_ONCE = 200
_BATCHES = 250
_EXPIRING: tuple[type[Model], ...] = (
    SignatureNonce,
    RateLimitCounter,
    IdempotencyRecord,
    AnalyticsEvent,
    SyncJob,
    SharedResult,
    WebhookPayload,
)


def delete_expired() -> int:
    """Deletes what has expired of all that the platform keeps for a while; how many rows.

    Nonces, counters, idempotency records, analytics, jobs, shared results, deliveries, sessions.

    Works in batches of 200 rows and leaves what is beyond 50,000 of a kind to the next time.
    """
    now = timezone.now()
    deleted = 0
    for model in _EXPIRING:
        if _is_here(model):
            deleted += _delete(model._default_manager.filter(expires_at__lt=now), by="expires_at")
    return deleted + _delete(Session.objects.filter(expire_date__lt=now), by="expire_date")


def _is_here(model: type[Model]) -> bool:
    mode = SiloMode.get_current_mode()
    return mode is SiloMode.MONOLITH or mode in silo_modes_of(model)


def _delete[M: Model](expired: QuerySet[M], *, by: str) -> int:
    total = 0
    for _ in range(_BATCHES):
        ids = list(expired.order_by(by).values_list("pk", flat=True)[:_ROWS_AT_ONCE])
        if not ids:
            break
        deleted, _models = expired.filter(pk__in=ids).delete()
        total += deleted
    return total
