"""Opens a request of the RPC door: checks its form, reads its body, and makes the call at hand."""

import io
import time
from dataclasses import dataclass
from wsgiref.types import WSGIEnvironment

from django.conf import settings

from sentry import options
from sentry.integrations.grpc import wire
from sentry.integrations.grpc.call import RpcCall
from sentry.integrations.grpc.credentials import authenticator
from sentry.integrations.grpc.errors import ProtocolError, malformed_message
from sentry.integrations.grpc.policy import RpcPolicy
from sentry.integrations.source_code_management.errors import InvalidArgument, Reason, TooLarge
from sentry.silo import SiloMode

# The heads of frames on top of the largest message.
_OVERHEAD = 1024


@dataclass(kw_only=True, slots=True)
class OpenedRequest:
    """A request that is of the protocol.

    Attributes:
        call: its call.
        form: what its content type means.
        body: the body in binary form.
        encoding: the compression that it names; "" for none.
        accepted: the compressions that the caller takes, as its header lists them.
    """

    call: RpcCall
    form: wire.WireFormat
    body: bytes
    encoding: str
    accepted: str


def open_request(
    environ: WSGIEnvironment, policy: RpcPolicy | None, form: wire.WireFormat | None
) -> OpenedRequest:
    """Checks everything that can be checked before the credential and the message.

    Args:
        environ: the request.
        policy: the RPC that its path names; None where there is none.
        form: what its content type means; None where it means nothing.

    Raises:
        ProtocolError: wrong silo, unknown method, content type, compression or HTTP method.
        InvalidArgument: a malformed header, or a body that ends early.
        TooLarge: the body is larger than any message may be.
    """
    policy, form = _checked(environ, policy, form)
    seconds, is_sent = _deadline(environ, form)
    body = _read_body(environ, form)
    call = RpcCall(
        policy=policy,
        deadline=time.monotonic() + seconds,
        deadline_sent=is_sent,
        authenticate=authenticator(environ, form.encoding_header, body),
        idempotency_key=environ.get("HTTP_X_IDEMPOTENCY_KEY", ""),
    )
    encoding, accepted = form.compression_headers
    return OpenedRequest(
        call=call,
        form=form,
        body=_binary(form, body),
        encoding=environ.get(encoding, ""),
        accepted=environ.get(accepted, ""),
    )


def _checked(
    environ: WSGIEnvironment, policy: RpcPolicy | None, form: wire.WireFormat | None
) -> tuple[RpcPolicy, wire.WireFormat]:
    if settings.SILO_MODE == SiloMode.CONTROL:
        raise ProtocolError(
            Reason.WRONG_SILO,
            "this service is served by region silos",
            http_status="501 Not Implemented",
        )
    if policy is None:
        raise ProtocolError(
            Reason.METHOD_UNKNOWN, "there is no such RPC", http_status="404 Not Found"
        )
    if environ["REQUEST_METHOD"] != "POST":
        raise _unsupported("RPCs are called with POST", "405 Method Not Allowed")
    if form is None:
        formats = wire.STREAM_FORMATS if policy.streams else wire.UNARY_FORMATS
        raise _unsupported(f"the content type must be one of: {', '.join(formats)}")
    if (environ.get(form.encoding_header) or "identity") not in wire.ENCODINGS:
        raise _unsupported(f"compressions are: {', '.join(wire.ENCODINGS)}")
    if environ.get("HTTP_CONNECT_PROTOCOL_VERSION", "1") != "1":
        raise InvalidArgument("connect-protocol-version", "expected 1")
    return policy, form


def _unsupported(message: str, http_status: str = "415 Unsupported Media Type") -> ProtocolError:
    return ProtocolError(Reason.PROTOCOL_UNSUPPORTED, message, http_status=http_status)


def _deadline(environ: WSGIEnvironment, form: wire.WireFormat) -> tuple[float, bool]:
    """The seconds that the call may take, and whether the caller said so."""
    text = environ.get(form.timeout_header, "")
    if not text:
        return options.get_float("grpc.default-deadline"), False
    seconds = wire.parse_timeout(form, text)
    if seconds is None:
        raise InvalidArgument(form.timeout_header[5:].lower().replace("_", "-"), "is malformed")
    return min(seconds, options.get_float("grpc.max-deadline")), True


def _read_body(environ: WSGIEnvironment, form: wire.WireFormat) -> bytes:
    """The body as sent, within bounds."""
    most = options.get_int("grpc.max-request-bytes") + _OVERHEAD
    if form.protocol is wire.Protocol.GRPC_WEB_TEXT:
        most = most * 4 // 3 + 4
    length = environ.get("CONTENT_LENGTH", "")
    if length and not (length.isascii() and length.isdigit()):
        raise InvalidArgument("content-length", "is malformed")
    if length and int(length) > most:
        raise TooLarge("the message is larger than this server takes")
    body: bytes = _read(environ, int(length) if length else most + 1)
    if len(body) > most:
        raise TooLarge("the message is larger than this server takes")
    if length and len(body) < int(length):
        raise malformed_message("ends before its content-length")
    return body


def _read(environ: WSGIEnvironment, size: int) -> bytes:
    stream = environ["wsgi.input"]
    body: bytes = stream.read(size)
    if len(body) == size or not body:
        return body
    pieces = [body]
    left = size - len(body)
    while left and (piece := stream.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _binary(form: wire.WireFormat, body: bytes) -> bytes:
    if form.protocol is not wire.Protocol.GRPC_WEB_TEXT:
        return body
    binary = wire.decode_text(body)
    if binary is None:
        raise malformed_message("is no base64")
    return binary


def library_environ(request: OpenedRequest, environ: WSGIEnvironment) -> WSGIEnvironment:
    """The request as the RPC library is given it: binary, whole, and nothing else that it has.

    The deadline is ours to keep; the library would answer a late call with texts of its own.
    """
    encoding, accepted = request.form.compression_headers
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": request.call.policy.path,
        "CONTENT_TYPE": request.form.inner_type,
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": environ["wsgi.errors"],
        encoding: request.encoding,
        accepted: request.accepted,
    }
