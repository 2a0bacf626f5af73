"""Unary calls over gRPC-Web: one frame in, the interceptors, one frame and the trailers out.

It is the form of nearly every call. The RPC library answers it out of its machinery for streams,
which costs more than the rest of the door together; all other forms are left to it. See
``docs/decisions/008-unary-calls.md``.
"""

import functools
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from connectrpc.compression.gzip import GzipCompression
from connectrpc.errors import ConnectError
from connectrpc.interceptor import UnaryInterceptorSync
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.request import Headers, RequestContext
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from sentry import options
from sentry.integrations.grpc import wire
from sentry.integrations.grpc.body import RequestBody
from sentry.integrations.grpc.call import current_call
from sentry.integrations.grpc.codec import OrderedBinaryCodec
from sentry.integrations.grpc.errors import malformed_message, status_of_exception
from sentry.integrations.grpc.interceptors.auth import AuthenticationInterceptor
from sentry.integrations.grpc.policy import SERVICE
from sentry.integrations.source_code_management.errors import TooLarge

_HEAD = struct.Struct(">BI")
_COMPRESSED = 0x01
_OK = _HEAD.pack(wire.TRAILERS, len(b"grpc-status: 0\r\n")) + b"grpc-status: 0\r\n"
_gzip = GzipCompression()
_codec = OrderedBinaryCodec()
_authentication = AuthenticationInterceptor()

type Handler = Callable[[Message, RequestContext[Any, Any]], Message]


@dataclass(frozen=True, kw_only=True, slots=True)
class UnaryMethod:
    """One RPC, ready to be called.

    Attributes:
        info: what the interceptors are told of it.
        handler: the service's method behind the interceptors.
    """

    info: MethodInfo[Any, Any]
    handler: Handler


@dataclass(frozen=True, kw_only=True, slots=True)
class UnaryAnswer:
    """What goes out: the body, and the compression that its message has."""

    body: bytes
    encoding: str


def unary_methods(
    service: object, interceptors: Sequence[UnaryInterceptorSync]
) -> dict[str, UnaryMethod]:
    """The unary RPCs of the service by path; the first interceptor is the outermost."""
    methods = {}
    for method in SERVICE.methods:
        if method.server_streaming:
            continue
        handler: Handler = getattr(service, _snake_case(method.name))
        for interceptor in reversed(interceptors):
            handler = functools.partial(interceptor.intercept_unary_sync, handler)
        info = MethodInfo(
            name=method.name,
            service_name=SERVICE.full_name,
            input=GetMessageClass(method.input_type),
            output=GetMessageClass(method.output_type),
            idempotency_level=IdempotencyLevel.UNKNOWN,
            stream_type=StreamType.UNARY,
        )
        methods[f"/{SERVICE.full_name}/{method.name}"] = UnaryMethod(info=info, handler=handler)
    return methods


def answer(method: UnaryMethod, body: RequestBody, *, encoding: str, accepted: str) -> UnaryAnswer:
    """Carries the call at hand out. Whatever it raises becomes a status with a text of ours.

    Args:
        method: the RPC.
        body: the frame that arrives; read once the caller is known.
        encoding: the compression of its message, if its flag says that it is compressed.
        accepted: the compressions that the caller takes, as its header lists them.
    """
    try:
        context = RequestContext(method=method.info, http_method="POST", request_headers=Headers())
        _authentication.on_start_sync(context)
        request = _read(method.info.input, body.binary(), encoding)
        message = _codec.encode(method.handler(request, context))
    except Exception as error:  # noqa: BLE001 - the door's last resort: logged, told as INTERNAL
        status = status_of_exception(error, method.info.name)
        current_call().code = status.code.name
        return UnaryAnswer(body=wire.trailers(status), encoding="identity")
    if _takes_gzip(accepted):
        packed = _gzip.compress(message)
        return UnaryAnswer(
            body=_HEAD.pack(_COMPRESSED, len(packed)) + packed + _OK, encoding="gzip"
        )
    return UnaryAnswer(body=_HEAD.pack(0, len(message)) + message + _OK, encoding="identity")


def _read(message_class: type[Message], body: bytes, encoding: str) -> Message:
    """The message in the one frame of a body.

    Raises:
        InvalidArgument: there is not exactly one whole frame, or it holds no such message.
        TooLarge: the message is larger than this server takes.
    """
    if len(body) < _HEAD.size:
        raise malformed_message()
    flag, length = _HEAD.unpack_from(body)
    data = body[_HEAD.size :]
    if flag not in (0, _COMPRESSED) or length != len(data):
        raise malformed_message()
    most = options.get_int("grpc.max-request-bytes")
    if flag == _COMPRESSED and encoding == "gzip":
        data = _unzipped(data, most)
    if len(data) > most:
        raise TooLarge("the message is larger than this server takes")
    try:
        return _codec.decode(data, message_class)
    except DecodeError:
        raise malformed_message() from None


def _unzipped(data: bytes, most: int) -> bytes:
    try:
        return _gzip.decompress(data, most)
    except ConnectError:
        raise TooLarge("the message is larger than this server takes") from None
    except (zlib.error, EOFError):
        raise malformed_message() from None


def _takes_gzip(accepted: str) -> bool:
    """Whether gzip is the first compression listed that this server has."""
    for name in accepted.split(",") if accepted else ():
        if name.strip() in wire.ENCODINGS:
            return name.strip() == "gzip"
    return False


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
