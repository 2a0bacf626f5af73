"""Duties of which one process at a time has each, by a row that expires."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from sentry.models.lease import Lease


def hold(name: str, holder: str, *, seconds: float) -> bool:
    """Takes or renews a duty for so long; False where another holder has it.

    Holders compare times by their own clocks: keep these within a fraction of ``seconds``.
    """
    if _take(name, holder, seconds):
        return True
    if Lease.objects.filter(name=name).exists():
        return False
    unheld = Lease(name=name, holder="", expires_at=timezone.now())
    Lease.objects.bulk_create([unheld], ignore_conflicts=True)
    return _take(name, holder, seconds)


def _take(name: str, holder: str, seconds: float) -> bool:
    now = timezone.now()
    free = Q(holder=holder) | Q(expires_at__lte=now)
    taken = Lease.objects.filter(free, name=name).update(
        holder=holder, expires_at=now + timedelta(seconds=seconds)
    )
    return bool(taken)


def is_held(name: str) -> bool:
    """Whether anybody has a duty now."""
    return Lease.objects.filter(name=name, expires_at__gt=timezone.now()).exists()


def release(name: str, holder: str) -> None:
    """Gives a duty back at once, if it is this holder's."""
    Lease.objects.filter(name=name, holder=holder).update(holder="", expires_at=timezone.now())
