"""Whether this process can do its work, and what is wrong where it cannot."""

import functools
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from sentry.actions.encryption_keys import newest_values_open
from sentry.actions.tasks import is_scheduled
from sentry.db.deadline import statement_deadline
from sentry.db.probe import check_connection
from sentry.utils.deadline import deadline_at
from sentry.utils.redis import redis_client, store_errors

logger = logging.getLogger(__name__)

_SECONDS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """What is wrong, in a short text by part; empty where nothing is.

    Attributes:
        problems: what keeps this process from its work.
        warnings: what is wrong elsewhere, and concerns whoever runs the platform.
    """

    problems: Mapping[str, str]
    warnings: Mapping[str, str]

    @property
    def is_healthy(self) -> bool:
        """Whether every part does its work."""
        return not self.problems


type PartCheck = Callable[[], str]


def check_health() -> Health:
    """Asks everything that the process needs. Takes some seconds at most; raises nothing.

    Failures are logged with their cause; the texts hold no address and no secret.
    """
    parts: dict[str, PartCheck] = {"database": _database}
    problems = _asked(parts)
    warnings: dict[str, str] = {}
    if not problems:
        problems = _asked({"migrations": _migrations, "encryption-keys": _encryption_keys})
        warnings = _asked({"background-work": _background_work})
    if settings.REDIS_URL:
        problems |= _asked({"redis": _redis})
    return Health(problems=problems, warnings=warnings)


def _asked(parts: Mapping[str, PartCheck]) -> dict[str, str]:
    with deadline_at(time.monotonic() + _SECONDS), statement_deadline(is_sent=True):
        answers = {name: _answer(name, check) for name, check in parts.items()}
    return {name: text for name, text in answers.items() if text}


def _answer(name: str, check: PartCheck) -> str:
    # redis-py: a malformed URL is a ValueError
    failures: tuple[type[Exception], ...] = (*store_errors(), ValueError)
    try:
        return check()
    except failures:
        logger.exception("health.part_failed", extra={"part": name})
        return "does not answer: see the log line health.part_failed"


def _database() -> str:
    check_connection(seconds=_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


@functools.cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _migrations() -> str:
    pending = _known_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    return f"{len(pending)} are yet to run: run `sentry upgrade`" if pending else ""


def _encryption_keys() -> str:
    if newest_values_open():
        return ""
    return "the configured keys do not open the stored credentials: restore the key that did"


def _background_work() -> str:
    if is_scheduled():
        return ""
    return (
        "no process starts what is due: a web server without --no-tasks, or `sentry run beat` and"
        " `sentry run worker` where a broker is configured, would"
    )


def _redis() -> str:
    redis_client().ping()
    return ""
