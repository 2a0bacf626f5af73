"""GitHub's limits: points an hour, searches by the minute."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from forge_emulator.limits import Allowance, RateLimits

if TYPE_CHECKING:
    from forge_emulator.world import World

HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


def limits_of(world: World) -> RateLimits | None:
    """The counters of an emulator, None where its host has no limits."""
    points = world.rate_limit
    if points is None:
        return None
    allowances = {
        "core": Allowance(limit=points, window=HOUR),
        "search": Allowance(limit=min(points, 30), window=_MINUTE),
        "code_search": Allowance(limit=min(points, 10), window=_MINUTE),
        "graphql": Allowance(limit=points, window=HOUR),
    }
    return RateLimits(allowances, world.clock)
