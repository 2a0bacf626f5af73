"""The async transport: does over httpx and asyncio what a Call says."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx
from google.protobuf.message import Message

from .call import Call, LastRateLimit
from .errors import ScmError
from .retry import Clock

M = TypeVar("M", bound=Message)


class AsyncStream(AsyncIterator[M], Generic[M]):
    """The messages of a streaming call, as they arrive. The request is sent at the first `anext`.

    `await aclose()`, or leaving an `async with` block, ends the call and closes its connection.
    An iteration that runs to its end needs neither.
    """

    def __init__(self, messages: AsyncGenerator[M, None]) -> None:
        self._messages = messages

    async def __anext__(self) -> M:
        """The next message; raises ScmError where the call fails."""
        return await anext(self._messages)

    async def aclose(self) -> None:
        """End the call; a second time does nothing."""
        await self._messages.aclose()

    async def __aenter__(self) -> Self:
        """Use the stream in an `async with` block."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the call."""
        await self.aclose()


class AsyncConnection:
    """Carries calls over one httpx.AsyncClient, within one event loop."""

    def __init__(self, http: httpx.AsyncClient, auth: httpx.Auth, clock: Clock) -> None:
        self.rate_limit = LastRateLimit()
        self._http = http
        self._auth = auth
        self._clock = clock

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def unary(self, call: Call[M]) -> M:
        """Run a call with one answer. Raises ScmError; RuntimeError on a closed client."""
        while True:
            try:
                async with aclosing(self._attempt(call)) as messages:
                    answers = [message async for message in messages]
            except ScmError as error:
                delay = call.delay_after(error)
                if delay is None:
                    raise
            else:
                return answers[0]
            await self._clock.asleep(delay)

    async def stream(self, call: Call[M]) -> AsyncGenerator[M, None]:
        """Run a call with many answers; it is repeated only before the first one."""
        while True:
            try:
                async with aclosing(self._attempt(call)) as messages:
                    async for message in messages:
                        call.started = True
                        yield message
            except ScmError as error:
                delay = call.delay_after(error)
                if delay is None:
                    raise
            else:
                return
            await self._clock.asleep(delay)

    async def _attempt(self, call: Call[M]) -> AsyncGenerator[M, None]:
        if self._http.is_closed:
            raise RuntimeError("the client is closed")
        response = await self._open(call)
        try:
            self.rate_limit.note(response.headers)
            reader = call.reader(response)
            chunks = response.aiter_bytes()
            while (chunk := await _next_chunk(chunks, call)) is not None:
                for message in reader.feed(chunk):
                    yield message
            reader.finish()
        finally:
            await response.aclose()

    async def _open(self, call: Call[M]) -> httpx.Response:
        request = call.request(self._http)
        try:
            async with asyncio.timeout(call.deadline.remaining()):
                return await self._http.send(request, stream=True, auth=self._auth)
        except (httpx.TransportError, TimeoutError) as cause:
            failure = call.failure(cause)
        # Raised out here, so that no traceback leads into httpx, whose frames hold the headers.
        raise failure


async def _next_chunk(chunks: AsyncIterator[bytes], call: Call[M]) -> bytes | None:
    """The next bytes of the body, within the deadline; None at its end."""
    try:
        async with asyncio.timeout(call.deadline.remaining()):
            return await anext(chunks, None)
    except (httpx.TransportError, TimeoutError) as cause:
        failure = call.failure(cause)
    raise failure
