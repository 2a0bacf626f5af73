"""What every session of the process shares, and what tests replace."""

import functools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from sentry import options
from sentry.auth.ratelimit import take
from sentry.integrations.source_code_management.http_breaker import Breaker
from sentry.integrations.source_code_management.http_cache import ResponseCache
from sentry.integrations.source_code_management.http_flight import Flights
from sentry.integrations.source_code_management.http_limits import Budgets
from sentry.integrations.source_code_management.http_pauses import (
    NoPauses,
    Pauses,
    SharedPauses,
)
from sentry.integrations.source_code_management.http_transport import shared_transport
from sentry.integrations.source_code_management.shared_store import shared_store


def _cache() -> ResponseCache:
    return ResponseCache(
        max_entries=lambda: options.get_int("scm.http.cache-entries"),
        max_bytes=lambda: options.get_int("scm.http.cache-bytes"),
    )


def _count_share(key: str, window: int, keep: float) -> int:
    return take(key, window, 1, keep=keep)


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpRuntime:
    """The way out, the clocks, and what is remembered between calls.

    Attributes:
        transport: gives the connection pool.
        clock: monotonic seconds.
        wall_clock: unix seconds.
        sleep: waits that many seconds.
        random: a number from 0 to 1.
        cache: conditional answers.
        budgets: what is known of limits.
        breaker: which hosts are left alone for a moment.
        flights: which reads are under way.
        count_share: counts one request under a key, in a window of this number, for all processes;
            answers how many there were before. Kept for so many seconds.
        pauses: what processes tell each other of pauses that hosts asked for; at first nobody does.
    """

    transport: Callable[[], httpx.BaseTransport] = shared_transport
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    cache: ResponseCache = field(default_factory=_cache)
    budgets: Budgets = field(default_factory=Budgets)
    breaker: Breaker = field(default_factory=Breaker)
    flights: Flights = field(default_factory=Flights)
    count_share: Callable[[str, int, float], int] = _count_share
    pauses: Pauses = field(default_factory=NoPauses)


@functools.cache
def shared_runtime() -> HttpRuntime:
    """The process's own, which hears of other processes' pauses."""
    return HttpRuntime(pauses=SharedPauses(shared_store))
