"""The protocols on the wire, as far as the RPC library leaves them to us.

Which protocol a content type means, how a refusal looks in it, and the text form of gRPC-Web
(https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md): base64 of the binary form.
"""

import base64
import binascii
import json
import re
import struct
import urllib.parse
from dataclasses import dataclass
from enum import Enum, auto

from connectrpc.code import Code

from sentry.integrations.grpc.errors import ProtocolError, RpcStatus
from sentry.integrations.source_code_management.errors import ScmError

ENCODINGS = ("identity", "gzip")
_GRPC_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])")
_CONNECT_TIMEOUT = re.compile(r"[0-9]{1,10}")
_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_END_OF_STREAM = 0x02
TRAILERS = 0x80


class Protocol(Enum):
    """The form of a call."""

    GRPC_WEB = auto()
    GRPC_WEB_TEXT = auto()
    CONNECT_UNARY = auto()
    CONNECT_STREAM = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class WireFormat:
    """What a content type means.

    Attributes:
        protocol: the form of the call.
        inner_type: the content type in binary form: what the RPC library is given.
        timeout_header: the header that carries the deadline, as WSGI names it.
        encoding_header: the header that carries the compression, as WSGI names it.
        compression_headers: that one and the one that says what the caller accepts.
        is_web: whether the form is one of gRPC-Web's.
    """

    protocol: Protocol
    inner_type: str
    timeout_header: str
    encoding_header: str
    compression_headers: tuple[str, str]
    is_web: bool


def _grpc_web(protocol: Protocol) -> WireFormat:
    return WireFormat(
        protocol=protocol,
        inner_type="application/grpc-web+proto",
        timeout_header="HTTP_GRPC_TIMEOUT",
        encoding_header="HTTP_GRPC_ENCODING",
        compression_headers=("HTTP_GRPC_ENCODING", "HTTP_GRPC_ACCEPT_ENCODING"),
        is_web=True,
    )


def _connect(protocol: Protocol, inner_type: str, encoding_header: str) -> WireFormat:
    accept = encoding_header.replace("CONTENT_ENCODING", "ACCEPT_ENCODING")
    return WireFormat(
        protocol=protocol,
        inner_type=inner_type,
        timeout_header="HTTP_CONNECT_TIMEOUT_MS",
        encoding_header=encoding_header,
        compression_headers=(encoding_header, accept),
        is_web=False,
    )


_UNARY = {
    kind: _connect(Protocol.CONNECT_UNARY, kind, "HTTP_CONTENT_ENCODING")
    for kind in ("application/proto", "application/json")
}
_STREAM = {
    kind: _connect(Protocol.CONNECT_STREAM, kind, "HTTP_CONNECT_CONTENT_ENCODING")
    for kind in ("application/connect+proto", "application/connect+json")
}
_WEB = {
    "application/grpc-web": _grpc_web(Protocol.GRPC_WEB),
    "application/grpc-web+proto": _grpc_web(Protocol.GRPC_WEB),
    "application/grpc-web-text": _grpc_web(Protocol.GRPC_WEB_TEXT),
    "application/grpc-web-text+proto": _grpc_web(Protocol.GRPC_WEB_TEXT),
}
UNARY_FORMATS = {**_WEB, **_UNARY}
STREAM_FORMATS = {**_WEB, **_STREAM}


def wire_format(content_type: str, *, streams: bool) -> WireFormat | None:
    """What the content type means for such an RPC; None where it means nothing here."""
    kind = content_type.partition(";")[0].strip().lower()
    return (STREAM_FORMATS if streams else UNARY_FORMATS).get(kind)


def answer_type(form: WireFormat) -> str:
    """The content type of a call's answer in this form."""
    if form.protocol is Protocol.GRPC_WEB_TEXT:
        return "application/grpc-web-text+proto"
    return form.inner_type


def parse_timeout(wire: WireFormat, text: str) -> float | None:
    """The seconds that a timeout header asks for; None where it is malformed."""
    if wire.timeout_header == "HTTP_CONNECT_TIMEOUT_MS":
        return int(text) / 1000 if _CONNECT_TIMEOUT.fullmatch(text) else None
    match = _GRPC_TIMEOUT.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match else None


def decode_text(body: bytes) -> bytes | None:
    """The binary form of a ``grpc-web-text`` body; None where it is no base64.

    Several padded pieces may follow each other.
    """
    try:
        pieces = re.findall(rb"^=+|[^=]+=*", body)
        return b"".join(base64.b64decode(piece, validate=True) for piece in pieces)
    except binascii.Error:
        return None


def encode_text(chunk: bytes) -> bytes:
    """A piece of an answer in ``grpc-web-text``."""
    return base64.b64encode(chunk)


def refusal(wire: WireFormat | None, error: ScmError, status: RpcStatus) -> tuple[str, str, bytes]:
    """A call that fails before it begins: HTTP status line, content type and body.

    Args:
        wire: the form of the call; None where its content type means nothing.
        error: what is wrong.
        status: the same as a status.
    """
    protocol = wire.protocol if wire else Protocol.CONNECT_UNARY
    if wire is not None and wire.is_web:
        body = trailers(status)
        is_text = protocol is Protocol.GRPC_WEB_TEXT
        return "200 OK", answer_type(wire), encode_text(body) if is_text else body
    if wire is not None and protocol is Protocol.CONNECT_STREAM:
        end = json.dumps({"error": connect_error(status)}).encode()
        return "200 OK", wire.inner_type, struct.pack(">BI", _END_OF_STREAM, len(end)) + end
    if isinstance(error, ProtocolError):
        line = error.http_status
    else:
        line = _HTTP_STATUS.get(status.code, "500 Internal Server Error")
    return line, "application/json", json.dumps(connect_error(status)).encode()


def connect_error(status: RpcStatus) -> dict[str, object]:
    """Connect's JSON form of a failure."""
    return {
        "code": status.code.value,
        "message": status.message,
        "details": [
            {
                "type": detail.type_url.rpartition("/")[2],
                "value": base64.b64encode(detail.value).decode("ascii").rstrip("="),
            }
            for detail in status.to_proto().details
        ],
    }


def trailers(status: RpcStatus) -> bytes:
    """The frame of trailers that ends a failed call over gRPC-Web."""
    raw = status.to_proto().SerializeToString()
    details = base64.b64encode(raw).decode("ascii").rstrip("=")
    text = (
        f"grpc-status: {status.number}\r\n"
        f"grpc-message: {urllib.parse.quote(status.message, safe='')}\r\n"
        f"grpc-status-details-bin: {details}\r\n"
    ).encode("ascii")
    return struct.pack(">BI", TRAILERS, len(text)) + text


_HTTP_STATUS = {
    Code.INVALID_ARGUMENT: "400 Bad Request",
    Code.FAILED_PRECONDITION: "400 Bad Request",
    Code.UNAUTHENTICATED: "401 Unauthorized",
    Code.PERMISSION_DENIED: "403 Forbidden",
    Code.NOT_FOUND: "404 Not Found",
    Code.ALREADY_EXISTS: "409 Conflict",
    Code.ABORTED: "409 Conflict",
    Code.RESOURCE_EXHAUSTED: "429 Too Many Requests",
    Code.UNIMPLEMENTED: "501 Not Implemented",
    Code.UNAVAILABLE: "503 Service Unavailable",
    Code.DEADLINE_EXCEEDED: "504 Gateway Timeout",
}
