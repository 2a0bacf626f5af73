"""Celery on Redis or RabbitMQ. Loaded only where a broker is configured.

Celery carries the ids of records and runs processes; retries, time limits and results are ours.
"""

import math
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Protocol

from amqp.exceptions import AccessRefused, NotAllowed
from celery import Celery
from celery.signals import worker_init
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections
from kombu import Queue
from kombu.exceptions import OperationalError
from redis.exceptions import AuthenticationError, ResponseError

from sentry.taskqueue import limits, records, registry, running

TASK_NAME = "sentry.run_record"
# A request waits for the broker no longer; a worker that meets a slow Redis connects anew.
_CONNECT_SECONDS = 2
# What only another address, or a change at the broker, mends. KeyError: kombu knows no such scheme.
_REFUSALS = (AccessRefused, NotAllowed, AuthenticationError, ResponseError, KeyError)


def broker_url() -> str:
    """The address of the broker that ``SENTRY_TASK_BROKER`` names.

    Raises:
        ImproperlyConfigured: it has none.
    """
    url: str = getattr(settings, _variable())
    if not url:
        raise ImproperlyConfigured(
            f"SENTRY_TASK_BROKER={settings.TASK_BROKER.lower()} needs {_variable()}"
        )
    return url


def _variable() -> str:
    return "REDIS_URL" if settings.TASK_BROKER == "REDIS" else "AMQP_URL"


@cache
def app() -> Celery:
    """The Celery application of this process, with its one task."""
    made = Celery("sentry", broker=broker_url(), set_as_current=False, fixups=[])
    made.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_create_missing_queues=False,
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0},
        broker_connection_timeout=_CONNECT_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_transport_options=transport_options(),
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        task_queues=[queue_of(name) for name in registry.queues()],
    )
    made.task(name=TASK_NAME, ignore_result=True)(run_record)
    return made


def transport_options() -> dict[str, object]:
    """How the broker is reached; everything in Redis stands below our prefix."""
    if settings.TASK_BROKER != "REDIS":
        return {}
    return {
        "global_keyprefix": settings.REDIS_PREFIX,
        "socket_connect_timeout": _CONNECT_SECONDS,
        "socket_timeout": _CONNECT_SECONDS,
    }


@lru_cache(maxsize=256)
def queue_of(name: str) -> Queue:
    """The broker's queue for one of ours; reached without an exchange of its own."""
    full = settings.TASK_QUEUE_PREFIX + name
    return Queue(full, routing_key=full)


def connect() -> None:
    """Opens a connection to the broker, and closes it.

    Raises:
        ImproperlyConfigured: it has no address, or one that no broker can have, or it refuses the
            login, the virtual host or the database.
        Exception: it does not answer; of what class depends on the broker.
    """
    try:
        with app().connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=_CONNECT_SECONDS)
    except (*_REFUSALS, OperationalError) as error:
        cause = error.__cause__ if isinstance(error, OperationalError) else error
        if isinstance(cause, _REFUSALS):
            text = f"the broker at {_variable()} cannot be used as configured: {cause}"
            raise ImproperlyConfigured(text) from error
        raise


def send(record_id: int, queue: str, time_limit: float) -> None:
    """Sends the message of a record.

    Raises:
        Exception: the broker does not answer, or refuses us; of what class depends on the broker.
    """
    seconds = math.ceil(limits.seconds_until_kill(time_limit))
    app().tasks[TASK_NAME].apply_async((record_id,), queue=queue_of(queue), time_limit=seconds)


def run_record(record_id: int) -> None:
    """What a worker does with a message."""
    row = records.due_record(record_id)
    try:
        if row is not None:
            running.run_row(row)
    finally:
        close_old_connections()


class _Worker(Protocol):
    """What is used of Celery's worker."""

    exitcode: int | None


def work(queues: Sequence[str], *, concurrency: int) -> None:
    """Runs Celery's worker in this process, and as many below it, until SIGTERM or SIGINT.

    Raises:
        SystemExit: with status 1 where it ended by itself; Celery's log says why.
    """
    started: list[_Worker] = []
    worker_init.connect(lambda sender, **_: started.append(sender), weak=False)
    try:
        app().worker_main(
            [
                "worker",
                *("--queues", ",".join(queue_of(name).name for name in queues)),
                *("--concurrency", str(concurrency)),
                *("--loglevel", "WARNING"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ]
        )
    finally:  # worker_main() keeps the status for itself
        if any(worker.exitcode for worker in started):
            raise SystemExit(1)
