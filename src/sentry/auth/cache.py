"""Remembers callers for a few seconds in this process, so that a credential is not read each time.

A revoked credential is refused everywhere within ``auth.cache-ttl``, and at once in the process
that revoked it (see ``sentry.auth.signals``).
"""

import time
from threading import Lock

from sentry import options
from sentry.auth.caller import Caller

_MAX_ENTRIES = 10_000

type CacheKey = tuple[str, str]


class CallerCache:
    """Callers by (hash of the token, organization asked for). Safe to share between threads."""

    def __init__(self) -> None:
        """Starts empty."""
        self._entries: dict[CacheKey, tuple[float, Caller]] = {}
        self._generation = 0
        self._lock = Lock()

    @property
    def generation(self) -> int:
        """How often everything was forgotten; to be taken before a credential is read."""
        return self._generation

    def get(self, key: CacheKey) -> Caller | None:
        """The caller, if it was stored within its time."""
        entry = self._entries.get(key)
        if entry is None or entry[0] <= time.monotonic():
            return None
        return entry[1]

    def put(
        self, key: CacheKey, caller: Caller, *, generation: int, seconds_left: float | None = None
    ) -> None:
        """Remembers a caller for ``auth.cache-ttl`` seconds, at most ``seconds_left``.

        Not where something was revoked since ``generation``: the caller may be out of date.
        """
        ttl = options.get_float("auth.cache-ttl")
        if seconds_left is not None:
            ttl = min(ttl, seconds_left)
        if ttl <= 0:
            return
        with self._lock:
            if generation != self._generation:
                return
            if len(self._entries) >= _MAX_ENTRIES:
                self._entries.clear()
            self._entries[key] = (time.monotonic() + ttl, caller)

    def clear(self) -> None:
        """Forgets every caller."""
        with self._lock:
            self._entries.clear()
            self._generation += 1


caller_cache = CallerCache()
