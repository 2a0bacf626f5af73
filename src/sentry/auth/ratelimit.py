"""Rate limits per credential, shared by all processes.

A process leases a block of requests from the shared counter (Redis when ``REDIS_URL`` is set,
else the database) and counts those down by itself, so that a request seldom touches the store.
"""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F
from redis.exceptions import RedisError

from sentry import options
from sentry.integrations.source_code_management.errors import RateLimited
from sentry.models.ratelimitcounter import RateLimitCounter
from sentry.utils.redis import redis_client

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
_LEASES_PER_LIMIT = 20
_MAX_CREDENTIALS = 10_000


@dataclass(frozen=True, slots=True)
class RateLimitState:
    """What the caller is told: requests a minute, those left, and when the minute ends (unix)."""

    limit: int
    remaining: int
    reset_at: int


@dataclass(slots=True)
class _Lease:
    window: int
    left: int
    unleased: int


class RateLimiter:
    """Counts requests per credential. Safe to share between threads."""

    def __init__(self) -> None:
        """Starts without leases."""
        self._leases: dict[str, _Lease] = {}
        self._lock = Lock()

    def hit(self, credential: str) -> RateLimitState | None:
        """Counts one request; None where there is no limit.

        Raises:
            RateLimited: the limit of this minute is used up.
        """
        limit = options.get_int("ratelimit.requests-per-minute")
        if limit <= 0:
            return None
        now = time.time()
        window = int(now) // WINDOW_SECONDS
        reset_at = (window + 1) * WINDOW_SECONDS
        with self._lock:
            lease = self._leases.get(credential)
            if lease is None or lease.window != window or (lease.left == 0 and lease.unleased):
                lease = self._renew(credential, window, limit)
            if lease.left == 0:
                raise RateLimited(
                    limit=limit, reset_at=reset_at, retry_after=max(1.0, reset_at - now)
                )
            lease.left -= 1
            return RateLimitState(limit, lease.left + lease.unleased, reset_at)

    def forget(self) -> None:
        """Drops every lease; what was leased stays counted."""
        with self._lock:
            self._leases.clear()

    def _renew(self, credential: str, window: int, limit: int) -> _Lease:
        size = max(1, min(options.get_int("ratelimit.lease-size"), limit // _LEASES_PER_LIMIT))
        if len(self._leases) >= _MAX_CREDENTIALS:
            self._leases.clear()
        before = _take(credential, window, size)
        granted = max(0, min(size, limit - before))
        # with nothing left to lease, this window is over for the credential in every process
        lease = _Lease(window, granted, max(0, limit - before - granted))
        self._leases[credential] = lease
        return lease


def _take(credential: str, window: int, size: int) -> int:
    """Adds ``size`` to the shared counter; how many were taken before.

    A dead store limits nobody.
    """
    try:
        if settings.REDIS_URL:
            return _take_from_redis(credential, window, size)
        return _take_from_database(credential, window, size)
    except (RedisError, DatabaseError):
        logger.exception("auth.ratelimit.store_failed", extra={"credential": credential})
        return 0


def _take_from_redis(credential: str, window: int, size: int) -> int:
    name = f"{settings.REDIS_PREFIX}ratelimit:{credential}:{window}"
    pipeline = redis_client().pipeline()
    pipeline.incrby(name, size)
    pipeline.expire(name, 2 * WINDOW_SECONDS)
    taken, _ = pipeline.execute()
    return int(taken) - size


def _take_from_database(credential: str, window: int, size: int) -> int:
    ends = datetime.fromtimestamp((window + 2) * WINDOW_SECONDS, tz=UTC)
    with transaction.atomic():
        counter, created = RateLimitCounter.objects.get_or_create(
            key=credential, window=window, defaults={"used": size, "expires_at": ends}
        )
        if created:
            RateLimitCounter.objects.filter(key=credential, window__lt=window).delete()
            return 0
        RateLimitCounter.objects.filter(pk=counter.pk).update(used=F("used") + size)
        counter.refresh_from_db(fields=["used"])
        return counter.used - size


limiter = RateLimiter()
