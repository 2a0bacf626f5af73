"""The host's limit: units in five minutes. It first delays, then refuses.

After "Rate and usage limits" in the host's documentation.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from forge_emulator.limits import Allowance, RateLimits, Usage

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.world import World

RESOURCE = "Core"
WINDOW = timedelta(minutes=5)
_DELAY = 1  # seconds
_NEAR = 0.8  # of the limit, from which on answers are delayed


def limits_of(world: World) -> RateLimits | None:
    """The counter of an emulator, None where its host has no limits."""
    if world.rate_limit is None:
        return None
    return RateLimits({"core": Allowance(limit=world.rate_limit, window=WINDOW)}, world.clock)


def is_near(usage: Usage) -> bool:
    return usage.used >= usage.limit * _NEAR


def limit_headers(response: Response, usage: Usage, *, delay: int = _DELAY) -> Response:
    """Say that the answer was delayed, or refused, and for how long to wait."""
    response.headers["Retry-After"] = str(delay)
    response.headers["X-RateLimit-Resource"] = RESOURCE
    response.headers["X-RateLimit-Delay"] = f"{delay}.0"
    response.headers["X-RateLimit-Limit"] = str(usage.limit)
    response.headers["X-RateLimit-Remaining"] = str(usage.remaining)
    response.headers["X-RateLimit-Reset"] = str(int(usage.reset.timestamp()))
    return response
