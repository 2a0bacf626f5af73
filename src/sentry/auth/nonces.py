"""Nonces of signed requests: each may be used once.

They live in Redis when ``REDIS_URL`` is set, else in the database; never in a cache that forgets.
"""

import logging
import secrets
from datetime import UTC, datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from sentry.integrations.source_code_management.errors import (
    Reason,
    ServiceUnavailable,
    Unauthenticated,
)
from sentry.models.signaturenonce import SignatureNonce
from sentry.utils.redis import redis_client, store_errors

logger = logging.getLogger(__name__)

# About one reservation in so many also removes what has expired.
_SWEEP_ODDS = 500


def reserve_nonce(key_id: str, nonce: str, *, expires_at: int) -> None:
    """Uses a nonce up until ``expires_at`` (unix seconds).

    Raises:
        Unauthenticated: it was used before.
        ServiceUnavailable: the store does not answer, so a replay could not be seen.
    """
    try:
        fresh = (
            _reserve_in_redis(key_id, nonce, expires_at)
            if settings.REDIS_URL
            else _reserve_in_database(key_id, nonce, expires_at)
        )
    except store_errors():
        logger.exception("auth.nonce.store_failed", extra={"key_id": key_id})
        raise ServiceUnavailable("the nonce store") from None
    if not fresh:
        raise Unauthenticated("the request was received before", reason=Reason.SIGNATURE_REPLAYED)


def _reserve_in_redis(key_id: str, nonce: str, expires_at: int) -> bool:
    name = f"{settings.REDIS_PREFIX}nonce:{key_id}:{nonce}"
    return bool(redis_client().set(name, b"1", nx=True, exat=expires_at))


def _reserve_in_database(key_id: str, nonce: str, expires_at: int) -> bool:
    if secrets.randbelow(_SWEEP_ODDS) == 0:
        SignatureNonce.objects.filter(expires_at__lt=timezone.now()).delete()
    try:
        with transaction.atomic():
            SignatureNonce.objects.create(
                key_id=key_id,
                nonce=nonce,
                expires_at=datetime.fromtimestamp(expires_at, tz=UTC),
            )
    except IntegrityError:
        return False
    return True
