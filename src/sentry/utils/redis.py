"""The process's connection pool to Redis."""

from functools import lru_cache

import redis
from django.conf import settings


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


def redis_client() -> redis.Redis:
    """The client for ``REDIS_URL``; connections are made on use and kept."""
    return _client(settings.REDIS_URL)
