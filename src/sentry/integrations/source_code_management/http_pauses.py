"""Tells the platform's other processes of the pauses that a host asked for, and hears of theirs.

A pause stands in the store that processes share under a digest of the credential and the part of
the API, as the unix time at which it ends, and expires then. A store that does not answer is
logged, left alone for half a minute, and takes nobody's work away.
"""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_limits import Limit
from sentry.integrations.source_code_management.shared_store import SharedStore
from sentry.utils.deadline import deadline_at
from sentry.utils.redis import store_errors

logger = logging.getLogger(__name__)

_EVERY = 1.0
_AFTER_FAILURE = 30.0
_MANY = 1000


class Pauses(Protocol):
    """What processes tell each other of pauses. Safe for use by many threads."""

    def tell(self, budget: str, limit: Limit, *, wall: float) -> None:
        """Tells of a pause that begins now; ``wall`` is unix time."""
        ...

    def hear(self, budget: str, bucket: str, *, now: float, wall: float) -> list[Limit]:
        """The pauses of a budget that concern a bucket, as others told of them.

        Args:
            budget: names host and credential.
            bucket: the part of the host's API; pauses of all parts concern it, too.
            now: monotonic seconds.
            wall: unix time.
        """
        ...


class NoPauses:
    """Fulfils ``Pauses`` for a process that is alone."""

    def tell(self, budget: str, limit: Limit, *, wall: float) -> None:
        """Tells nobody."""

    def hear(self, budget: str, bucket: str, *, now: float, wall: float) -> list[Limit]:  # noqa: ARG002
        """Nobody tells."""
        return []


class SharedPauses:
    """Fulfils ``Pauses`` with the store. Looks there once a second at most for each bucket."""

    def __init__(self, store: Callable[[], SharedStore]) -> None:
        """Takes how to reach the store."""
        self._store = store
        self._next_look: dict[tuple[str, str], float] = {}
        self._silent_until = 0.0
        self._lock = threading.Lock()

    def tell(self, budget: str, limit: Limit, *, wall: float) -> None:
        """Writes the pause, unless a longer one is known there; two statements at most."""
        key, end = _key(budget, limit.bucket), f"{wall + limit.seconds:.3f}"
        try:
            # The answer that told of the pause may be the last that the caller had time for.
            with deadline_at(None):
                self._store().write_longer(key, end.encode(), seconds=limit.seconds)
        except store_errors():
            logger.exception("scm.shared.store_failed")

    def hear(self, budget: str, bucket: str, *, now: float, wall: float) -> list[Limit]:
        """One statement, or none where it is not time yet."""
        if not self._is_time(budget, bucket, now):
            return []
        names = {_key(budget, name): name for name in ("", bucket)}
        try:
            entries = self._store().read(names)
        except store_errors():
            logger.exception("scm.shared.store_failed")
            self._silent_until = now + _AFTER_FAILURE
            return []
        return [
            Limit(seconds=_end(entry.value) - wall, bucket=names[key])
            for key, entry in entries.items()
        ]

    def _is_time(self, budget: str, bucket: str, now: float) -> bool:
        with self._lock:
            if now < max(self._silent_until, self._next_look.get((budget, bucket), 0.0)):
                return False
            if len(self._next_look) >= _MANY:
                self._next_look = {key: at for key, at in self._next_look.items() if at > now}
            self._next_look[budget, bucket] = now + _EVERY
            return True


def _key(budget: str, bucket: str) -> str:
    return digest("pause", budget, bucket)


def _end(value: bytes | None) -> float:
    return 0.0 if value is None else float(value)
