"""Where processes, on one machine or many, tell each other what they found out on a host.

Redis when ``REDIS_URL`` is set, else a table. What is there may be lost at any time: then somebody
asks the host again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from sentry.models.sharedresult import SharedResult
from sentry.utils.redis import redis_client

_CLAIM, _VALUE = b"c", b"v"
# Deletes a claim that is still the holder's own.
_RELEASE = 'if redis.call("get",KEYS[1])==ARGV[1] then return redis.call("del",KEYS[1]) end'

# Sets a value that expires later than what is there; PTTL is negative where nothing is.
_LONGER = (
    'if redis.call("pttl",KEYS[1])<tonumber(ARGV[2])'
    ' then redis.call("set",KEYS[1],ARGV[1],"px",ARGV[2]) end'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What stands under a key: a value, or the name of who is finding it out."""

    value: bytes | None = None
    holder: str = ""


class SharedStore(Protocol):
    """Values under keys, which are digests, and claims to find such a value out.

    Every method may raise ``store_errors()``: the store does not answer.
    """

    def read(self, keys: Iterable[str]) -> dict[str, Entry]:
        """What stands under these keys and has not expired."""
        ...

    def claim(self, keys: Iterable[str], holder: str, *, seconds: float) -> None:
        """Claims those of the keys under which nothing stands; ``read`` tells which they were."""
        ...

    def write(self, values: Mapping[str, bytes], *, seconds: float) -> None:
        """Puts values under keys, in place of whatever stands there."""
        ...

    def write_longer(self, key: str, value: bytes, *, seconds: float) -> None:
        """Puts a value under a key, unless what stands there expires later or as late."""
        ...

    def release(self, keys: Iterable[str], holder: str) -> None:
        """Gives up the holder's claims to these keys."""
        ...


class TableStore:
    """Fulfils ``SharedStore`` with ``SharedResult``."""

    def read(self, keys: Iterable[str]) -> dict[str, Entry]:
        """One statement."""
        rows = SharedResult.objects.filter(key__in=list(keys), expires_at__gt=timezone.now())
        return {
            key: Entry(holder=holder) if value is None else Entry(value=bytes(value))
            for key, holder, value in rows.values_list("key", "holder", "value")
        }

    def claim(self, keys: Iterable[str], holder: str, *, seconds: float) -> None:
        """Two statements: each row is taken over, or made, by one process alone."""
        now = timezone.now()
        fields: dict[str, Any] = {
            "holder": holder, "value": None, "expires_at": now + timedelta(seconds=seconds)
        }  # fmt: skip
        wanted = list(keys)
        SharedResult.objects.filter(Q(key__in=wanted), expires_at__lte=now).update(**fields)
        SharedResult.objects.bulk_create(
            [SharedResult(key=key, **fields) for key in wanted], ignore_conflicts=True
        )

    def write(self, values: Mapping[str, bytes], *, seconds: float) -> None:
        """One statement."""
        ends = timezone.now() + timedelta(seconds=seconds)
        SharedResult.objects.bulk_create(
            [
                SharedResult(key=key, holder="", value=value, expires_at=ends)
                for key, value in values.items()
            ],
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["holder", "value", "expires_at"],
        )

    def write_longer(self, key: str, value: bytes, *, seconds: float) -> None:
        """Two statements: the row is made where there is none, then changed if it ends earlier."""
        fields: dict[str, Any] = {"holder": "", "value": value}
        ends = timezone.now() + timedelta(seconds=seconds)
        row = SharedResult(key=key, expires_at=ends, **fields)
        SharedResult.objects.bulk_create([row], ignore_conflicts=True)
        SharedResult.objects.filter(key=key, expires_at__lt=ends).update(expires_at=ends, **fields)

    def release(self, keys: Iterable[str], holder: str) -> None:
        """One statement."""
        SharedResult.objects.filter(key__in=list(keys), holder=holder, value=None).delete()


class RedisStore:
    """Fulfils ``SharedStore`` with Redis. Each method is one round trip."""

    def read(self, keys: Iterable[str]) -> dict[str, Entry]:
        """An MGET."""
        wanted = list(keys)
        found = redis_client().mget([_name(key) for key in wanted]) if wanted else []
        return {
            key: _entry(raw)
            for key, raw in zip(wanted, found, strict=True)
            if isinstance(raw, bytes)
        }

    def claim(self, keys: Iterable[str], holder: str, *, seconds: float) -> None:
        """A SET with NX for each."""
        pipeline = redis_client().pipeline(transaction=False)
        for key in keys:
            pipeline.set(_name(key), _CLAIM + holder.encode(), nx=True, px=_milliseconds(seconds))
        pipeline.execute()

    def write(self, values: Mapping[str, bytes], *, seconds: float) -> None:
        """A SET for each."""
        pipeline = redis_client().pipeline(transaction=False)
        for key, value in values.items():
            pipeline.set(_name(key), _VALUE + value, px=_milliseconds(seconds))
        pipeline.execute()

    def write_longer(self, key: str, value: bytes, *, seconds: float) -> None:
        """A script, which compares and sets."""
        redis_client().eval(_LONGER, 1, _name(key), _VALUE + value, _milliseconds(seconds))

    def release(self, keys: Iterable[str], holder: str) -> None:
        """A script for each, which compares and deletes."""
        pipeline = redis_client().pipeline(transaction=False)
        for key in keys:
            pipeline.eval(_RELEASE, 1, _name(key), _CLAIM + holder.encode())
        pipeline.execute()


def shared_store() -> SharedStore:
    """The store that the platform is configured with."""
    return RedisStore() if settings.REDIS_URL else TableStore()


def _entry(raw: bytes) -> Entry:
    kind, rest = raw[:1], raw[1:]
    return Entry(holder=rest.decode()) if kind == _CLAIM else Entry(value=rest)


def _name(key: str) -> str:
    return f"{settings.REDIS_PREFIX}shared:{key}"


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
