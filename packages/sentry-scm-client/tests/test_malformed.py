"""Answers that are not what they should be: each a clear error, none a hang or a traceback."""

import gzip
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
import pytest

from sentry_scm_client import (
    File,
    Internal,
    NotFound,
    PermissionDenied,
    Repository,
    ResourceExhausted,
    RetryPolicy,
    ScmError,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Unknown,
)
from sentry_scm_client.frames import FrameReader, encode_message, parse_trailers

from .conftest import OpenDriver
from .loopback import GRPC_WEB, raw_app, serve, trailers_frame

WEB = ("Content-Type", GRPC_WEB)
GZIP = ("grpc-encoding", "gzip")
MESSAGE = encode_message(Repository(id=3).SerializeToString(), compress=False)
OK = trailers_frame("grpc-status:0")


def framed(payload: bytes, flags: int = 0) -> bytes:
    return struct.pack(">BI", flags, len(payload)) + payload


def ask(open_driver: OpenDriver, headers: list[tuple[str, str]], *body: bytes) -> Any:
    """GetRepository from a server that answers these bytes with HTTP 200."""
    with serve(raw_app("200 OK", headers, *body)) as host:
        driver = open_driver(host, retries=RetryPolicy.NONE, max_response_bytes=1000)
        return driver.call("get_repository", 3, timeout=20)


BOMB = gzip.compress(b"\0" * 10_000_000)

WRONG: dict[str, tuple[list[tuple[str, str]], list[bytes], type[ScmError], str]] = {
    "nothing": ([WEB], [], Unavailable, "ended early"),
    "no trailers": ([WEB], [MESSAGE], Unavailable, "ended early"),
    "half a frame's head": ([WEB], [MESSAGE, b"\x80\0"], Unavailable, "ended early"),
    "half a message": ([WEB], [MESSAGE[:-1]], Unavailable, "ended early"),
    "half the trailers": ([WEB], [MESSAGE, OK[:-3]], Unavailable, "ended early"),
    "bytes after the trailers": ([WEB], [MESSAGE, OK, b"\0"], Unavailable, "ended early"),
    "message after the trailers": ([WEB], [MESSAGE, OK, MESSAGE], Internal, "after its trailers"),
    "two messages": ([WEB], [MESSAGE, MESSAGE, OK], Internal, "more than one message"),
    "no message": ([WEB], [OK], Internal, "no message"),
    "unknown flags": ([WEB], [framed(b"", 0x42), OK], Internal, "unknown flags"),
    "text of another kind": ([WEB], [b"<html>hello</html>"], Internal, "unknown flags"),
    "not protobuf": ([WEB], [framed(b"\xff\xff\xff"), OK], Internal, "cannot be decoded"),
    "compressed without saying so": ([WEB], [framed(b"x", 1), OK], Internal, "names no encoding"),
    "not gzip": ([WEB, GZIP], [framed(b"nope", 1), OK], Internal, "not valid gzip"),
    "half a gzip": (
        [WEB, GZIP],
        [framed(gzip.compress(b"12345")[:-4], 1), OK],
        Internal,
        "not valid gzip",
    ),
    "more after the gzip": (
        [WEB, GZIP],
        [framed(gzip.compress(b"") + b"x", 1), OK],
        Internal,
        "not valid gzip",
    ),
    "gzip bomb": ([WEB, GZIP], [framed(BOMB[:900], 1), OK], ResourceExhausted, "1000 bytes"),
    "too large": ([WEB], [framed(b"x" * 1001), OK], ResourceExhausted, "max_response_bytes"),
    "claims to be huge": ([WEB], [b"\0\xff\xff\xff\xff"], ResourceExhausted, "1000 bytes"),
    "huge trailers": ([WEB], [b"\x80\0\x02\0\0"], ResourceExhausted, "65536 bytes"),
    "no status in the trailers": ([WEB], [trailers_frame("x:y")], Internal, "tell no status"),
    "status that is no number": (
        [WEB],
        [trailers_frame("grpc-status:²")],
        Internal,
        "tell no status",
    ),
    "encoding that was not offered": (
        [WEB, ("grpc-encoding", "br")],
        [MESSAGE, OK],
        Internal,
        "not asked for",
    ),
    "compressed by HTTP": (
        [WEB, ("content-encoding", "gzip")],
        [gzip.compress(MESSAGE + OK)],
        Internal,
        "not asked for",
    ),
    "broken details": (
        [WEB],
        [trailers_frame("grpc-status:5", "grpc-message:gone", "grpc-status-details-bin:%%%")],
        NotFound,
        "gone",
    ),
    "no content type": ([], [MESSAGE, OK], Unknown, "HTTP 200"),
    "a login page": ([("Content-Type", "text/html")], [b"<h1>secret</h1>"], Unknown, "text/html"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answer(open_driver: OpenDriver, name: str):
    headers, body, kind, text = WRONG[name]
    with pytest.raises(kind, match=text) as caught:
        ask(open_driver, headers, *body)
    assert type(caught.value) is kind
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "content_type", [GRPC_WEB, "application/grpc-web", "Application/GRPC-Web+proto; x=y"]
)
def test_right_answer(open_driver: OpenDriver, content_type: str):
    whole = MESSAGE + OK
    pieces = [whole[i : i + 1] for i in range(len(whole))]
    assert ask(open_driver, [("Content-Type", content_type)], *pieces).id == 3


def test_compressed_message_and_trailers(open_driver: OpenDriver):
    message = encode_message(Repository(id=3).SerializeToString(), compress=True)
    trailers = framed(gzip.compress(b"grpc-status:0\r\n"), 0x81)
    assert ask(open_driver, [WEB, GZIP], message, trailers).id == 3


def test_answer_up_to_the_limit(open_driver: OpenDriver):
    with serve(raw_app("200 OK", [WEB], framed(b"\x22" + b"\x62" + b"x" * 98), OK)) as host:
        driver = open_driver(host, max_response_bytes=100)
        assert driver.call("get_file", 3, "a").content == b"x" * 98
    assert File.DESCRIPTOR.fields_by_number[4].name == "content"


def test_trailers_only_answer(open_driver: OpenDriver):
    headers = [WEB, ("grpc-status", "5"), ("grpc-message", "not%20here%3A%20%C3%BC")]
    with pytest.raises(NotFound) as caught:
        ask(open_driver, headers)
    assert caught.value.details() == "not here: ü"


def test_trailers_only_ok_holds_no_message(open_driver: OpenDriver):
    with pytest.raises(Internal, match="no message"):
        ask(open_driver, [WEB, ("grpc-status", "0")])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("301 Moved", Unknown),
        ("400 Bad Request", Unknown),
        ("401 Unauthorized", Unauthenticated),
        ("403 Forbidden", PermissionDenied),
        ("404 Not Found", Unimplemented),
        ("413 Too Large", Unknown),
        ("429 Slow Down", Unavailable),
        ("500 Oops", Unknown),
        ("502 Bad Gateway", Unavailable),
        ("503 Busy", Unavailable),
        ("504 Gateway Timeout", Unavailable),
    ],
)
@pytest.mark.parametrize("content_type", ["text/html", GRPC_WEB])
def test_http_status_of_a_proxy(
    open_driver: OpenDriver, status: str, kind: type[ScmError], content_type: str
):
    headers = [("Content-Type", content_type), ("Location", "http://127.0.0.1:1/")]
    with serve(raw_app(status, headers, b"<html>secret page</html>")) as host:
        driver = open_driver(host, retries=RetryPolicy.NONE)
        with pytest.raises(kind, match=f"HTTP {status[:3]}") as caught:
            driver.call("get_repository", 3)
    assert type(caught.value) is kind
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1e3", "9" * 30])
def test_retry_after_that_is_no_number_of_seconds(open_driver: OpenDriver, value: str):
    answer = httpx.Response(503, headers={"retry-after": value})
    driver = open_driver(
        "h", transport=httpx.MockTransport(lambda _: answer), retries=RetryPolicy.NONE
    )
    with pytest.raises(Unavailable) as caught:
        driver.call("get_repository", 3)
    assert caught.value.retry_after is None


@contextmanager
def cutting_server(answer: bytes) -> Iterator[str]:
    """Answers some bytes to each connection and cuts it."""

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-ty",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web\r\ncontent-length: 99\r\n\r\n\0\0",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web\r\n"
            b"transfer-encoding: chunked\r\n\r\nzz\r\n"
        ),
    ],
)
def test_connection_that_is_cut(open_driver: OpenDriver, answer: bytes):
    with cutting_server(answer) as host:
        driver = open_driver(host, retries=RetryPolicy.NONE)
        with pytest.raises(Unavailable, match="broke before the answer was complete"):
            driver.call("get_repository", 3)


def test_request_that_http_refuses(open_driver: OpenDriver):
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError("Illegal header value b'secret'")

    driver = open_driver("h", transport=httpx.MockTransport(refuse))
    with pytest.raises(Internal, match="cannot be sent over HTTP") as caught:
        driver.call("get_repository", 3)
    assert "secret" not in str(caught.value)


def test_redirect_is_not_followed(open_driver: OpenDriver):
    seen: list[str] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ["HTTP_X_API_KEY"])
        start_response("307 Moved", [("Location", f"http://{environ['HTTP_HOST']}/elsewhere")])
        return []

    with serve(app) as host, pytest.raises(Unknown, match="HTTP 307"):
        open_driver(host).call("get_repository", 3)
    assert len(seen) == 1


def test_frames_in_any_cut():
    whole = MESSAGE + OK
    for cut in range(len(whole)):
        reader = FrameReader(limit=100, gzip_allowed=False)
        frames = [*reader.feed(whole[:cut]), *reader.feed(whole[cut:])]
        assert [frame.trailers for frame in frames] == [False, True]
        assert not reader.pending


def test_trailers_lines():
    payload = b"Grpc-Status: 0\r\ngrpc-message:a:b\r\nnonsense\r\nx:1\r\nx:2\r\n"
    assert parse_trailers(payload) == {"grpc-status": "0", "grpc-message": "a:b", "x": "2"}
