"""Bitbucket Data Center's limit: a bucket of tokens for each user, filled again all the time.

Source: "Improving instance stability with rate limiting" in its documentation. A refusal does not
say when the next request will be taken.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

BUCKET_SIZE = 60
FILL_RATE = 5.0  # tokens a second


class TokenBuckets:
    """One bucket for each caller: `size` tokens at most, `rate` of them added each second."""

    def __init__(self, *, size: int, rate: float, clock: Callable[[], datetime]) -> None:
        self._size = size
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[str, tuple[datetime, float]] = {}

    def take(self, caller: str) -> bool:
        """Use a token; False where there is none."""
        now = self._clock()
        with self._lock:
            since, left = self._left.get(caller, (now, float(self._size)))
            left = min(self._size, left + self._rate * (now - since).total_seconds())
            allowed = left >= 1
            self._left[caller] = (now, left - 1 if allowed else left)
        return allowed
