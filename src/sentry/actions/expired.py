"""Rows that have served their time."""

from django.db.models import Model, QuerySet
from django.utils import timezone

from sentry.models.idempotency import IdempotencyRecord
from sentry.models.ratelimitcounter import RateLimitCounter
from sentry.models.signaturenonce import SignatureNonce
from sentry.silo import SiloMode, silo_modes_of

_ROWS_AT_ONCE = 200
_BATCHES = 250


def delete_expired() -> int:
    """Deletes expired nonces, rate limits' counters and idempotency records; how many.

    Works in batches of 200 rows and leaves what is beyond 50,000 of a kind to the next time.
    """
    now = timezone.now()
    deleted = 0
    if _is_here(SignatureNonce):
        deleted += _delete(SignatureNonce.objects.filter(expires_at__lt=now))
    if _is_here(RateLimitCounter):
        deleted += _delete(RateLimitCounter.objects.filter(expires_at__lt=now))
    if _is_here(IdempotencyRecord):
        deleted += _delete(IdempotencyRecord.objects.filter(expires_at__lt=now))
    return deleted


def _is_here(model: type[Model]) -> bool:
    mode = SiloMode.get_current_mode()
    return mode is SiloMode.MONOLITH or mode in silo_modes_of(model)


def _delete[M: Model](expired: QuerySet[M]) -> int:
    total = 0
    for _ in range(_BATCHES):
        ids = list(expired.order_by("expires_at").values_list("pk", flat=True)[:_ROWS_AT_ONCE])
        if not ids:
            break
        deleted, _models = expired.filter(pk__in=ids).delete()
        total += deleted
    return total
