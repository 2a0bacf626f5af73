"""2,000 tasks while web servers, runners and workers are killed: nothing lost, no effect twice.

Each task is written with a row that it belongs to, and its effect is a row. In the end there is one
effect for every row made, and no record is left.
"""

import os
import random
import secrets
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.live import BIN, PATIENCE, ROOT, running

from .conftest import children_of

SENTRY = str(BIN / "sentry")
PAUSE = 0.02
MODULE = "tests.sentry.runner.chaos_app"
SEEDS = (
    (
        "INSERT INTO sentry_organization (id, name, slug, date_added)"
        " VALUES (7, 'Acme', 'acme', '2026-01-01 00:00:00')"
    ),
    (
        "INSERT INTO sentry_project (id, organization_id, slug, name, platform, date_added)"
        " VALUES (7, 7, 'shop', 'Shop', '', '2026-01-01 00:00:00')"
    ),
)


@pytest.fixture
def world(installed: Path, environment: Mapping[str, str]) -> "World":
    """An installation whose processes know the task, with a project."""
    variables = {
        **environment,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "tests.sentry.runner.chaos_settings",
        "SENTRY_OPTION_TASKS_MESSAGE_GRACE": "2",
        "SENTRY_LOG_LEVEL": "ERROR",
    }
    world = World(installed, variables)
    for statement in SEEDS:
        world.query(statement)
    return world


class World:
    """An installation, and what its tables say."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self.home = home
        self.environment = environment

    def query(self, sql: str, *given: str) -> list[tuple[object, ...]]:
        path = self.home / "sentry.db"
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as database, database:
            return database.execute(sql, given).fetchall()

    def numbers(self, kind: str) -> list[int]:
        rows = self.query("SELECT title FROM sentry_group WHERE title LIKE ?", f"{kind}-%")
        return [int(str(title).partition("-")[2]) for (title,) in rows]

    def left(self) -> int:
        """How many tasks are not done."""
        ((count,),) = self.query(
            "SELECT COUNT(*) FROM sentry_taskrecord WHERE name = 'tests.record_effect'"
        )
        assert isinstance(count, int)
        return count

    @contextmanager
    def program(self, *command: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A program in a process group of its own, killed with the block at the latest."""
        process = subprocess.Popen(
            command, env=self.environment, cwd=self.home, start_new_session=True
        )
        try:
            yield process
        finally:
            kill(process)

    def run_until_done(self, command: list[str], *, kills: int) -> None:
        """Runs the program, kills it at random points of its work, until nothing is left."""
        for number in range(kills + 1):
            start = self.left()
            goal = 0 if number == kills else random.randint(start // 4, start * 3 // 4)
            with self.program(*command):
                wait_until(lambda goal=goal: self.left() <= goal)

    def check(self) -> int:
        """One effect for every row made; how many."""
        made, effects = Counter(self.numbers("made")), Counter(self.numbers("effect"))
        assert made == effects
        assert not made or set(made.values()) == {1}
        assert self.query("SELECT * FROM sentry_taskrecord WHERE status = 1") == []
        return len(made)


def kill(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    """Kills the program and all that it started, at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(condition) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(PAUSE)


def test_killing_the_embedded_runner_and_the_web_server(world: World, tmp_path: Path) -> None:
    answered: list[int] = []
    finished = threading.Event()

    def run_and_kill() -> None:
        while not finished.is_set():
            before = len(world.numbers("effect"))
            enough = before + random.randint(40, 250)
            with world.program(sys.executable, "-m", "sentry.runner.embedded"):
                while len(world.numbers("effect")) < enough and not finished.is_set():
                    time.sleep(PAUSE)

    runner = threading.Thread(target=run_and_kill)
    runner.start()
    try:
        for first in (0, 500):
            make_over_http(world, range(first, first + 500), answered, tmp_path)
    finally:
        finished.set()
        runner.join()
    world.run_until_done([sys.executable, "-m", "sentry.runner.embedded"], kills=1)
    assert set(answered) <= set(world.numbers("made"))
    assert world.check() >= len(answered) >= 500


def make_over_http(world: World, numbers: range, answered: list[int], cwd: Path) -> None:
    """Asks a web server for these; it is killed at a random point, in the middle of requests."""
    command = [SENTRY, "run", "web", "--no-tasks", "--port", "0"]
    last = random.randint(len(numbers) * 3 // 5, len(numbers))
    queue = iter(numbers)
    with running(command, world.environment, cwd) as program:
        workers = [*children_of(program.process.pid), program.process.pid]

        def ask() -> None:
            with httpx.Client(base_url=program.url, timeout=PATIENCE) as client:
                try:
                    for number in queue:
                        assert client.get(f"/make/{number}").status_code == 201
                        answered.append(number)
                        if number == numbers[0] + last - 1:
                            for pid in workers:
                                os.kill(pid, signal.SIGKILL)
                except httpx.TransportError:
                    return

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()


@pytest.mark.parametrize(
    ("broker", "variable", "kills"),
    [
        pytest.param("redis", "REDIS_URL", 2, marks=pytest.mark.service("redis")),
        pytest.param("amqp", "AMQP_URL", 1, marks=pytest.mark.service("rabbitmq")),
    ],
)
def test_killing_a_worker_of_celery(
    world: World, service_url: str, broker: str, variable: str, kills: int
) -> None:
    prefix = f"test-{secrets.token_hex(6)}."
    world.environment = {
        **world.environment,
        "SENTRY_TASK_BROKER": broker,
        variable: service_url,
        "SENTRY_TASK_QUEUE_PREFIX": prefix,
        "SENTRY_REDIS_PREFIX": prefix,
    }
    with (
        world.program(SENTRY, "run", "beat"),
        world.program(sys.executable, "-m", MODULE, "0", "500"),
    ):
        wait_until(lambda: len(world.numbers("made")) == 500)
        worker = [SENTRY, "run", "worker", "--concurrency", "2"]
        world.run_until_done(worker, kills=kills)
    assert world.check() == 500
    forget_queues(service_url, prefix)


def forget_queues(url: str, prefix: str) -> None:
    """Deletes the queues of this test."""
    if url.startswith("redis"):
        import redis

        with redis.Redis.from_url(url) as client:
            for key in client.scan_iter(f"{prefix}*"):
                client.delete(key)
        return
    from kombu import Connection, Queue

    with Connection(url) as connection:
        for name in ("chaos", "deletion", "maintenance", "sync", "webhooks"):
            Queue(f"{prefix}{name}", channel=connection.default_channel).delete()
