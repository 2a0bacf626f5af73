"""GitLab's limits: requests a minute for each caller, counted apart for some parts of the API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from forge_emulator.limits import Allowance, RateLimits

if TYPE_CHECKING:
    from forge_emulator.world import World

WINDOW = timedelta(minutes=1)
API = "throttle_authenticated_api"
FILES = "throttle_authenticated_files_api"
SEARCH = "search_rate_limit"


def limits_of(world: World) -> RateLimits | None:
    """The counters of an emulator, None where its host has no limits."""
    points = world.rate_limit
    if points is None:
        return None
    allowances = {
        API: Allowance(limit=points, window=WINDOW),
        FILES: Allowance(limit=min(points, 500), window=WINDOW),
        SEARCH: Allowance(limit=min(points, 30), window=WINDOW),
    }
    return RateLimits(allowances, world.clock)
