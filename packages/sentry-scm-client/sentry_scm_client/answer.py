"""Turns an HTTP answer into messages or an error, without any input or output."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import unquote

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from .errors import (
    Internal,
    PermissionDenied,
    ScmError,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Unknown,
    error_for,
)
from .frames import FrameReader, parse_trailers

M = TypeVar("M", bound=Message)

_OK = 200
_CONTENT_TYPES = ("application/grpc-web", "application/grpc-web+proto")
# grpc, doc/http-grpc-status-mapping.md: what a proxy's own status means to a caller.
_BY_HTTP_STATUS: dict[int, type[ScmError]] = {
    401: Unauthenticated,
    403: PermissionDenied,
    404: Unimplemented,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """What the last answer said about the credential's rate limit.

    `limit` and `remaining` count requests; `reset` is the unix time in seconds at which
    `remaining` starts anew.
    """

    limit: int
    remaining: int
    reset: int


def rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """Read the `x-ratelimit-*` headers; None where one is missing or is no number."""
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
    values = [headers.get(name, "") for name in names]
    if not all(value.isascii() and value.isdigit() for value in values):
        return None
    limit, remaining, reset = (int(value) for value in values)
    return RateLimit(limit=limit, remaining=remaining, reset=reset)


class AnswerReader(Generic[M]):
    """Reads one answer: `start` with its head, `feed` with its bytes, `finish` at its end.

    `single`: the method answers exactly one message. Each step raises the ScmError that the
    answer stands for; `finish` raises the error of the server's own status.
    """

    def __init__(self, answer: type[M], *, limit: int, single: bool) -> None:
        self._answer = answer
        self._limit = limit
        self._single = single
        self._frames = FrameReader(limit=limit, gzip_allowed=False)
        self._trailers: dict[str, str] | None = None
        self._head: dict[str, str] = {}
        self._count = 0

    def start(self, http_status: int, headers: Mapping[str, str]) -> None:
        """Judge the head of the answer; `headers` must be indifferent to case."""
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in _CONTENT_TYPES:
            raise _not_grpc_web(http_status, headers)
        self._head = {k: headers[k] for k in headers if k.lower().startswith("grpc-")}
        if http_status != _OK and "grpc-status" not in self._head:
            raise _not_grpc_web(http_status, headers)
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Internal("the answer came compressed by HTTP, which was not asked for")
        encoding = headers.get("grpc-encoding", "identity").lower()
        if encoding not in ("gzip", "identity"):
            raise Internal("the answer is in an encoding that was not asked for")
        self._frames = FrameReader(limit=self._limit, gzip_allowed=encoding == "gzip")

    def feed(self, chunk: bytes) -> Iterator[M]:
        """Take the next bytes of the body and yield the messages that they complete."""
        for frame in self._frames.feed(chunk):
            if self._trailers is not None:
                raise Internal("the answer goes on after its trailers")
            if frame.trailers:
                self._trailers = parse_trailers(frame.payload)
            else:
                yield self._message(frame.payload)

    def finish(self) -> None:
        """Judge the whole answer. Raises the error it tells, or Unavailable where it is cut."""
        trailers = self._trailers
        if trailers is None and not self._count and "grpc-status" in self._head:
            trailers = self._head
        if trailers is None or self._frames.pending:
            raise Unavailable("the answer ended early")
        failure = _failure(trailers)
        if failure is not None:
            raise failure
        if self._single and not self._count:
            raise Internal("the answer holds no message")

    def _message(self, payload: bytes) -> M:
        self._count += 1
        if self._single and self._count > 1:
            raise Internal("the answer holds more than one message")
        message = self._answer()
        try:
            message.ParseFromString(payload)
        except DecodeError:
            raise Internal("the answer's message cannot be decoded") from None
        return message


def _failure(trailers: Mapping[str, str]) -> ScmError | None:
    """The error that trailers tell; None for OK."""
    code = trailers.get("grpc-status", "")
    if not (code.isascii() and code.isdigit()):
        return Internal("the answer's trailers tell no status")
    if int(code) == 0:
        return None
    message = unquote(trailers.get("grpc-message", ""), errors="replace")
    return error_for(int(code), message, _binary(trailers.get("grpc-status-details-bin", "")))


def _binary(value: str) -> bytes:
    """Decode a `-bin` header, whose padding may be left out; nothing where it is malformed."""
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _not_grpc_web(http_status: int, headers: Mapping[str, str]) -> ScmError:
    """The error for an answer of somebody else: a proxy, a login page, a wrong address."""
    kind = _BY_HTTP_STATUS.get(http_status, Unknown)
    content_type = headers.get("content-type", "none")[:80]
    text = (
        f"the server answered HTTP {http_status} (content type: {content_type}), not gRPC-Web; "
        "check the address, and what stands between here and the server"
    )
    return kind(text, _retry_info(headers.get("retry-after", "")))


def _retry_info(seconds: str) -> bytes:
    """A `Retry-After` in seconds as the details of an error; nothing for a date or nonsense."""
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < len("100000000")):
        return b""
    status = status_pb2.Status()
    delay = Duration(seconds=int(seconds))
    status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    encoded: bytes = status.SerializeToString()
    return encoded
