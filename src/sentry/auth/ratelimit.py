"""Rate limits per credential, shared by all processes.

A process leases a block of requests from the shared counter (Redis when ``REDIS_URL`` is set,
else the database) and counts those down by itself, so that a request seldom touches the store.
"""

import logging
import math
import time
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from sentry import options
from sentry.integrations.source_code_management.errors import RateLimited, ServiceUnavailable
from sentry.models.ratelimitcounter import RateLimitCounter
from sentry.utils.redis import redis_client, store_errors

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
_LEASES_PER_LIMIT = 20
_MAX_CREDENTIALS = 10_000


class RateLimitState(NamedTuple):  # one is made for each request: cheaper than a dataclass
    """What the caller is told: requests a minute, those left, and when the minute ends (unix)."""

    limit: int
    remaining: int
    reset_at: int


class RateLimit(NamedTuple):
    """So many requests in a window of so many seconds."""

    limit: int
    window: int = WINDOW_SECONDS


@dataclass(slots=True)
class _Lease:
    """What this process may still let through of one credential's requests in one window."""

    window: int = -1
    left: int = 0
    unleased: int = 0
    lock: Lock = field(default_factory=Lock)

    def is_over(self, window: int) -> bool:
        return self.window != window or (self.left == 0 and self.unleased > 0)

    def renew(self, key: str, window: int, rate: RateLimit) -> None:
        limit = rate.limit
        size = max(1, min(options.get_int("ratelimit.lease-size"), limit // _LEASES_PER_LIMIT))
        before = _take(key, window, size, rate.window)
        self.window = window
        self.left = max(0, min(size, limit - before))
        # with nothing left to lease, this window is over for the credential in every process
        self.unleased = max(0, limit - before - self.left)


class RateLimiter:
    """Counts requests per credential. Safe to share between threads."""

    def __init__(self) -> None:
        """Starts without leases."""
        self._leases: dict[str, _Lease] = {}

    def hit(self, credential: str) -> RateLimitState | None:
        """Counts one request; None where there is no limit.

        Only calls of the same credential wait for each other while a block is leased.

        Raises:
            RateLimited: the limit of this minute is used up.
        """
        limit = options.get_int("ratelimit.requests-per-minute")
        return None if limit <= 0 else self.count(credential, RateLimit(limit))

    def count(
        self, key: str, rate: RateLimit, *, what: str = "the credential's rate limit"
    ) -> RateLimitState:
        """Counts one of the requests that share ``key`` (at most 200 characters).

        ``what`` is what a caller is told to be used up.

        Raises:
            RateLimited: the limit of this window is used up.
        """
        now = time.time()
        window = int(now) // rate.window
        reset_at = (window + 1) * rate.window
        lease = self._leases.get(key) or self._new_lease(key)
        with lease.lock:
            if lease.is_over(window):
                lease.renew(key, window, rate)
            if lease.left == 0:
                raise RateLimited(
                    limit=rate.limit,
                    reset_at=reset_at,
                    retry_after=max(1.0, reset_at - now),
                    what=what,
                )
            lease.left -= 1
            return RateLimitState(rate.limit, lease.left + lease.unleased, reset_at)

    def forget(self) -> None:
        """Drops every lease; what was leased stays counted."""
        self._leases = {}

    def _new_lease(self, key: str) -> _Lease:
        if len(self._leases) >= _MAX_CREDENTIALS:
            self._leases = {}
        return self._leases.setdefault(key, _Lease())


def _take(key: str, window: int, size: int, seconds: int) -> int:
    """Adds ``size`` to the shared counter; how many were taken before.

    A dead store limits nobody.
    """
    try:
        return take(key, window, size, seconds=seconds)
    except ServiceUnavailable:
        return 0


def take(
    key: str, window: int, size: int, *, seconds: int = WINDOW_SECONDS, keep: float | None = None
) -> int:
    """Adds ``size`` to the counter of a window that all processes share.

    Args:
        key: who is counted; at most 200 characters.
        window: the window's number; of the same key, a later one has a larger number.
        size: how many are taken.
        seconds: the length of a window.
        keep: for how long from now the count is kept, in seconds; None for two windows.

    Returns:
        How many were taken in this window before.

    Raises:
        ServiceUnavailable: the store does not answer.
    """
    try:
        kept = math.ceil(2 * seconds if keep is None else keep)
        if settings.REDIS_URL:
            return _take_from_redis(key, window, size, kept)
        return _take_from_database(key, window, size, kept)
    except store_errors():
        logger.exception("auth.ratelimit.store_failed", extra={"key": key})
        raise ServiceUnavailable("the store of rate limits") from None


def _take_from_redis(key: str, window: int, size: int, kept: int) -> int:
    name = f"{settings.REDIS_PREFIX}ratelimit:{key}:{window}"
    pipeline = redis_client().pipeline()
    pipeline.incrby(name, size)
    pipeline.expire(name, kept)
    taken, _ = pipeline.execute()
    return int(taken) - size


def _take_from_database(key: str, window: int, size: int, kept: int = 2 * WINDOW_SECONDS) -> int:
    ends = timezone.now() + timedelta(seconds=kept)
    with transaction.atomic():
        counter, created = RateLimitCounter.objects.get_or_create(
            key=key, window=window, defaults={"used": size, "expires_at": ends}
        )
        if created:
            RateLimitCounter.objects.filter(key=key, window__lt=window).delete()
            return 0
        RateLimitCounter.objects.filter(pk=counter.pk).update(used=F("used") + size)
        counter.refresh_from_db(fields=["used"])
        return counter.used - size


limiter = RateLimiter()
