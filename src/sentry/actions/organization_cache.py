"""Remembers organizations for a few seconds in this process: every REST path names one.

Like a credential, an organization is remembered for ``auth.cache-ttl``; a change is seen everywhere
within that time, and at once in the process that made it.
"""

import time
from dataclasses import dataclass
from datetime import datetime

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from sentry import options
from sentry.models.organization import Organization

_MAX_ENTRIES = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganizationSummary:
    """An organization as its members see it."""

    id: int
    slug: str
    name: str
    date_added: datetime


def to_summary(row: Organization) -> OrganizationSummary:
    """The row as a value."""
    return OrganizationSummary(id=row.id, slug=row.slug, name=row.name, date_added=row.date_added)


class OrganizationCache:
    """Organizations by id. Each operation is one on a dictionary: threads may share it."""

    def __init__(self) -> None:
        """Starts empty."""
        self._entries: dict[int, tuple[float, OrganizationSummary]] = {}

    def get(self, organization_id: int) -> OrganizationSummary | None:
        """The organization with this id, remembered or read; None where there is none."""
        entry = self._entries.get(organization_id)
        if entry is not None and entry[0] > time.monotonic():
            return entry[1]
        row = Organization.objects.filter(id=organization_id).first()
        return None if row is None else self._remember(to_summary(row))

    def forget(self, organization_id: int) -> None:
        """Drops one organization."""
        self._entries.pop(organization_id, None)

    def clear(self) -> None:
        """Drops every organization."""
        self._entries.clear()

    def _remember(self, summary: OrganizationSummary) -> OrganizationSummary:
        ttl = options.get_float("auth.cache-ttl")
        if ttl > 0:
            if len(self._entries) >= _MAX_ENTRIES:
                self._entries.clear()
            self._entries[summary.id] = (time.monotonic() + ttl, summary)
        return summary


organization_cache = OrganizationCache()


@receiver((post_save, post_delete), sender=Organization)
def _changed(instance: Organization, **_kwargs: object) -> None:
    organization_cache.forget(instance.id)
