"""Calls of the gRPC-Web door, bytes in and message out.

The wire is gRPC-Web's (github.com/grpc/grpc, doc/PROTOCOL-WEB.md): each frame is a flag byte, a
length of four bytes in network order and the payload; flag 0x80 marks the trailers.
"""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import unquote

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.symbol_database import Default
from google.rpc import error_details_pb2, status_pb2

from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils.client import Client, TestResponse

SERVICE = "sentry.integrations.scm.v1.ScmService"
CONTENT_TYPE = "application/grpc-web+proto"
_TRAILERS = 0x80
_COMPRESSED = 0x01


class RpcStatus(IntEnum):
    """The status codes of gRPC (github.com/grpc/grpc, doc/statuscodes.md)."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class RpcAnswer[M: Message]:
    """What a call gave.

    Attributes:
        status: the call's status; an HTTP answer that is not gRPC-Web has none and fails the test.
        message: the status's text.
        reason: the reason of its ``google.rpc.ErrorInfo``; empty where there is none.
        details: the unpacked details of the status, in order.
        responses: every message, in order; a stream has many.
        trailers: the trailers, names in lower case.
        http: the HTTP answer itself.
    """

    status: RpcStatus
    message: str = ""
    reason: str = ""
    details: tuple[Message, ...] = ()
    responses: tuple[M, ...] = ()
    trailers: Mapping[str, str] = field(default_factory=dict)
    http: TestResponse

    @property
    def response(self) -> M:
        """The one message of a call that succeeded.

        Raises:
            AssertionError: the call failed, or gave another number of messages.
        """
        assert self.status is RpcStatus.OK, f"{self.status.name}: {self.message}"
        assert len(self.responses) == 1
        return self.responses[0]

    def detail[D: Message](self, kind: type[D]) -> D:
        """The first detail of this kind.

        Raises:
            AssertionError: there is none.
        """
        found = [detail for detail in self.details if isinstance(detail, kind)]
        assert found, f"no {kind.__name__} among the details"
        return found[0]


def frame(payload: bytes, *, flag: int = 0) -> bytes:
    """A gRPC-Web frame around the payload."""
    return struct.pack(">BI", flag, len(payload)) + payload


def unframe(body: bytes) -> list[tuple[int, bytes]]:
    """The frames of a body, as (flag, payload).

    Raises:
        AssertionError: the body ends within a frame.
    """
    frames: list[tuple[int, bytes]] = []
    while body:
        flag, length = struct.unpack(">BI", body[:5])
        payload, body = body[5 : 5 + length], body[5 + length :]
        assert len(payload) == length, "the body ends within a frame"
        frames.append((flag, payload))
    return frames


def call(
    client: Client,
    method: str,
    request: Message | bytes,
    *,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
    path_prefix: str = "/grpc",
) -> RpcAnswer[Message]:
    """Calls a method of the SCM service over gRPC-Web.

    Args:
        client: what to send it with.
        method: the method's name ("ListRepositories").
        request: the message, or the body as sent where a test wants a wrong one.
        token: an API key's secret, sent as ``x-api-key``.
        headers: further headers, by their HTTP names.
        path_prefix: what stands before the service in the path; may be empty.
    """
    body = request if isinstance(request, bytes) else frame(request.SerializeToString())
    sent = {**({"x-api-key": token} if token else {}), **(headers or {})}
    content_type = sent.pop("content-type", CONTENT_TYPE)
    http = client.call(
        "POST",
        f"{path_prefix}/{SERVICE}/{method}",
        data=body,
        content_type=content_type,
        headers=sent,
    )
    return parse(_method(method), http)


def _method(name: str) -> MethodDescriptor | None:
    methods = scm_pb2.DESCRIPTOR.services_by_name["ScmService"].methods_by_name
    return methods.get(name)


def parse(method: MethodDescriptor | None, http: TestResponse) -> RpcAnswer[Message]:
    """The answer that an HTTP answer carries; ``method`` None is one that is not in the proto.

    Raises:
        AssertionError: the answer is not gRPC-Web, or carries no status.
    """
    assert http.status_code == 200, f"HTTP {http.status_code}"
    frames = unframe(http.content)
    assert not any(flag & _COMPRESSED for flag, _ in frames), "this helper takes no compression"
    trailers = {name.lower(): value for name, value in http.headers.items()}
    for flag, payload in frames:
        if flag & _TRAILERS:
            trailers |= _parse_trailers(payload)
    assert "grpc-status" in trailers, "no grpc-status"
    details = _details(trailers.get("grpc-status-details-bin", ""))
    infos = [detail for detail in details if isinstance(detail, error_details_pb2.ErrorInfo)]
    return RpcAnswer(
        status=RpcStatus(int(trailers["grpc-status"])),
        message=unquote(trailers.get("grpc-message", "")),
        reason=infos[0].reason if infos else "",
        details=details,
        responses=_messages(method, frames),
        trailers=trailers,
        http=http,
    )


def _messages(
    method: MethodDescriptor | None, frames: Sequence[tuple[int, bytes]]
) -> tuple[Message, ...]:
    payloads = [payload for flag, payload in frames if not flag & _TRAILERS]
    if method is None:
        assert not payloads
        return ()
    kind = GetMessageClass(method.output_type)
    return tuple(kind.FromString(payload) for payload in payloads)


def _parse_trailers(payload: bytes) -> dict[str, str]:
    lines = [line for line in payload.decode("ascii").split("\r\n") if line]
    pairs = [line.partition(":") for line in lines]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _details(encoded: str) -> tuple[Message, ...]:
    if not encoded:
        return ()
    status = status_pb2.Status.FromString(base64.b64decode(encoded + "=" * (-len(encoded) % 4)))
    messages = []
    for packed in status.details:
        message = Default().GetSymbol(packed.TypeName())()
        packed.Unpack(message)
        messages.append(message)
    return tuple(messages)
