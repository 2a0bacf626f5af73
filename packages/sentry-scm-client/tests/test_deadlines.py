"""Deadlines: the server learns of them, and the client keeps them when the server does not."""

import math
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import httpx
import pytest

from sentry_scm_client import (
    BatchGetCommitContextResponse,
    BlameRange,
    CommitContextResult,
    DeadlineExceeded,
    NotFound,
    Repository,
    RetryPolicy,
    ScmClient,
    StatusCode,
    Unavailable,
)

from .authority import Authority
from .conftest import Driver, OpenDriver
from .loopback import FakeClock, ScmBackend, message_answer, serve, status_answer


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds the server back until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_slow_server(driver: Driver, backend: ScmBackend, gate: threading.Event):
    def answer(_: object) -> Repository:
        gate.wait(30)
        return Repository()

    backend.answers["GetRepository"] = answer
    with pytest.raises(DeadlineExceeded) as caught:
        driver.call("get_repository", 1, timeout=0.2)
    assert caught.value.code() is StatusCode.DEADLINE_EXCEEDED
    assert caught.value.details() == "no answer within 0.2 s"
    gate.set()
    backend.answers.clear()
    driver.call("get_repository", 1)


def test_stream_that_stalls(driver: Driver, backend: ScmBackend, gate: threading.Event):
    def answer(_: object) -> Iterator[BlameRange]:
        yield BlameRange(start_line=1)
        gate.wait(30)
        yield BlameRange(start_line=2)

    backend.answers["StreamFileBlame"] = answer
    with pytest.raises(DeadlineExceeded):
        driver.call("stream_file_blame", 3, "abc1", "a.py", timeout=0.3)


class Patient(httpx.HTTPTransport):
    """A transport whose reads wait for ever, so that only the client itself can end them."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        request.extensions["timeout"] = _Forever()
        return response


class _Forever(dict[str, float | None]):
    def __setitem__(self, name: str, seconds: float | None) -> None:
        """Take no timeout."""


@pytest.mark.parametrize("secure", [False, True])
def test_silent_stream_is_cut_at_its_deadline(
    backend: ScmBackend, gate: threading.Event, tmp_path: Path, secure: bool
):
    released: Queue[bool] = Queue()

    def answer(_: object) -> Iterator[BlameRange]:
        yield BlameRange(start_line=1)
        released.put(gate.wait(30))

    backend.answers["StreamFileBlame"] = answer
    authority = Authority(tmp_path)
    server = authority.server_context("127.0.0.1") if secure else None
    trusting = ssl.create_default_context(cafile=authority.ca_file)
    with serve(backend.application(), server) as host:
        transport = Patient(verify=trusting)
        with ScmClient(host, "k", secure=secure, transport=transport) as client:
            stream = client.stream_file_blame(3, "abc1", "a.py", timeout=0.5)
            assert next(stream).start_line == 1
            with pytest.raises(DeadlineExceeded, match=r"within 0\.5 s"):
                next(stream)
            gate.set()
    # Had the client waited for the server, the gate would have stayed shut to the end.
    assert released.get(timeout=60) is True


@pytest.mark.parametrize(
    ("timeout", "header"),
    [
        (2.5, "2500m"),
        (0.0004, "1m"),
        (99_999.999, "99999999m"),
        (100_000.0, "100000S"),
        (1e12, "99999999S"),
        (math.inf, None),
        (None, "30000m"),
    ],
)
def test_server_is_told(timeout: float | None, header: str | None):
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return message_answer(Repository())

    transport = httpx.MockTransport(answer)
    with ScmClient("h", "k", transport=transport, clock=FakeClock()) as client:
        client.get_repository(1, timeout=timeout)
    assert seen[0].headers.get("grpc-timeout") == header


def test_client_without_a_timeout():
    transport = httpx.MockTransport(lambda _: message_answer(Repository(id=4)))
    with ScmClient("h", "k", transport=transport, timeout=None) as client:
        assert client.get_repository(1).id == 4


@pytest.mark.parametrize("timeout", [0, -1, math.nan])
def test_timeout_that_is_none(open_driver: OpenDriver, timeout: float):
    with pytest.raises(ValueError, match="timeout"):
        open_driver("h", timeout=timeout)
    with pytest.raises(ValueError, match="timeout"):
        open_driver("h").call("get_repository", 1, timeout=timeout)


def test_deadline_covers_all_attempts(open_driver: OpenDriver):
    clock = FakeClock(chance=0.999)
    left: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        left.append(request.headers["grpc-timeout"])
        clock.now += 2.5
        return status_answer(14, "down")

    driver = open_driver(
        "h",
        transport=httpx.MockTransport(answer),
        clock=clock,
        retries=RetryPolicy(max_attempts=99, initial_backoff=1, max_backoff=1),
    )
    with pytest.raises(Unavailable, match="down"):
        driver.call("get_repository", 1, timeout=10)
    assert left == ["10000m", "6501m", "3002m"]


def test_deadline_that_passes_while_the_answer_arrives(open_driver: OpenDriver):
    clock = FakeClock()

    def answer(_: httpx.Request) -> httpx.Response:
        clock.now += 11.0
        return message_answer(Repository())

    driver = open_driver("h", transport=httpx.MockTransport(answer), clock=clock)
    with pytest.raises(DeadlineExceeded, match="within 10 s"):
        driver.call("get_repository", 1, timeout=10)


def test_batch_shares_one_deadline(open_driver: OpenDriver):
    clock = FakeClock()
    left: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        left.append(request.headers["grpc-timeout"])
        clock.now += 4.0
        return status_answer(5, "gone") if len(left) > 1 else _hundred()

    driver = open_driver("h", transport=httpx.MockTransport(answer), clock=clock)
    with pytest.raises(NotFound, match="gone"):
        driver.call("batch_get_commit_context", [(1, "abcd", "a", 1)] * 150, timeout=10)
    assert left == ["10000m", "6000m"]


def _hundred() -> httpx.Response:
    results = [CommitContextResult() for _ in range(100)]
    return message_answer(BatchGetCommitContextResponse(results=results))
