"""Opens a request of the RPC door: checks its form and makes the call at hand."""

import time
from dataclasses import dataclass
from wsgiref.types import WSGIEnvironment

from django.conf import settings

from sentry import options
from sentry.integrations.grpc import wire
from sentry.integrations.grpc.body import LazyInput, RequestBody
from sentry.integrations.grpc.call import RpcCall
from sentry.integrations.grpc.credentials import authenticator
from sentry.integrations.grpc.errors import ProtocolError
from sentry.integrations.grpc.policy import RpcPolicy
from sentry.integrations.source_code_management.errors import InvalidArgument, Reason
from sentry.silo import SiloMode

# Some servers hand a header over as empty when they cannot read it; to overlook these is no answer.
_NEVER_EMPTY = ("HTTP_X_IDEMPOTENCY_KEY", "HTTP_X_ORGANIZATION_ID", "HTTP_X_SIGNATURE")


@dataclass(kw_only=True, slots=True)
class OpenedRequest:
    """A request that is of the protocol.

    Attributes:
        call: its call.
        form: what its content type means.
        body: the body, not read yet.
        encoding: the compression that it names; "" for none.
        accepted: the compressions that the caller takes, as its header lists them.
    """

    call: RpcCall
    form: wire.WireFormat
    body: RequestBody
    encoding: str
    accepted: str


def open_request(
    environ: WSGIEnvironment, policy: RpcPolicy | None, form: wire.WireFormat | None
) -> OpenedRequest:
    """Checks everything that can be checked before the credential and the message.

    The body is left unread: who sends half of one and no credential must not hold a thread.

    Args:
        environ: the request.
        policy: the RPC that its path names; None where there is none.
        form: what its content type means; None where it means nothing.

    Raises:
        ProtocolError: wrong silo, unknown method, content type, compression or HTTP method.
        InvalidArgument: a malformed header.
        TooLarge: the body is larger than any message may be.
    """
    policy, form = _checked(environ, policy, form)
    for header in _NEVER_EMPTY:
        if environ.get(header) == "":
            raise InvalidArgument(header[5:].lower().replace("_", "-"), "is empty or not ASCII")
    seconds, is_sent = _deadline(environ, form)
    body = RequestBody(environ, form)
    call = RpcCall(
        policy=policy,
        deadline=time.monotonic() + seconds,
        deadline_sent=is_sent,
        authenticate=authenticator(environ, form.encoding_header, body.as_sent),
        idempotency_key=environ.get("HTTP_X_IDEMPOTENCY_KEY", ""),
        referrer=environ.get("HTTP_X_REFERRER", ""),
    )
    encoding, accepted = form.compression_headers
    return OpenedRequest(
        call=call,
        form=form,
        body=body,
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


def library_environ(request: OpenedRequest, environ: WSGIEnvironment) -> WSGIEnvironment:
    """The request as the RPC library is given it: binary, and nothing else that it has.

    The deadline is ours to keep; the library would answer a late call with texts of its own.
    """
    encoding, accepted = request.form.compression_headers
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": request.call.policy.path,
        "CONTENT_TYPE": request.form.inner_type,
        "wsgi.input": LazyInput(request.body),
        "wsgi.errors": environ["wsgi.errors"],
        encoding: request.encoding,
        accepted: request.accepted,
    }
