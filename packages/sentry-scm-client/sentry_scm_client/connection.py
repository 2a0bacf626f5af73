"""The sync transport: does over httpx what a Call says."""

import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx
from google.protobuf.message import Message

from .call import Call, LastRateLimit
from .errors import ScmError
from .retry import Clock

M = TypeVar("M", bound=Message)


class Stream(Iterator[M], Generic[M]):
    """The messages of a streaming call, as they arrive. The request is sent at the first `next`.

    `close()`, or leaving a `with` block, ends the call and closes its connection. An iteration
    that runs to its end needs neither.
    """

    def __init__(self, messages: Generator[M, None, None]) -> None:
        self._messages = messages

    def __next__(self) -> M:
        """The next message; raises ScmError where the call fails."""
        return next(self._messages)

    def close(self) -> None:
        """End the call; a second time does nothing."""
        self._messages.close()

    def __enter__(self) -> Self:
        """Use the stream in a `with` block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the call."""
        self.close()


class SyncConnection:
    """Carries calls over one httpx.Client. Safe to share between threads."""

    def __init__(self, http: httpx.Client, auth: httpx.Auth, clock: Clock) -> None:
        self.rate_limit = LastRateLimit()
        self._http = http
        self._auth = auth
        self._clock = clock

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def unary(self, call: Call[M]) -> M:
        """Run a call with one answer. Raises ScmError; RuntimeError on a closed client."""
        while True:
            try:
                answers = list(self._attempt(call))
            except ScmError as error:
                delay = call.delay_after(error)
                if delay is None:
                    raise
            else:
                return answers[0]
            self._clock.sleep(delay)

    def stream(self, call: Call[M]) -> Generator[M, None, None]:
        """Run a call with many answers; it is repeated only before the first one."""
        while True:
            try:
                with closing(self._attempt(call)) as messages:
                    for message in messages:
                        call.started = True
                        yield message
            except ScmError as error:
                delay = call.delay_after(error)
                if delay is None:
                    raise
            else:
                return
            self._clock.sleep(delay)

    def _attempt(self, call: Call[M]) -> Generator[M, None, None]:
        if self._http.is_closed:
            raise RuntimeError("the client is closed")
        response = self._open(call)
        try:
            self.rate_limit.note(response.headers)
            reader = call.reader(response)
            with _cut_at_deadline(response, call):
                for chunk in _chunks(response, call):
                    yield from reader.feed(chunk)
            reader.finish()
        finally:
            response.close()

    def _open(self, call: Call[M]) -> httpx.Response:
        request = call.request(self._http)
        try:
            return self._http.send(request, stream=True, auth=self._auth)
        except httpx.TransportError as cause:
            failure = call.failure(cause)
        # Raised out here, so that no traceback leads into httpx, whose frames hold the headers.
        raise failure


def _chunks(response: httpx.Response, call: Call[M]) -> Iterator[bytes]:
    """Yield the body as it arrives; raises where the deadline passes before its end."""
    response.request.extensions["timeout"]["read"] = call.deadline.remaining()
    chunks = response.iter_bytes()
    while True:
        try:
            chunk = next(chunks, None)
        except httpx.TransportError as cause:
            failure = call.failure(cause)
        else:
            call.deadline.remaining()
            if chunk is None:
                return
            yield chunk
            continue
        raise failure


@contextmanager
def _cut_at_deadline(response: httpx.Response, call: Call[M]) -> Iterator[None]:
    """Shut a stream's socket at the deadline, which wakes a read that waits on it.

    httpx bounds each read alone: a server that goes silent after its first message would be
    waited for up to twice the deadline. A call with one answer needs no thread for that.
    """
    stream = response.extensions.get("network_stream")
    remaining = call.deadline.remaining()
    if call.single or stream is None or remaining is None:
        yield
        return
    timer = threading.Timer(remaining, _shut, [stream.get_extra_info("socket")])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(connected: socket.socket) -> None:
    """Shut a socket under its reader; TLS's own shutdown would pull away what the reader holds."""
    with suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
