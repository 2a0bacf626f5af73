"""``sentry run web`` and ``sentry devserver``: processes that listen, answer and stop."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest
from gunicorn.http.errors import (  # type: ignore[import-untyped]
    ChunkMissingTerminator,
    ExpectationFailed,
    InvalidChunkSize,
    InvalidResponseHeader,
)

from sentry.runner.gunicorn_worker import answer_of, status_of
from sentry.runner.server import url_of
from tests.live import BIN, PATIENCE, Program, running
from tests.sentry.runner.conftest import Process, children_of

SENTRY = str(BIN / "sentry")
PAUSE = 0.05
SERVERS = ["granian", "gunicorn"]
RPC = "/sentry.integrations.scm.v1.ScmService/ListRepositories"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("server", SERVERS)
def test_both_servers_answer_and_stop_at_sigterm(
    process: Process, environment: Mapping[str, str], tmp_path: Path, server: str
) -> None:
    process("organization", "create", "Acme")
    words = ["--organization", "acme", "--scope", "repository:read"]
    key = process("apikey", "create", *words).stdout.strip()
    command = [
        SENTRY,
        "run",
        "web",
        "--no-tasks",
        "--port",
        "0",
        "--server",
        server,
        "--threads",
        "2",
    ]
    with running(command, environment, tmp_path) as program:
        assert program.url.startswith("http://127.0.0.1:")
        with httpx.Client(base_url=program.url, timeout=PATIENCE) as client:
            answer = client.post(RPC, json={}, headers={"x-api-key": key})
            assert (answer.status_code, answer.json()) == (200, {})
            assert client.post(RPC, json={}).status_code == 401
            assert client.get("/nowhere").status_code == 404
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(PATIENCE) == 0


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("server", SERVERS)
def test_idle_connections_shut_nobody_out(
    process: Process, environment: Mapping[str, str], tmp_path: Path, server: str
) -> None:
    command = [
        SENTRY,
        "run",
        "web",
        "--no-tasks",
        "--port",
        "0",
        "--server",
        server,
        "--threads",
        "1",
    ]
    with running(command, environment, tmp_path) as program:
        clients = [httpx.Client(base_url=program.url, timeout=PATIENCE) for _ in range(20)]
        try:
            assert {client.get("/nowhere").status_code for client in clients} == {404}
        finally:
            for client in clients:
                client.close()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("server", SERVERS)
def test_several_workers_print_one_line(
    process: Process, environment: Mapping[str, str], tmp_path: Path, server: str
) -> None:
    command = [
        SENTRY,
        "run",
        "web",
        "--no-tasks",
        "--port",
        "0",
        "--server",
        server,
        "--workers",
        "2",
    ]
    with running(command, environment, tmp_path) as program:
        assert httpx.get(f"{program.url}/nowhere", timeout=PATIENCE).status_code == 404


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("server", SERVERS)
def test_a_worker_that_was_killed_is_replaced(
    environment: Mapping[str, str], tmp_path: Path, server: str
) -> None:
    command = [
        SENTRY,
        "run",
        "web",
        "--no-tasks",
        "--port",
        "0",
        "--server",
        server,
        "--workers",
        "2",
    ]
    with running(command, environment, tmp_path) as program:
        killed, other = workers_of(program, count=2)
        os.kill(killed, signal.SIGKILL)
        after = workers_of(program, count=2, without=killed)
        assert other in after
        assert status_once_up(f"{program.url}/nowhere") == 404
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(PATIENCE) == 0


def workers_of(program: Program, *, count: int, without: int = 0) -> list[int]:
    """The ids of the worker processes, as soon as there are so many."""
    end = time.monotonic() + PATIENCE
    found: list[int] = []
    while len(found) < count and time.monotonic() < end:
        time.sleep(PAUSE)
        found = [pid for pid in children_of(program.process.pid) if pid != without]
    assert len(found) == count
    return found


def status_once_up(url: str) -> int:
    """The status of the answer, as soon as a worker listens."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return httpx.get(url, timeout=PATIENCE).status_code
        except httpx.TransportError:
            if time.monotonic() > end:
                raise
            time.sleep(PAUSE)


def raw(url: str, sent: bytes) -> tuple[int, str, dict[str, str]]:
    """Sends bytes as they are; the answer's status, content type and JSON."""
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 0), timeout=PATIENCE) as wire:
        wire.sendall(sent)
        answer = HTTPResponse(wire)
        answer.begin()
        return answer.status, answer.headers["content-type"], json.loads(answer.read())


CHUNKED = b"POST %s HTTP/1.1\r\nhost: x\r\ntransfer-encoding: %s\r\n\r\nzz\r\n"


@pytest.mark.usefixtures("installed")
def test_what_gunicorn_cannot_read_is_refused_with_a_text_of_ours(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    command = [SENTRY, "run", "web", "--no-tasks", "--port", "0", "--server", "gunicorn"]
    secret = b"hunter2" * 2000
    with running(command, environment, tmp_path) as program:
        for sent, status, text in (
            (b"GET /" + secret + b" HTTP/1.1\r\n\r\n", 414, "The request line is too long."),
            (
                b"GET / HTTP/1.1\r\nx: " + secret + b"\r\n\r\n",
                431,
                "The request headers are too large.",
            ),
            (b"hunter2\r\n\r\n", 400, "The request is malformed."),
            (b"GET / HTTP/1.1\r\nhun ter2: x\r\n\r\n", 400, "The request is malformed."),
            (CHUNKED % (RPC.encode(), b"hunter2"), 501, "The transfer coding is not supported."),
        ):
            assert raw(program.url, sent) == (status, "application/json", {"detail": text})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidChunkSize(b"zz"), 400),
        (ChunkMissingTerminator(b"zz"), 400),
        (ExpectationFailed("hunter2"), 417),
        (InvalidResponseHeader("hunter2"), 500),
        (ssl.SSLError("hunter2"), 403),
        (ValueError("hunter2"), 500),
    ],
)
def test_gunicorns_errors_have_a_status_and_a_fixed_text(error: Exception, status: int) -> None:
    assert status_of(error) == status
    head, _, body = answer_of(status).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert list(json.loads(body)) == ["detail"]
    assert b"hunter2" not in body


def test_devserver_prepares_the_database_and_runs(
    environment: Mapping[str, str], tmp_path: Path, process: Process
) -> None:
    command = [SENTRY, "devserver", "--workers=0", "--port", "0"]
    with running(command, environment, tmp_path) as program:
        assert httpx.get(f"{program.url}/nowhere", timeout=PATIENCE).status_code == 404
    assert process("upgrade").stdout == "the database is up to date\n"


def test_devserver_binds_an_address_and_runs_beside_gunicorn(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    command = [SENTRY, "devserver", "--workers=1", "--bind", "127.0.0.1:0", "--reload"]
    with running(command, environment, tmp_path) as program:
        assert httpx.get(f"{program.url}/nowhere", timeout=PATIENCE).status_code == 404


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("server", SERVERS)
def test_an_address_that_is_taken_is_told(process: Process, server: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = ["run", "web", "--port", str(port), "--server", server]
        done = process(*words, status=1)
    assert done.stderr == f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


@pytest.mark.usefixtures("installed")
def test_an_address_of_another_machine_is_told(process: Process) -> None:
    done = process("run", "web", "--host", "192.0.2.1", "--port", "0", status=1)
    assert "cannot listen on 192.0.2.1" in done.stderr


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("bind", ["nonsense", "127.0.0.1:", "127.0.0.1:99999", ":x"])
def test_a_bind_that_is_no_address_is_wrong_usage(process: Process, bind: str) -> None:
    assert "--bind: expected ADDRESS:PORT" in process("devserver", "--bind", bind, status=2).stderr


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::", "http://[::1]:9000"),
        ("fd00::1", "http://[fd00::1]:9000"),
        ("sentry.example", "http://sentry.example:9000"),
    ],
)
def test_the_url_is_one_that_can_be_opened(host: str, url: str) -> None:
    assert url_of(host, 9000) == url


SLOW = """
import sys, types

def application(environ, start_response):
    print("begun", flush=True)
    open(sys.argv[1]).read()  # until the test writes into the pipe
    start_response("200 OK", [("content-length", "4")])
    return [b"done"]

sys.modules["sentry.wsgi"] = types.SimpleNamespace(application=application)
from sentry.runner.server import ServerConfig, serve_granian
serve_granian(ServerConfig(host="127.0.0.1", port=0, workers=1, threads=2))
"""


def test_what_was_begun_is_finished_after_sigterm(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with (
        ThreadPoolExecutor(1) as pool,
        subprocess.Popen(
            [sys.executable, "-c", SLOW, str(pipe)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as program,
    ):
        limit = threading.Timer(PATIENCE, program.kill)
        limit.start()
        assert program.stdout is not None
        url = program.stdout.readline().removeprefix("Listening on ").strip()
        answer = pool.submit(httpx.get, url, timeout=PATIENCE)
        assert program.stdout.readline() == "begun\n"
        program.terminate()
        pipe.write_text("go on")
        assert answer.result(PATIENCE).text == "done"
        assert program.wait(PATIENCE) == 0
        limit.cancel()
