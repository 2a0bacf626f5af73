"""What is measured of background work, in a process of its own: ``python -m benchmarks.task_jobs``.

Prints what it measured as JSON.
"""

import json
import sys
import time
from collections.abc import Callable

from sentry.runner import configure

configure()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from benchmarks.tasks import MESSAGES, ROUNDS, TASKS  # noqa: E402
from sentry.models import SignatureNonce, TaskRecord  # noqa: E402
from sentry.taskqueue import messenger  # noqa: E402
from sentry.tasks.base import completing, instrumented_task  # noqa: E402


@instrumented_task(name="bench.effect", queue="bench", max_retries=1, default_retry_delay=1)
def effect(number: int) -> None:
    with completing():
        SignatureNonce.objects.create(
            key_id="bench", nonce=str(number), expires_at="2030-01-01T00:00:00Z"
        )


def run_embedded() -> dict[str, float]:
    from sentry.taskqueue.embedded import EmbeddedRunner

    with transaction.atomic():
        for number in range(TASKS):
            effect.delay(number)
    runner = EmbeddedRunner()
    began = time.perf_counter()
    while runner.step():
        pass
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "effects": SignatureNonce.objects.count()}


def run_enqueue() -> dict[str, object]:
    from celery import Celery

    from sentry.taskqueue import broker

    bare = Celery("bare", broker=broker.broker_url(), fixups=[])
    bare.conf.task_ignore_result = True
    bare.conf.task_default_queue = "bench-bare"
    bare.conf.broker_transport_options = broker.transport_options()

    @bare.task(name="bench.plain")
    def plain(number: int) -> None: ...

    def ours(number: int) -> None:
        assert messenger.announce(number, "bench", 300.0)

    for send in (ours, plain.delay):
        send(0)  # connects
    rounds = [(_seconds(ours), _seconds(plain.delay)) for _ in range(ROUNDS)]
    row = _seconds(effect.delay)
    _forget()
    return {"rounds": rounds, "row_us": 1e6 * row / MESSAGES}


def _seconds(send: Callable[[int], object]) -> float:
    began = time.perf_counter()
    for number in range(MESSAGES):
        send(number)
    return time.perf_counter() - began


def _forget() -> None:
    from django.conf import settings

    from sentry.utils.redis import redis_client

    client = redis_client()
    for key in client.scan_iter(f"{settings.REDIS_PREFIX}*"):
        client.delete(key)


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    job = {"embedded": run_embedded, "enqueue": run_enqueue}[sys.argv[1]]
    print(json.dumps(job()))
    TaskRecord.objects.all().delete()
    connection.close()
