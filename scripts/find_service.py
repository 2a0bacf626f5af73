"""Says by its exit status whether a service answers us: by its URL, or at its usual loopback port.

One that refuses our login counts as absent.
"""

import os
import sys
from collections.abc import Callable

import psycopg
import redis


def postgres() -> bool:
    """Whether PostgreSQL lets us in."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        url = "postgresql://postgres@127.0.0.1:5432/postgres"
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.Error:
        return False
    return True


def redis_server() -> bool:
    """Whether Redis lets us in."""
    client = redis.Redis.from_url(os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379")
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


SERVICES: dict[str, Callable[[], bool]] = {"postgres": postgres, "redis": redis_server}

if __name__ == "__main__":
    sys.exit(not SERVICES[sys.argv[1]]())
