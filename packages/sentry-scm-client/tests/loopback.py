"""An SCM service on loopback, and raw answers, for the tests of the client."""

import asyncio
import inspect
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import httpx
from connectrpc.code import Code
from connectrpc.compat import google_protobuf_codecs
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.server import ConnectWSGIApplication, EndpointSync
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from protobuf.wkt import Any as WireAny
from werkzeug.serving import WSGIRequestHandler, make_server

from sentry_scm_client import AsyncScmClient, Clock, ScmClient, scm_pb2
from sentry_scm_client.frames import encode_message

SERVICE = scm_pb2.DESCRIPTOR.services_by_name["ScmService"]
GRPC_WEB = "application/grpc-web+proto"


class FakeClock(Clock):
    """Time that passes only when the client waits; chance is always the same."""

    def __init__(self, *, unix: float = 1_790_000_000.0, chance: float = 0.5) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self._unix = unix
        self._chance = chance

    def monotonic(self) -> float:
        return self.now

    def unix(self) -> float:
        return self._unix + self.now

    def chance(self) -> float:
        return self._chance

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


def trailers_frame(*lines: str, flags: int = 0x80) -> bytes:
    payload = "".join(f"{line}\r\n" for line in lines).encode()
    return struct.pack(">BI", flags, len(payload)) + payload


def message_answer(*messages: Message) -> httpx.Response:
    body = b"".join(encode_message(m.SerializeToString(), compress=False) for m in messages)
    body += trailers_frame("grpc-status:0")
    return httpx.Response(200, headers={"content-type": GRPC_WEB}, content=body)


def status_answer(code: int, message: str = "", *, details: str = "") -> httpx.Response:
    lines = [f"grpc-status:{code}", f"grpc-message:{message}"]
    lines += [f"grpc-status-details-bin:{details}"] if details else []
    content = trailers_frame(*lines)
    return httpx.Response(200, headers={"content-type": GRPC_WEB}, content=content)


def failure(code: Code, message: str, *details: Message) -> ConnectError:
    """The server-side error with google.rpc messages as details."""
    packed = [
        WireAny(
            type_url=f"type.googleapis.com/{detail.DESCRIPTOR.full_name}",
            value=detail.SerializeToString(),
        )
        for detail in details
    ]
    return ConnectError(code, message, packed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One call as the server received it."""

    method: str
    request: Message
    headers: Mapping[str, str]


Answer = Callable[[Any], Any]


@dataclass(kw_only=True)
class ScmBackend:
    """What the service on loopback answers: per RPC a function of the request.

    Without one, an RPC answers an empty message (a stream: two of them).
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    answer_headers: dict[str, str] = field(default_factory=dict)

    def application(self) -> WSGIApplication:
        return _Application(self)

    def note(self, method: str, request: Message, ctx: Any) -> None:
        headers = {name.lower(): value for name, value in ctx.request_headers.items()}
        self.seen.append(Seen(method=method, request=request, headers=headers))
        for name, value in self.answer_headers.items():
            ctx.response_headers[name] = value


class _Application(ConnectWSGIApplication):
    def __init__(self, backend: ScmBackend) -> None:
        endpoints = {
            f"/{SERVICE.full_name}/{method.name}": _endpoint(backend, method)
            for method in SERVICE.methods
        }
        super().__init__(endpoints=endpoints, codecs=google_protobuf_codecs())

    @property
    def path(self) -> str:
        return f"/{SERVICE.full_name}"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/grpc")
        return super().__call__(environ, start_response)


def _class(descriptor: Any) -> Any:
    return GetMessageClass(descriptor)


def _endpoint(backend: ScmBackend, method: Any) -> Any:
    output = _class(method.output_type)

    def empty(_: object) -> Any:
        return output()

    def two(_: object) -> Any:
        return [output(), output()]

    kind = StreamType.SERVER_STREAM if method.server_streaming else StreamType.UNARY
    info = MethodInfo(
        name=method.name,
        service_name=SERVICE.full_name,
        input=_class(method.input_type),
        output=output,
        idempotency_level=IdempotencyLevel.UNKNOWN,
        stream_type=kind,
    )

    def unary(request: Message, ctx: Any) -> Any:
        backend.note(method.name, request, ctx)
        answer: Answer = backend.answers.get(method.name, empty)
        return answer(request)

    def stream(request: Message, ctx: Any) -> Iterator[Any]:
        backend.note(method.name, request, ctx)
        answer: Answer = backend.answers.get(method.name, two)
        yield from answer(request)

    if method.server_streaming:
        return EndpointSync.server_stream(method=info, function=stream)
    return EndpointSync.unary(method=info, function=unary)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serve(app: WSGIApplication, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve an application on a free loopback port; yields `127.0.0.1:port`."""
    server = make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=_Handler, ssl_context=context
    )
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def raw_app(status: str, headers: list[tuple[str, str]], *chunks: bytes) -> WSGIApplication:
    """An application that answers the same bytes to everything."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(status, headers)
        return list(chunks)

    return app


class SyncDriver:
    """Runs a client's methods by name, so that a test says once what holds for both clients."""

    kind = "sync"

    def __init__(self, host: str, **arguments: Any) -> None:
        self.client = ScmClient(host, **arguments)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """The result of a method; of one that iterates, the list."""
        result = getattr(self.client, name)(*args, **kwargs)
        return list(result) if isinstance(result, Iterator) else result

    def close(self) -> None:
        self.client.close()


class AsyncDriver:
    """The same over the async client."""

    kind = "async"

    def __init__(self, host: str, **arguments: Any) -> None:
        self.client = AsyncScmClient(host, **arguments)
        self._runner = asyncio.Runner()

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self._runner.run(self._call(name, args, kwargs))

    def close(self) -> None:
        self._runner.run(self.client.aclose())
        self._runner.close()

    async def _call(self, name: str, args: Any, kwargs: Any) -> Any:
        result = getattr(self.client, name)(*args, **kwargs)
        if inspect.isawaitable(result):
            return await result
        assert isinstance(result, AsyncIterator)
        return [item async for item in result]
