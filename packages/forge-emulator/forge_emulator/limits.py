"""Counts what each caller used of each limit, in fixed windows."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """`limit` points in each `window`."""

    limit: int
    window: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """A limit's state: `used` of `limit`, whole again at `reset` (aware UTC)."""

    limit: int
    used: int
    reset: datetime

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


class RateLimits:
    """One counter for each (caller, resource); a window begins with its first use."""

    def __init__(self, allowances: Mapping[str, Allowance], clock: Callable[[], datetime]) -> None:
        self._allowances = dict(allowances)
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[tuple[str, str], tuple[datetime, int]] = {}

    def resources(self) -> list[str]:
        return list(self._allowances)

    def look(self, caller: str, resource: str, ceiling: int | None = None) -> Usage:
        """The state without using anything; `ceiling` lowers the limit for this caller."""
        return self.take(caller, resource, 0, ceiling)

    def take(self, caller: str, resource: str, cost: int = 1, ceiling: int | None = None) -> Usage:
        """Use `cost` points and answer the state after it; at the limit nothing more is counted."""
        allowance = self._allowances[resource]
        limit = allowance.limit if ceiling is None else min(ceiling, allowance.limit)
        now = self._clock()
        with self._lock:
            reset, used = self._used.get((caller, resource), (now, 0))
            if reset <= now:
                reset, used = now + allowance.window, 0
            used = min(limit, used + cost)
            if cost:
                self._used[caller, resource] = (reset, used)
        whole = datetime.fromtimestamp(int(reset.timestamp()), UTC)
        return Usage(limit=limit, used=used, reset=whole)
