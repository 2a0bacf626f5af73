"""Bounds how often passwords are tried: per account, and per network address.

The counters are those of rate limits, shared by all processes. Every try counts, right or wrong,
before the password is looked at, so that many at once are bounded like one after another.
"""

import hashlib
import ipaddress
import time

from django.conf import settings
from django.http import HttpRequest

from sentry import options
from sentry.auth.ratelimit import take
from sentry.integrations.source_code_management.errors import RateLimited

WINDOW_SECONDS = 600
# Who holds one address of IPv6 holds all of its network.
_NETWORK_BITS = 64


def count_attempt(account: str, address: str) -> None:
    """Counts one try of a password.

    Args:
        account: what names the user, whatever was typed; or what was typed, where there is none.
        address: where the request came from; empty where that is not known.

    Raises:
        RateLimited: too many were made for the account or from the address in these ten minutes.
        ServiceUnavailable: the store of the counters does not answer, so nobody may try.
    """
    # a digest: what was typed may be the password itself, and of any length
    name = hashlib.sha256(account.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
    _count(f"sign-in:account:{name}", options.get_int("auth.attempts-per-account"))
    if address:
        _count(f"sign-in:address:{address}", options.get_int("auth.attempts-per-address"))


def client_address(request: HttpRequest) -> str:
    """The network that a request came from: an address of IPv4, or the /64 of one of IPv6.

    Behind ``SENTRY_TRUSTED_PROXIES`` proxies it is what the outermost of them added to
    ``X-Forwarded-For``; what a client wrote there itself stands further left and counts for
    nothing. A request that passed no proxy counts for its connection. Empty where the address is
    not known (a Unix socket).
    """
    forwarded = request.headers.get("x-forwarded-for", "")
    proxies = settings.TRUSTED_PROXIES
    text = request.META.get("REMOTE_ADDR", "")
    if proxies and forwarded:
        chain = [part.strip() for part in forwarded.split(",")]
        text = chain[-proxies] if len(chain) >= proxies else chain[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address.packed, _NETWORK_BITS), strict=False))


def _count(key: str, limit: int) -> None:
    if limit <= 0:
        return
    now = time.time()
    window = int(now) // WINDOW_SECONDS
    if take(key, window, 1, seconds=WINDOW_SECONDS) >= limit:
        reset_at = (window + 1) * WINDOW_SECONDS
        raise RateLimited(
            limit=limit,
            reset_at=reset_at,
            retry_after=max(1.0, reset_at - now),
            what="the limit of tries to sign in",
        )
