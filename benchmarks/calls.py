"""Requests as WSGI and as HTTP, and calls of an application in this process."""

import io
import struct
import time
from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.message import Message

SERVICE = "/sentry.integrations.scm.v1.ScmService/"
CONTENT_TYPE = "application/grpc-web+proto"

type Environ = dict[str, Any]
type Application = Callable[[Environ, Callable[..., object]], Iterable[bytes]]


def framed(message: Message) -> bytes:
    """One message as gRPC-Web sends it."""
    raw = message.SerializeToString()
    return struct.pack(">BI", 0, len(raw)) + raw


def environ(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Environ:
    """A request as a WSGI server hands it over (PEP 3333), without its body's stream."""
    variables = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()}
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": CONTENT_TYPE if method == "POST" else "",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **variables,
    }


def rpc_environ(name: str, body: bytes, headers: dict[str, str]) -> Environ:
    """An RPC over gRPC-Web."""
    return environ("POST", SERVICE + name, headers, body)


def call(application: Application, template: Environ, body: bytes = b"") -> bytes:
    """One request through the application; the whole body of the answer.

    Raises:
        AssertionError: the HTTP status is not 200.
    """
    statuses: list[str] = []

    def start_response(status: str, *_: object) -> None:
        statuses.append(status)

    parts = application({**template, "wsgi.input": io.BytesIO(body)}, start_response)
    try:
        answer = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    assert statuses[0].startswith("200 "), (statuses, answer[:300])
    return answer


def checked_rpc(application: Application, template: Environ, body: bytes) -> bytes:
    """As ``call``; the answer must be a message with the status OK."""
    answer = call(application, template, body)
    assert b"grpc-status: 0" in answer.replace(b"grpc-status:0", b"grpc-status: 0"), answer[:300]
    return answer


def http(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request as bytes on a connection that is kept."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    lines += [f"content-type: {CONTENT_TYPE}"] if method == "POST" else []
    lines += [f"content-length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def seconds_per_call(work: Callable[[], object], times: int) -> float:
    """The mean seconds of one call in a run of them."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times
