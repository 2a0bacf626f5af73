"""Background work: starting it over a broker, running it without one.

Each measurement has an installation of its own in a temporary folder, and queues of its own.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import processes, seed, served
from benchmarks.report import Figure, at_least, at_most, ratio_of_rounds

ROUNDS = 7
MESSAGES = 400
TASKS = 2000
REQUESTS = 2000
# the command, granian's worker, the supervisor, and the runner
PROCESSES = 4
# seconds for the runner's start and its first run of the schedule
SETTLED = 5


def enqueue(_data: seed.Seed) -> Iterable[Figure]:
    """Our messenger over a bare Celery ``delay`` on the same broker; a row and its message."""
    from sentry.testutils import services

    url = services.find("redis")
    if url is None:
        why = "no Redis at REDIS_URL or 127.0.0.1:6379"
        yield Figure(
            name="task_enqueue_over_celery", value=0, unit="ratio", bar=at_most(1.3), invalid=why
        )
        yield Figure(name="task_row_and_enqueue_us", value=0, unit="us", invalid=why)
        return
    prefix = f"bench-{secrets.token_hex(6)}:"
    variables = {"SENTRY_TASK_BROKER": "redis", "REDIS_URL": url, "SENTRY_REDIS_PREFIX": prefix}
    facts = _in_process("enqueue", variables)
    rounds = [(first, second) for first, second in facts["rounds"]]
    yield Figure(
        name="task_enqueue_over_celery",
        value=ratio_of_rounds(rounds),
        unit="ratio",
        bar=at_most(1.3),
    )
    yield Figure(name="task_row_and_enqueue_us", value=facts["row_us"], unit="us")


def embedded(_data: seed.Seed) -> Iterable[Figure]:
    """Tasks a second of the embedded runner on SQLite, each with a row as its effect."""
    facts = _in_process("embedded", {})
    why = "" if facts["effects"] == TASKS else f"{facts['effects']} effects of {TASKS} tasks"
    yield Figure(
        name="embedded_tasks_per_second",
        value=TASKS / facts["seconds"],
        unit="1/s",
        bar=at_least(300),
        invalid=why,
    )


def memory(data: seed.Seed) -> Iterable[Figure]:
    """Resident memory of all processes of ``sentry devserver`` after requests and tasks."""
    requests = served.Requests(data)
    with _devserver(data) as (pid, port):
        targets = [
            served.Target(pid=pid, port=port, request=each)
            for each in (requests.rpc, requests.rest)
        ]
        errors = sum(served.apply_load(each, count=REQUESTS).errors for each in targets)
        family = processes.family(pid)
        total = sum(processes.usage(each).rss_mb for each in family)
    why = "" if not errors else f"{errors} requests failed"
    if len(family) < PROCESSES:
        why = f"only {len(family)} processes, without the runner"
    yield Figure(name="rss_all_mb", value=total, unit="MiB", bar=at_most(300), invalid=why)


@contextmanager
def _devserver(data: seed.Seed) -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-m", "sentry.runner.main", "devserver", "--port", "0"]
    environment = {**os.environ, **seed.environment(data.home)}
    process = subprocess.Popen(
        command, cwd=seed.TOP, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        found = None
        while found is None:
            found = re.search(r"istening on http://[^:]+:(\d+)", process.stdout.readline())
        time.sleep(SETTLED)
        yield process.pid, int(found[1])
    finally:
        process.terminate()
        process.communicate()


def _in_process(job: str, variables: dict[str, str]) -> dict[str, Any]:
    """Runs a job of this module in a process of its own; what it measured."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ, **seed.environment(Path(home)), **variables,
            "DJANGO_SETTINGS_MODULE": "benchmarks.task_settings",
        }  # fmt: skip
        command = [sys.executable, "-m", "benchmarks.task_jobs", job]
        done = subprocess.run(
            command, cwd=seed.TOP, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured
