"""Streams: order, early ends, failures on the way."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from connectrpc.code import Code

from sentry_scm_client import (
    AsyncScmClient,
    BlameRange,
    NotFound,
    RetryPolicy,
    ScmClient,
    Unavailable,
)

from .conftest import Driver, OpenDriver
from .loopback import FakeClock, ScmBackend, failure


class Endless:
    """A stream that ends only when its reader goes; `closed` tells that the server noticed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __call__(self, request: object) -> Iterator[BlameRange]:
        try:
            line = 0
            while True:
                line += 1
                yield BlameRange(start_line=line, end_line=line, lines=["x" * 2000])
        finally:
            self.closed.set()


def test_messages_arrive_before_the_stream_ends(host: str, backend: ScmBackend):
    gate = threading.Event()

    def answer(_: object) -> Iterator[BlameRange]:
        yield BlameRange(start_line=1)
        assert gate.wait(20)
        yield BlameRange(start_line=2)

    backend.answers["StreamFileBlame"] = answer
    with ScmClient(host, "k", secure=False) as client:
        stream = client.stream_file_blame(3, "abc1", "a.py")
        assert next(stream).start_line == 1
        gate.set()
        assert [message.start_line for message in stream] == [2]


def test_closing_early_ends_the_call(host: str, backend: ScmBackend):
    backend.answers["StreamFileBlame"] = endless = Endless()
    with ScmClient(host, "k", secure=False) as client:
        with client.stream_file_blame(3, "abc1", "a.py") as stream:
            assert next(stream).start_line == 1
        assert endless.closed.wait(20)
        assert list(stream) == []
        assert client.get_repository(1) is not None


def test_closing_the_async_stream_early_ends_the_call(host: str, backend: ScmBackend):
    backend.answers["StreamFileBlame"] = endless = Endless()

    async def run() -> None:
        async with AsyncScmClient(host, "k", secure=False) as client:
            async with client.stream_file_blame(3, "abc1", "a.py") as stream:
                assert (await anext(stream)).start_line == 1
            assert await asyncio.to_thread(endless.closed.wait, 20)
            assert [message async for message in stream] == []
            assert await client.get_repository(1) is not None

    asyncio.run(run())


def test_cancelling_a_task_ends_its_stream(host: str, backend: ScmBackend):
    backend.answers["StreamFileBlame"] = endless = Endless()

    async def run() -> None:
        async with AsyncScmClient(host, "k", secure=False) as client:
            begun = asyncio.Event()

            async def read() -> None:
                async for _ in client.stream_file_blame(3, "abc1", "a.py"):
                    begun.set()

            task = asyncio.create_task(read())
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(endless.closed.wait, 20)

    asyncio.run(run())


def test_stream_that_was_never_read_makes_no_call(host: str, backend: ScmBackend):
    with ScmClient(host, "k", secure=False) as client:
        client.stream_file_blame(3, "abc1", "a.py").close()
    assert backend.seen == []


def test_empty_stream(driver: Driver, backend: ScmBackend):
    backend.answers["StreamFileBlame"] = lambda _: []
    assert driver.call("stream_file_blame", 3, "abc1", "a.py") == []


def test_failure_before_the_first_message(driver: Driver, backend: ScmBackend):
    def answer(_: object) -> Iterator[BlameRange]:
        raise failure(Code.NOT_FOUND, "no such file")

    backend.answers["StreamFileBlame"] = answer
    with pytest.raises(NotFound, match="no such file"):
        driver.call("stream_file_blame", 3, "abc1", "a.py")


def test_failure_after_messages_is_not_retried(host: str, backend: ScmBackend):
    def answer(_: object) -> Iterator[BlameRange]:
        yield BlameRange(start_line=1)
        raise failure(Code.UNAVAILABLE, "the host went away")

    backend.answers["StreamFileBlame"] = answer
    clock = FakeClock()
    with ScmClient(host, "k", secure=False, clock=clock) as client:
        stream = client.stream_file_blame(3, "abc1", "a.py")
        assert next(stream).start_line == 1
        with pytest.raises(Unavailable, match="went away"):
            next(stream)
    assert clock.waits == []
    assert len(backend.seen) == 1


def test_failure_before_messages_is_retried(
    open_driver: OpenDriver, host: str, backend: ScmBackend
):
    def answer(_: object) -> Iterator[BlameRange]:
        if len(backend.seen) == 1:
            raise failure(Code.UNAVAILABLE, "try again")
        yield BlameRange(start_line=1)

    backend.answers["StreamFileBlame"] = answer
    clock = FakeClock()
    driver = open_driver(host, clock=clock, retries=RetryPolicy(initial_backoff=0.5))
    assert len(driver.call("stream_file_blame", 3, "abc1", "a.py")) == 1
    assert clock.waits == [0.25]
