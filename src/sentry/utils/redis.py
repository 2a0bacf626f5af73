"""The process's connection pool to Redis, and what failing stores raise.

The library is loaded where ``REDIS_URL`` is set, and nowhere else: it takes some megabytes.
"""
# ruff: noqa: PLC0415 - see above

from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError

if TYPE_CHECKING:
    import redis


@lru_cache(maxsize=1)
def _client(url: str) -> "redis.Redis":
    import redis

    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


def redis_client() -> "redis.Redis":
    """The client for ``REDIS_URL``; connections are made on use and kept."""
    return _client(settings.REDIS_URL)


def store_errors() -> tuple[type[Exception], ...]:
    """What says that a store which processes share does not answer: the database's, Redis's.

    For ``except``, which asks for it only when something was raised.
    """
    if not settings.REDIS_URL:
        return (DatabaseError,)
    from redis.exceptions import RedisError

    return (DatabaseError, RedisError)
