"""Whether this process can do its work."""

import logging
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from sentry.utils.redis import redis_client

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """The parts that the process needs, by name, and whether each answers."""

    parts: dict[str, bool]

    @property
    def is_healthy(self) -> bool:
        """Whether every part answers."""
        return all(self.parts.values())


def check_health() -> Health:
    """Asks the database, and Redis where it is configured. Failures are logged, not raised."""
    parts = {"database": _database_answers()}
    if settings.REDIS_URL:
        parts["redis"] = _redis_answers()
    return Health(parts=parts)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("health.database_failed")
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(redis_client().ping())
    except RedisError:
        logger.exception("health.redis_failed")
        return False
