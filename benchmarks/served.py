"""What is measured over sockets: requests a second, and memory.

The product is served as in operation: one granian worker with 4 threads. Loads come from processes
of their own (see ``benchmarks.load``), 8 connections in all, so that every thread always has work.
"""

import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks import calls, processes, seed
from benchmarks.report import Figure, at_least, at_most, ratio_of_rounds

CONNECTIONS = 8
ROUNDS = 5
SECONDS = 2.0
THREADS = 4
BUSY = 0.85
REQUESTS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A server, the port that it listens on, and the bytes of the request that it gets."""

    pid: int
    port: int
    request: bytes
    module: str = "benchmarks.load"
    key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What a load did: requests a second, the server's use of one core, failed requests."""

    rate: float
    busy: float
    errors: int
    body: bytes


@contextmanager
def _started(command: list[str], data: seed.Seed) -> Iterator["subprocess.Popen[str]"]:
    environment = {**os.environ, **seed.environment(data.home)}
    process = subprocess.Popen(
        command,
        cwd=seed.TOP,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def product_server(data: seed.Seed) -> Iterator[tuple[int, int]]:
    """The product (and the yardstick) in one granian worker: (pid of the parent, port)."""
    command = [
        sys.executable,
        "-m",
        "sentry.runner.main",
        "run",
        "web",
        "--no-tasks",
        "--port",
        "0",
    ]
    with _started([*command, "--threads", str(THREADS)], data) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"istening on http://[^:]+:(\d+)", line):
                yield process.pid, int(found[1])
                return
        raise RuntimeError("the server did not start")


@contextmanager
def native_server(data: seed.Seed) -> Iterator[tuple[int, int]]:
    """The native gRPC server: (pid, port)."""
    with _started([sys.executable, "-m", "benchmarks.native_server"], data) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())


def _read(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line: str = process.stdout.readline()
    return line


def _write(process: "subprocess.Popen[str]", text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()


def apply_load(target: Target, *, clients: int = 1, count: int | None = None) -> Load:
    """Loads the target from ``clients`` processes, for ``SECONDS`` or ``count`` requests."""
    task: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": target.port,
        "request": base64.b64encode(target.request).decode("ascii"),
        "connections": CONNECTIONS // clients,
        "key": target.key,
    }
    task |= {"count": count} if count else {"seconds": SECONDS}
    with ExitStack() as stack:
        loads = [stack.enter_context(_client(target.module, task)) for _ in range(clients)]
        pid = processes.worker(target.pid)
        before, began = processes.usage(pid).cpu_seconds, time.monotonic()
        for process in loads:
            _write(process, "go")
        facts = [json.loads(_read(process)) for process in loads]
        seconds = time.monotonic() - began
        used = processes.usage(pid).cpu_seconds - before
    return Load(
        rate=sum(each["done"] / each["seconds"] for each in facts),
        busy=used / seconds,
        errors=sum(each["errors"] for each in facts),
        body=base64.b64decode(facts[0]["body"]),
    )


@contextmanager
def _client(module: str, task: dict[str, Any]) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", module]
    process = subprocess.Popen(
        command, cwd=seed.TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        _write(process, json.dumps(task))
        assert _read(process).strip() == "ready"
        yield process
    finally:
        process.terminate()
        process.communicate()


class Requests:
    """The same read in the forms that are compared."""

    def __init__(self, data: seed.Seed) -> None:
        from sentry.integrations.grpc.generated import scm_pb2

        number = data.repository_id
        message = scm_pb2.GetRepositoryRequest(repository_id=number)
        key = {"x-api-key": data.api_key}
        rest = f"/api/0/organizations/{data.organization_slug}/repos/{number}/"
        self.message = message.SerializeToString()
        self.rpc = calls.http("POST", calls.SERVICE + "GetRepository", key, calls.framed(message))
        self.rest = calls.http("GET", rest, key)
        self.yardstick = calls.http("GET", f"/yardstick/repositories/{number}/", key)


def _compare(first: Target, second: Target, *, clients: int = 1) -> tuple[float, list[Load]]:
    """The ratio of requests a second in alternating rounds, and all loads in order."""
    loads: list[Load] = []
    rounds = []
    for _ in range(ROUNDS):
        pair = [apply_load(first, clients=clients), apply_load(second, clients=clients)]
        rounds.append((pair[0].rate, pair[1].rate))
        loads += pair
    return ratio_of_rounds(rounds), loads


def _why_invalid(loads: list[Load]) -> str:
    errors = sum(load.errors for load in loads)
    if errors:
        return f"{errors} requests failed"
    idle = min(load.busy for load in loads)
    if idle < BUSY:
        return f"a server used only {idle:.0%} of a core"
    return ""


def drf_yardstick(data: seed.Seed) -> Iterable[Figure]:
    """The RPC and the product's own REST read over a plain DRF view in the same process."""
    requests = Requests(data)
    with product_server(data) as (pid, port):
        rpc, rest, yardstick = (
            Target(pid=pid, port=port, request=request)
            for request in (requests.rpc, requests.rest, requests.yardstick)
        )
        for name, target, bar in (
            ("rpc_over_drf_yardstick", rpc, at_least(1.8)),
            ("rest_over_drf_yardstick", rest, at_least(0.7)),
        ):
            ratio, loads = _compare(target, yardstick)
            why = _why_invalid(loads)
            yield Figure(name=name, value=ratio, unit="ratio", bar=bar, invalid=why)


def native_grpc(data: seed.Seed) -> Iterable[Figure]:
    """The RPC over the same action and key check behind a native gRPC server."""
    requests = Requests(data)
    with product_server(data) as (web, port), native_server(data) as (native, native_port):
        ours = Target(pid=web, port=port, request=requests.rpc)
        theirs = Target(
            pid=native,
            port=native_port,
            request=requests.message,
            module="benchmarks.native_load",
            key=data.api_key,
        )
        ratio, loads = _compare(ours, theirs, clients=2)
    why = _why_invalid(loads)
    if not why and loads[1].body not in loads[0].body:
        why = "the two servers answered different messages"
    name = "rpc_over_native_grpc"
    yield Figure(name=name, value=ratio, unit="ratio", bar=at_least(1.0), invalid=why)


def memory(data: seed.Seed) -> Iterable[Figure]:
    """One web worker's resident memory after 10,000 requests, and its growth over the next."""
    requests = Requests(data)
    with product_server(data) as (pid, port):
        measured = []
        errors = 0
        for _ in range(2):
            for request in (requests.rpc, requests.rest):
                target = Target(pid=pid, port=port, request=request)
                errors += apply_load(target, count=REQUESTS // 2).errors
            measured.append(processes.usage(processes.worker(pid)).rss_mb)
    why = f"{errors} requests failed" if errors else ""
    growth = 100 * (measured[1] - measured[0]) / measured[0]
    yield Figure(name="rss_web_mb", value=measured[0], unit="MiB", bar=at_most(200), invalid=why)
    yield Figure(
        name="rss_web_growth_pct", value=growth, unit="percent", bar=at_most(5), invalid=why
    )
