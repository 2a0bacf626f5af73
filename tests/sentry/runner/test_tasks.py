"""Background work by command: the runner beside the web server, workers, beat, dead letters."""

import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from sentry.models import TaskStatus
from sentry.runner import journal
from sentry.runner.supervisor import next_pause
from sentry.testutils.cases import TestCase
from sentry.testutils.factories import Factories
from tests.live import BIN, PATIENCE, ROOT, running
from tests.sentry.runner.conftest import Process, Sentry, children_of

SENTRY = str(BIN / "sentry")
PAUSE = 0.05
_INSERT = (
    "INSERT INTO sentry_taskrecord (name, queue, arguments, status, attempts, available_at,"
    " message_due_at, claim, error, request_id, date_added)"
    " VALUES (?, 'maintenance', '{\"args\": [], \"kwargs\": {}}', 0, ?,"
    " '2026-01-01 00:00:00', '2026-01-01 00:00:00', '', '', '', '2026-01-01 00:00:00')"
)


def add_task(home: Path, *, name: str = "sentry.tasks.sweep_expired", attempts: int = 0) -> int:
    """Writes a task's record into the installation's database; its id."""
    with closing(sqlite3.connect(home / "sentry.db", timeout=PATIENCE)) as database, database:
        return database.execute(_INSERT, [name, attempts]).lastrowid or 0


def wait_until_done(home: Path, number: int) -> None:
    def is_done() -> bool:
        with closing(sqlite3.connect(home / "sentry.db", timeout=PATIENCE)) as database:
            found = database.execute("SELECT 1 FROM sentry_taskrecord WHERE id = ?", [number])
            return found.fetchone() is None

    wait_for(is_done)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(PAUSE)


def program_of(pid: int) -> str:
    done = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return done.stdout


def child_called(parent: int, module: str) -> int:
    """The id of the child that runs this module, as soon as there is one."""
    found: list[int] = []

    def look() -> bool:
        found[:] = [pid for pid in children_of(parent) if module in program_of(pid)]
        return bool(found)

    wait_for(look)
    return found[0]


def is_gone(pid: int) -> bool:
    return not program_of(pid).strip()


@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_the_runner_beside_the_web_server_lives_as_long_as_it(
    installed: Path, environment: Mapping[str, str], tmp_path: Path, server: str
) -> None:
    command = [SENTRY, "run", "web", "--port", "0", "--server", server]
    with running(command, environment, tmp_path) as program:
        supervisor = child_called(program.process.pid, "sentry.runner.supervisor")
        runner = child_called(supervisor, "sentry.runner.embedded")
        wait_until_done(installed, add_task(installed))
        os.kill(runner, signal.SIGKILL)
        wait_for(lambda: is_gone(runner))
        another = child_called(supervisor, "sentry.runner.embedded")
        wait_until_done(installed, add_task(installed))
        os.kill(supervisor, signal.SIGKILL)
        wait_for(lambda: is_gone(supervisor) and is_gone(another))
        supervisor = child_called(program.process.pid, "sentry.runner.supervisor")
        wait_until_done(installed, add_task(installed))
        left = children_of(program.process.pid) + children_of(supervisor)
        assert len(left) >= 3
        os.kill(program.process.pid, signal.SIGKILL)
        wait_for(lambda: all(is_gone(pid) for pid in left))


@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_the_runner_ends_before_the_web_server_that_is_told_to(
    installed: Path, environment: Mapping[str, str], tmp_path: Path, server: str
) -> None:
    command = [SENTRY, "run", "web", "--port", "0", "--server", server]
    with running(command, environment, tmp_path) as program:
        wait_until_done(installed, add_task(installed))
        supervisor = child_called(program.process.pid, "sentry.runner.supervisor")
        (runner,) = children_of(supervisor)
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(PATIENCE) == 0
        assert is_gone(supervisor)
        assert is_gone(runner)


@contextmanager
def started(
    command: list[str], environment: Mapping[str, str], cwd: Path
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command, env=environment, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_task_that_ignores_its_time_limit_costs_one_runner_and_holds_nobody_up(
    installed: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    variables = {
        **environment,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "tests.sentry.runner.chaos_settings",
    }
    stuck = add_task(installed, name="tests.get_stuck", attempts=3)
    command = [sys.executable, "-m", "sentry.runner.supervisor", str(os.getpid())]
    with started(command, variables, tmp_path) as supervisor:
        wait_for(lambda: attempts_of(installed, stuck) == 4)
        wait_until_done(installed, add_task(installed))
        wait_for(lambda: error_of(installed, stuck).endswith("WorkerLostError"))
        assert attempts_of(installed, stuck) == 5  # claimed once more, to be given up
        supervisor.terminate()
        assert supervisor.wait(PATIENCE) == 0
        told = supervisor.communicate()[1]
    ended = f"the runner of background work ended with status 1 while it ran record {stuck};"
    assert told.count(ended) == 1
    assert "in get_stuck" in told


def attempts_of(home: Path, number: int) -> int:
    return fate_of(home, number)[0]


def error_of(home: Path, number: int) -> str:
    return fate_of(home, number)[1]


def fate_of(home: Path, number: int) -> tuple[int, str]:
    query = "SELECT attempts, error FROM sentry_taskrecord WHERE id = ?"
    with closing(sqlite3.connect(home / "sentry.db", timeout=PATIENCE)) as database:
        ((attempts, error),) = database.execute(query, [number])
        return attempts, error


def test_the_pause_before_a_runner_starts_again_grows_while_it_does_nothing() -> None:
    pauses = [0.5]
    for _ in range(8):
        pauses.append(next_pause(pauses[-1], ended=0, lived=1))
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert next_pause(30, ended=1, lived=1) == next_pause(30, ended=0, lived=61) == 0.5


def test_a_journal_says_what_runs_when_its_writer_is_killed() -> None:
    with tempfile.TemporaryFile() as file:
        assert journal.read(file.fileno()) == (0, 0)
        notes = journal.Journal(file.fileno())
        with notes.running(7):
            assert journal.read(file.fileno()) == (7, 0)
        assert journal.read(file.fileno()) == (0, 1)


def test_a_worker_without_a_broker_is_the_embedded_runner(
    installed: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    number = add_task(installed)
    command = [SENTRY, "run", "worker", "--queue", "maintenance"]
    with started(command, environment, tmp_path) as worker:
        wait_until_done(installed, number)
        worker.terminate()
        assert worker.wait(PATIENCE) == 0
        assert worker.communicate() == ("", "")


def test_beat_starts_the_schedule_and_stops_at_sigterm(
    installed: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    def has_started() -> bool:
        with closing(sqlite3.connect(installed / "sentry.db", timeout=PATIENCE)) as database:
            names = database.execute("SELECT name FROM sentry_taskrecord WHERE key = 'periodic'")
            return {name for (name,) in names} == {
                "sentry.tasks.sweep_deletions",
                "sentry.tasks.sweep_expired",
                "sentry.tasks.sweep_webhooks",
            }

    with started([SENTRY, "run", "beat"], environment, tmp_path) as beat:
        wait_for(has_started)
        beat.terminate()
        assert beat.wait(PATIENCE) == 0
        assert beat.communicate() == ("", "")


@pytest.mark.service("redis")
def test_beat_sends_what_has_no_message_to_a_worker_of_celery(
    installed: Path, environment: Mapping[str, str], tmp_path: Path, service_url: str
) -> None:
    prefix = f"test-{secrets.token_hex(6)}:"
    variables = {
        **environment,
        "SENTRY_TASK_BROKER": "redis",
        "REDIS_URL": service_url,
        "SENTRY_REDIS_PREFIX": prefix,
        "SENTRY_LOG_LEVEL": "ERROR",
    }
    number = add_task(installed)
    worker_command = [SENTRY, "run", "worker", "--queue", "maintenance"]
    with (
        started([SENTRY, "run", "beat"], variables, tmp_path) as beat,
        started(worker_command, variables, tmp_path) as worker,
    ):
        wait_until_done(installed, number)
        for process in (beat, worker):
            process.terminate()
            assert process.wait(PATIENCE) == 0
    with redis.Redis.from_url(service_url) as client:
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)


@pytest.mark.usefixtures("installed")
def test_wrong_usage_of_a_worker(process: Process) -> None:
    done = process("run", "worker", "--queue", "nobody", status=2)
    assert "no task has the queue nobody; there are deletion, maintenance" in done.stderr
    done = process("run", "worker", "--concurrency", "2", status=2)
    assert "start several workers" in done.stderr
    for service in ("web", "worker", "beat"):
        done = process("run", service, status=1, SENTRY_TASK_BROKER="amqp")
        assert done.stderr == "Error: SENTRY_TASK_BROKER=amqp needs AMQP_URL\n"
    done = process("run", "beat", status=1, SENTRY_TASK_BROKER="pigeon")
    assert "SENTRY_TASK_BROKER: expected one of EMBEDDED, REDIS, AMQP" in done.stderr


@pytest.mark.usefixtures("installed")
@pytest.mark.service("rabbitmq")
def test_a_service_that_the_broker_refuses_says_so_in_one_line(
    process: Process, service_url: str
) -> None:
    address = urlsplit(service_url)
    given = {
        "SENTRY_TASK_BROKER": "amqp",
        "AMQP_URL": f"amqp://guest:hunter2@{address.hostname}:{address.port}//",
    }
    done = process("run", "worker", status=1, **given)
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: the broker at AMQP_URL cannot be used as configured: ")
    assert "ACCESS_REFUSED" in line
    assert "hunter2" not in line


REFUSED_LATER = """
from sentry.runner import configure, embedded
configure()
from sentry.taskqueue import messenger
messenger.check = lambda: None  # as if the broker had been down then
embedded.run_worker(queues=None, concurrency=1)
"""


@pytest.mark.usefixtures("installed")
@pytest.mark.service("rabbitmq")
def test_a_worker_that_is_refused_later_ends_with_status_1(
    environment: Mapping[str, str], tmp_path: Path, service_url: str
) -> None:
    address = urlsplit(service_url)
    given = {
        **environment,
        "SENTRY_TASK_BROKER": "amqp",
        "AMQP_URL": f"amqp://guest:hunter2@{address.hostname}:{address.port}//",
    }
    with started([sys.executable, "-c", REFUSED_LATER], given, tmp_path) as worker:
        assert worker.wait(PATIENCE) == 1
        assert "ACCESS_REFUSED" in worker.communicate()[1]


class DeadLettersTest(TestCase):
    @pytest.fixture(autouse=True)
    def _commands(self, sentry: Sentry, sentry_json: Callable[..., Any]) -> None:
        self.sentry, self.json = sentry, sentry_json

    def failed(self, **fields: Any) -> int:
        given = {"status": TaskStatus.FAILED, "attempts": 4, "error": "builtins.KeyError", **fields}
        return Factories.create_task_record(**given).pk

    def test_they_are_listed_and_started_anew(self):
        first, second = self.failed(), self.failed(name="sentry.tasks.other")
        listed = self.json("tasks", "failed")
        assert [(row["id"], row["error"]) for row in listed] == [
            (second, "builtins.KeyError"),
            (first, "builtins.KeyError"),
        ]
        assert len(self.json("tasks", "failed", "--limit", "1")) == 1
        assert f"{first}" in self.sentry("tasks", "failed").stdout
        text = self.sentry("tasks", "retry", "--all", "--name", "sentry.tasks.other").stdout
        assert text == "started 1 tasks anew\n"
        assert self.sentry("tasks", "retry", str(first)).stdout == f"started task {first} anew\n"
        assert self.json("tasks", "failed") == []
        assert "failed task not found" in self.sentry("tasks", "retry", str(first), status=1).output

    def test_queues_are_listed_with_what_they_hold(self):
        Factories.create_task_record()
        self.failed()
        rows = {row.pop("queue"): row for row in self.json("tasks", "queues")}
        assert rows["maintenance"]["pending"] == rows["maintenance"]["failed"] == 1
        assert rows["deletion"] == {"pending": 0, "failed": 0, "oldest_wait": "0:00:00"}
        assert "maintenance" in self.sentry("tasks", "queues").stdout

    def test_retry_wants_one_id_or_all(self):
        for words in ([], ["1", "--all"], ["1", "--name", "x"], ["--name", "x"]):
            assert "give one ID, or --all" in self.sentry("tasks", "retry", *words, status=2).output

    def test_what_is_no_id_is_refused_by_saying_what_is(self):
        for word in ("abc", "0", "1.5", "9" * 4301):
            told = self.sentry("tasks", "retry", word, status=2).output
            assert f"expected an id (a whole number from 1), not {word!r}" in told
