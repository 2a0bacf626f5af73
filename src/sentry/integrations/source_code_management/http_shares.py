"""No caller alone may use up what is left of a host's limit.

While much is left, everybody may ask. Below the part ``scm.budget.low`` of a limit, each referrer
(``x-referrer``) may make so many requests until the limit begins anew as ``scm.budget.share`` of
that part. They are counted for all processes together, and only then.
"""

from collections.abc import Callable

from sentry import options
from sentry.integrations.source_code_management.errors import HostShareUsed, ServiceUnavailable
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_limits import Quota
from sentry.utils.referrer import current_referrer

# Hosts tell the end of a window with a second more or less.
_GRAIN = 10.0

type Count = Callable[[str, int, float], int]


def take_from_share(budget: str, quota: Quota | None, *, wall: float, count: Count) -> None:
    """Counts a request of the referrer at hand, where little is left.

    Args:
        budget: names the limit.
        quota: what is left of it; without its size and its end there is nothing to share.
        wall: unix time.
        count: counts one more under a key and a window's number, kept for some seconds; answers
            how many there were before.

    Raises:
        HostShareUsed: the referrer has had its part.
    """
    if quota is None or quota.limit is None or quota.reset is None:
        return
    share = options.get_float("scm.budget.share")
    reserve = options.get_float("scm.budget.low") * quota.limit
    if share >= 1 or quota.remaining >= reserve:
        return
    key = f"scm:{digest(budget, current_referrer())}"
    window = round((wall + quota.reset) / _GRAIN)
    try:
        before = count(key, window, quota.reset + _GRAIN)
    except ServiceUnavailable:
        return  # a counter that is down takes nobody's work away
    if before >= max(1, int(share * reserve)):
        raise HostShareUsed(quota.reset)
