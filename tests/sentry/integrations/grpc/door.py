"""Raw requests to the RPC door, in every form of the wire, and what their answers hold."""

import base64
import gzip
import json
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils import rpc
from sentry.testutils.client import Client, TestResponse

PATH = f"/{rpc.SERVICE}/"
GRPC_WEB = "application/grpc-web+proto"
GRPC_WEB_TEXT = "application/grpc-web-text+proto"
PROTO = "application/proto"
JSON = "application/json"
CONNECT_PROTO = "application/connect+proto"
CONNECT_JSON = "application/connect+json"
END_OF_STREAM = 0x02
COMPRESSED = 0x01


def post(
    method: str,
    body: bytes,
    content_type: str = GRPC_WEB,
    *,
    verb: str = "POST",
    prefix: str = "/grpc",
    query: str = "",
    **headers: str,
) -> TestResponse:
    """One request; headers are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client().call(
        verb,
        f"{prefix}{PATH}{method}{query}",
        data=body,
        content_type=content_type,
        headers=named,
        CONTENT_TYPE=content_type,  # without it an empty body has none
    )


def framed(message: Message | bytes, *, flag: int = 0) -> bytes:
    """A message in one frame."""
    return rpc.frame(
        message if isinstance(message, bytes) else message.SerializeToString(), flag=flag
    )


def grpc_web(method: str, http: TestResponse) -> rpc.RpcAnswer[Any]:
    """A gRPC-Web answer, binary or text, compressed or not."""
    body = http.content
    if http["content-type"].startswith("application/grpc-web-text"):
        body = decoded_text(body)
    body = b"".join(plain_frame(flag, payload) for flag, payload in rpc.unframe(body))
    plain = TestResponse(content=body, status=http.status_code)
    for name, value in http.headers.items():
        plain.headers[name] = value
    methods = scm_pb2.DESCRIPTOR.services_by_name["ScmService"].methods_by_name
    return rpc.parse(methods.get(method), plain)


def decoded_text(body: bytes) -> bytes:
    """The binary form of a text body: each padded piece by itself."""
    pieces: list[bytes] = []
    for start in range(0, len(body), 4):
        pieces.append(base64.b64decode(body[start : start + 4], validate=True))
    return b"".join(pieces)


def plain_frame(flag: int, payload: bytes) -> bytes:
    """A frame without its compression."""
    if flag & COMPRESSED:
        return rpc.frame(gzip.decompress(payload), flag=flag & ~COMPRESSED)
    return rpc.frame(payload, flag=flag)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A failure in Connect's form."""

    http_status: int
    code: str
    message: str
    reason: str


def connect_failure(http: TestResponse) -> Failure:
    """The failure that a Connect answer carries, of a unary call or at a stream's end."""
    if http["content-type"].startswith("application/connect+"):
        assert http.status_code == 200
        flag, payload = rpc.unframe(http.content)[-1]
        assert flag & END_OF_STREAM
        error = json.loads(payload)["error"]
    else:
        error = http.json()
    info = error_details_pb2.ErrorInfo()
    first = error["details"][0]
    assert first["type"] == "google.rpc.ErrorInfo"
    info.ParseFromString(base64.b64decode(first["value"] + "=" * (-len(first["value"]) % 4)))
    return Failure(
        http_status=http.status_code,
        code=error["code"],
        message=error.get("message", ""),
        reason=info.reason,
    )


def status_details(trailers: Any) -> list[Message]:
    """The unpacked details of a gRPC status."""
    raw = trailers["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(base64.b64decode(raw + "=" * (-len(raw) % 4)))
    kinds = {
        kind.DESCRIPTOR.full_name: kind
        for kind in (
            error_details_pb2.ErrorInfo,
            error_details_pb2.RetryInfo,
            error_details_pb2.BadRequest,
        )
    }
    found: list[Message] = []
    for packed in status.details:
        message = kinds[packed.TypeName()]()
        packed.Unpack(message)
        found.append(message)
    return found
