"""Bitbucket's limits: requests an hour, counted by caller; only access tokens are told of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from forge_emulator.limits import Allowance, RateLimits

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.limits import Usage
    from forge_emulator.world import World

ANONYMOUS_LIMIT = 60
_HOUR = timedelta(hours=1)
_NEAR = 0.2  # of the limit that is left


def limits_of(world: World) -> RateLimits | None:
    """The counters of an emulator, None where its host has no limits."""
    points = world.rate_limit
    if points is None:
        return None
    names = ("api", "webhooks", "search")
    return RateLimits({name: Allowance(limit=points, window=_HOUR) for name in names}, world.clock)


def limit_headers(response: Response, usage: Usage, resource: str) -> Response:
    """What an access token is told: how much there is in an hour, and whether little is left."""
    near = usage.remaining < usage.limit * _NEAR
    response.headers["X-RateLimit-Limit"] = str(usage.limit)
    response.headers["X-RateLimit-Resource"] = resource
    response.headers["X-RateLimit-NearLimit"] = "true" if near else "false"
    return response
