"""What is known of hosts' rate limits in this process, and how long to wait before a retry. Pure.

What is left of a limit the host tells each process with every answer; pauses are what processes
tell each other (``http_pauses.py``).
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

_FIRST_BACKOFF = 0.25
_MAX_BACKOFF = 4.0
_KEPT = 60.0  # seconds that a quota is believed whose host does not tell when it begins anew
_MANY = 1000
_NEWS = 1.0
_LONGEST = 3600.0  # seconds; no host's window is longer
_LONGEST_GUESS = 1800.0
_CLOCKS_DIFFER = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """A limit that an answer tells of.

    Attributes:
        seconds: how long it lasts from now; what is longer than an hour (a host's clock that is
            wrong, a proxy's ``Retry-After``) is taken for an hour.
        bucket: the part of the host's API that it covers; "" for all of it.
        refused: whether this answer is itself a refusal; else it only used up the rest.
        is_guess: whether the host does not say how long: the next one in a row lasts twice as long.
    """

    seconds: float
    bucket: str = ""
    refused: bool = True
    is_guess: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", min(self.seconds, _LONGEST))


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """What an answer leaves of its bucket's limit.

    Attributes:
        remaining: how many requests are left at most.
        limit: how many there are in all; None where the host does not tell.
        reset: seconds until there are as many again; None where it does not tell.
    """

    remaining: int
    limit: int | None = None
    reset: float | None = None


def header_quota(
    headers: Mapping[str, str], prefix: str, *, now: float, is_epoch: bool = True
) -> Quota | None:
    """The quota in headers of the common form ``{prefix}-remaining``, ``-limit`` and ``-reset``.

    Args:
        headers: an answer's.
        prefix: in lower case ("x-ratelimit").
        now: unix time.
        is_epoch: whether the reset is unix time; else it is seconds from now.
    """
    remaining = _number(headers.get(f"{prefix}-remaining"))
    if remaining is None:
        return None
    reset = _number(headers.get(f"{prefix}-reset"))
    if reset is not None and is_epoch:
        reset = max(0.0, reset - now)
    limit = _number(headers.get(f"{prefix}-limit"))
    return Quota(remaining=int(remaining), limit=None if limit is None else int(limit), reset=reset)


def _number(text: str | None) -> float | None:
    text = (text or "").strip()
    is_number = text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 20  # noqa: PLR2004
    return float(text) if is_number else None


@dataclass(frozen=True, slots=True)
class _Guess:
    seconds: float
    ends: float


@dataclass(slots=True)
class _Known:
    remaining: int
    limit: int | None
    ends: float
    has_end: bool


class Budgets:
    """What each credential has left, and until when nothing. Safe for use by many threads."""

    def __init__(self) -> None:
        """Knows nothing yet."""
        self._until: dict[tuple[str, str], float] = {}
        self._known: dict[tuple[str, str], _Known] = {}
        self._guesses: dict[tuple[str, str], _Guess] = {}
        self._lock = threading.Lock()

    def wait(self, identity: str, bucket: str, *, now: float) -> float:
        """Seconds until a call makes sense; 0 where it does now."""
        with self._lock:
            ends = [self._until.get((identity, name), 0.0) for name in ("", bucket)]
        return max(0.0, max(ends) - now)

    def block(self, identity: str, limit: Limit, *, now: float) -> bool:
        """Remembers a limit; a longer one that is known already stays.

        Whether this is news: it ends a second later, at least, than what was known.
        """
        with self._lock:
            self._until = {key: end for key, end in self._until.items() if end > now}
            key, end = (identity, limit.bucket), now + limit.seconds
            known = self._until.get(key, now)
            self._until[key] = max(known, end)
            return end - known >= _NEWS

    def guess(self, identity: str, limit: Limit, *, now: float) -> Limit:
        """The limit; a guess at its length is twice the one before it in a row, up to a bound.

        A refusal that comes while such a limit lasts was asked for before it, and is the same one.
        A row is over when the host refused nothing for as long as the last one of it lasted.
        """
        if not limit.is_guess:
            return limit
        with self._lock:
            self._guesses = {
                key: guess
                for key, guess in self._guesses.items()
                if now < guess.ends + guess.seconds
            }
            key = identity, limit.bucket
            last = self._guesses.get(key)
            if last is not None and now < last.ends:
                return replace(limit, seconds=last.ends - now)
            seconds = limit.seconds
            if last is not None:
                seconds = max(seconds, min(_LONGEST_GUESS, 2 * last.seconds))
            self._guesses[key] = _Guess(seconds, now + seconds)
            return replace(limit, seconds=seconds)

    def learn(self, identity: str, bucket: str, quota: Quota, *, now: float) -> None:
        """Remembers what an answer left; the latest answer is right.

        An end that is more than an hour away is not believed: the host's clock is wrong.
        """
        reset = quota.reset
        if reset is not None and reset > _LONGEST + _CLOCKS_DIFFER:
            reset = None
        ends = now + (_KEPT if reset is None else reset)
        known = _Known(quota.remaining, quota.limit, ends, reset is not None)
        with self._lock:
            if len(self._known) >= _MANY:
                self._known = {key: old for key, old in self._known.items() if old.ends > now}
            self._known[identity, bucket] = known

    def spend(self, identity: str, bucket: str) -> None:
        """Counts a request that goes out: others see it before its answer tells."""
        with self._lock:
            known = self._known.get((identity, bucket))
            if known is not None and known.remaining > 0:
                known.remaining -= 1

    def quota(self, identity: str, bucket: str, *, now: float) -> Quota | None:
        """What is left; None where nothing is known, or no longer."""
        with self._lock:
            known = self._known.get((identity, bucket))
            if known is None or known.ends <= now:
                return None
            reset = known.ends - now if known.has_end else None
            return Quota(remaining=known.remaining, limit=known.limit, reset=reset)


def backoff(attempt: int, *, random: float) -> float:
    """Seconds before the next try: exponential with full jitter.

    After "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).

    Args:
        attempt: how many tries were made, from 1.
        random: a random number from 0 to 1.
    """
    return float(random * min(_MAX_BACKOFF, _FIRST_BACKOFF * 2.0**attempt))
