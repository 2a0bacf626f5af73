"""When a failed call is repeated, and after how long. Pure but for the clock."""

import asyncio
import math
import random
import time
from dataclasses import dataclass
from typing import ClassVar

from .errors import DeadlineExceeded, ScmError
from .status import StatusCode

_TRANSIENT = (StatusCode.UNAVAILABLE, StatusCode.RESOURCE_EXHAUSTED)
# RESOURCE_EXHAUSTED for a size is not transient: the same call has the same size again.
_TOO_LARGE = "MESSAGE_TOO_LARGE"
# Together they keep the power below what a float holds, however many attempts are allowed.
_STEEPEST = 100
_MOST_STEPS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """How often and how fast a call is repeated.

    The wait before attempt n+1 is random between 0 and
    min(max_backoff, initial_backoff * multiplier**(n-1)) seconds ("full jitter"), added to what
    the server's RetryInfo asks for. A wait that would pass the call's deadline is not begun.
    """

    max_attempts: int = 4
    initial_backoff: float = 0.1
    max_backoff: float = 5.0
    multiplier: float = 2.0

    NONE: ClassVar["RetryPolicy"]

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError("max_attempts must be 1 (no retries) or more")
        if not 0 <= self.initial_backoff <= self.max_backoff < math.inf:
            raise ValueError("0 <= initial_backoff <= max_backoff must hold")
        if not 1 <= self.multiplier <= _STEEPEST:
            raise ValueError(f"multiplier must be 1 to {_STEEPEST}")

    def delay(self, *, attempts: int, error: ScmError, chance: float) -> float | None:
        """Seconds to wait after `attempts` failed ones; None: give up.

        `chance` is a random number in [0, 1). Whether the method may be repeated at all, and the
        deadline, are the caller's to check.
        """
        if attempts >= self.max_attempts or not transient(error):
            return None
        growth = self.multiplier ** min(attempts - 1, _MOST_STEPS)
        backoff = min(self.max_backoff, self.initial_backoff * growth)
        return (error.retry_after or 0.0) + backoff * chance


RetryPolicy.NONE = RetryPolicy(max_attempts=1)


def transient(error: ScmError) -> bool:
    """Whether the same call may succeed later."""
    if error.reason == _TOO_LARGE:
        return False
    if error.code() is StatusCode.ABORTED:
        return error.retry_after is not None
    return error.code() in _TRANSIENT


class Clock:
    """Time, waiting and chance as the client uses them; a test may give another one."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, for deadlines."""
        return time.monotonic()

    def unix(self) -> float:
        """Seconds since 1970, for signatures."""
        return time.time()

    def chance(self) -> float:
        """A random number in [0, 1), for jitter."""
        return random.random()  # noqa: S311 - it spreads retries and protects nothing

    def sleep(self, seconds: float) -> None:
        """Wait, in the sync client."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Wait, in the async client."""
        await asyncio.sleep(seconds)


class Deadline:
    """The moment by which a whole call, with all its attempts, must be over."""

    def __init__(self, timeout: float | None, clock: Clock) -> None:
        """Start the clock. `timeout` in seconds; None or infinite: no deadline."""
        if timeout is not None and not timeout > 0:
            raise ValueError("timeout must be more than 0 seconds; for none, give math.inf")
        self.timeout = None if timeout is None or timeout == math.inf else timeout
        self._clock = clock
        self._end = math.inf if self.timeout is None else clock.monotonic() + self.timeout

    def remaining(self) -> float | None:
        """Seconds left; None without a deadline. Raises DeadlineExceeded when it has passed."""
        if self.timeout is None:
            return None
        left = self._end - self._clock.monotonic()
        if left <= 0:
            raise self.exceeded()
        return left

    def passed(self) -> bool:
        """Whether no time is left."""
        return self._clock.monotonic() >= self._end

    def allows(self, delay: float) -> bool:
        """Whether there would be time left after waiting so many seconds."""
        return self._clock.monotonic() + delay < self._end

    def exceeded(self) -> DeadlineExceeded:
        """The error for a call that this deadline ended."""
        return DeadlineExceeded(f"no answer within {self.timeout:g} s")
