"""What is known of hosts' rate limits in this process, and how long to wait before a retry."""

import threading
from dataclasses import dataclass

_FIRST_BACKOFF = 0.25
_MAX_BACKOFF = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """A limit that an answer tells of.

    Attributes:
        seconds: how long it lasts from now.
        bucket: the part of the host's API that it covers; "" for all of it.
        refused: whether this answer is itself a refusal; else it only used up the rest.
    """

    seconds: float
    bucket: str = ""
    refused: bool = True


class Budgets:
    """Until when each credential's limits are used up. Safe for use by many threads."""

    def __init__(self) -> None:
        """Knows nothing yet."""
        self._until: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def wait(self, identity: str, bucket: str, *, now: float) -> float:
        """Seconds until a call makes sense; 0 where it does now."""
        with self._lock:
            ends = [self._until.get((identity, name), 0.0) for name in ("", bucket)]
        return max(0.0, max(ends) - now)

    def block(self, identity: str, limit: Limit, *, now: float) -> None:
        """Remembers a limit; a longer one that is known already stays."""
        with self._lock:
            self._until = {key: end for key, end in self._until.items() if end > now}
            key = (identity, limit.bucket)
            self._until[key] = max(self._until.get(key, 0.0), now + limit.seconds)


def backoff(attempt: int, *, random: float) -> float:
    """Seconds before the next try: exponential with full jitter.

    After "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).

    Args:
        attempt: how many tries were made, from 1.
        random: a random number from 0 to 1.
    """
    return float(random * min(_MAX_BACKOFF, _FIRST_BACKOFF * 2.0**attempt))
