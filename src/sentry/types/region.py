"""The region directory: where organizations live."""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """One region silo.

    Attributes:
        name: short name ("us").
        snowflake_id: 0 to 31; part of every id that the region makes.
        address: base URL for calls from other silos; empty where there is only one process.
    """

    name: str
    snowflake_id: int
    address: str = ""


def get_local_region() -> Region:
    """The region of this process (settings ``SENTRY_REGION``, ``SENTRY_REGION_ID``)."""
    return Region(name=settings.SENTRY_REGION, snowflake_id=settings.SENTRY_REGION_ID)
