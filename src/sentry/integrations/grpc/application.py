"""The WSGI application of the RPC door.

It wraps the RPC library's application and does what that lacks: it refuses what is not of the
protocol with texts of ours, reads the body within bounds, verifies signatures on the exact bytes,
speaks ``grpc-web-text``, answers browsers' preflight requests, sets the call at hand, and gives
the database connections back.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from connectrpc.code import Code
from connectrpc.interceptor import UnaryInterceptorSync
from django.db import close_old_connections

from sentry import options
from sentry.db.deadline import statement_deadline
from sentry.integrations.grpc import cors, observation, wire
from sentry.integrations.grpc.call import RpcCall, active
from sentry.integrations.grpc.codec import codecs
from sentry.integrations.grpc.errors import code_of, status_of
from sentry.integrations.grpc.generated.scm_connect import ScmServiceWSGIApplication
from sentry.integrations.grpc.interceptors import (
    AuthenticationInterceptor,
    ErrorInterceptor,
    IdempotencyInterceptor,
    MessageInterceptor,
)
from sentry.integrations.grpc.policy import POLICIES, SERVICE
from sentry.integrations.grpc.requests import OpenedRequest, library_environ, open_request
from sentry.integrations.grpc.services import ScmServicer
from sentry.integrations.grpc.unary import UnaryMethod, unary_methods
from sentry.integrations.grpc.unary import answer as answer_unary
from sentry.integrations.source_code_management.errors import ScmError
from sentry.utils.request_id import HEADER, bound, current

PREFIX = "/grpc"
SERVICE_PATH = f"/{SERVICE.full_name}/"

type Headers = list[tuple[str, str]]


class RpcApplication:
    """Answers every request under the service's path, with and without the ``/grpc`` prefix."""

    def __init__(self, inner: WSGIApplication, methods: Mapping[str, UnaryMethod]) -> None:
        """Takes the RPC library's application, and the RPCs that are called without it."""
        self._inner = inner
        self._methods = methods

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request (WSGI)."""
        extra = [(HEADER, current())]
        if "HTTP_ORIGIN" in environ:
            extra += cors.response_headers(environ)
        if environ["REQUEST_METHOD"] == "OPTIONS":
            start_response("204 No Content", [*extra, *cors.preflight_headers(environ)])
            return []
        policy = POLICIES.get(environ.get("PATH_INFO", "").removeprefix(PREFIX))
        form = wire.wire_format(
            environ.get("CONTENT_TYPE", ""), streams=policy is not None and policy.streams
        )
        try:
            request = open_request(environ, policy, form)
        except ScmError as error:
            observation.refused(policy, code_of(error).name)
            return _refuse(start_response, form, error, extra)
        request.call.headers += extra
        if request.form.is_web and not request.call.policy.streams:
            return self._answer_unary(request, start_response)
        return self._answer(request, environ, start_response)

    def _answer_unary(
        self, request: OpenedRequest, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Unary calls over gRPC-Web."""
        call, form = request.call, request.form
        method = self._methods[call.policy.path]
        with active(call), statement_deadline(is_sent=call.deadline_sent):
            answer = answer_unary(
                method, request.body, encoding=request.encoding, accepted=request.accepted
            )
        close_old_connections()
        observation.finished(call)
        kind = ("content-type", wire.answer_type(form))
        start_response("200 OK", [kind, ("grpc-encoding", answer.encoding), *call.headers])
        is_text = form.protocol is wire.Protocol.GRPC_WEB_TEXT
        return [wire.encode_text(answer.body) if is_text else answer.body]

    def _answer(
        self, request: OpenedRequest, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Streams, and every call over Connect."""
        call, form = request.call, request.form
        starter = _starter(start_response, call, form)
        with active(call), statement_deadline(is_sent=call.deadline_sent):
            parts = self._inner(library_environ(request, environ), starter)
            if call.policy.streams:
                is_text = form.protocol is wire.Protocol.GRPC_WEB_TEXT
                return _Stream(call, parts, is_text=is_text)
            body = b"".join(parts)
        close_old_connections()
        observation.finished(call)
        return [body]


class _Stream:
    """The body of a streamed answer; its call and request are the current ones at every step."""

    def __init__(self, call: RpcCall, parts: Iterable[bytes], *, is_text: bool) -> None:
        self._call = call
        self._parts = iter(parts)
        self._is_text = is_text
        self._ended = False

    def __iter__(self) -> "_Stream":
        return self

    def __next__(self) -> bytes:
        call = self._call
        with (
            bound(call.request_id),
            active(call),
            statement_deadline(is_sent=call.deadline_sent),
        ):
            try:
                part = next(self._parts)
            except StopIteration:
                self._ended = True
                raise
        return wire.encode_text(part) if self._is_text else part

    def close(self) -> None:
        """Ends the stream, early or not, and gives the connections back (WSGI)."""
        with bound(self._call.request_id), active(self._call):
            close = getattr(self._parts, "close", None)
            if close is not None:
                close()
        close_old_connections()
        if not self._ended and self._call.code == "OK":
            self._call.code = Code.CANCELED.name
        observation.finished(self._call)


def _refuse(
    start_response: StartResponse,
    form: wire.WireFormat | None,
    error: ScmError,
    extra: Headers,
) -> Iterable[bytes]:
    line, kind, body = wire.refusal(form, error, status_of(error))
    headers = [("content-type", kind), ("content-length", str(len(body))), *extra]
    if line.startswith("405"):
        headers.append(("allow", "POST, OPTIONS"))
    start_response(line, headers)
    return [body]


def _starter(start_response: StartResponse, call: RpcCall, form: wire.WireFormat) -> StartResponse:
    """A ``start_response`` that adds the call's headers and names the text form of gRPC-Web."""

    def start(status: str, headers: Headers, *exc_info: Any) -> object:
        if form.is_web:
            headers = [
                (name, wire.answer_type(form) if name == "content-type" else value)
                for name, value in headers
            ]
        return start_response(status, headers + call.headers, *exc_info)

    return start  # type: ignore[return-value]


def build_application() -> RpcApplication:
    """The door, ready to be mounted; raises where an RPC has no policy."""
    service = ScmServicer()
    around: list[UnaryInterceptorSync] = [MessageInterceptor(), IdempotencyInterceptor()]
    inner = ScmServiceWSGIApplication(
        service,
        interceptors=[ErrorInterceptor(), AuthenticationInterceptor(), *around],
        read_max_bytes=options.get_int("grpc.max-request-bytes"),
        codecs=codecs(),
    )
    return RpcApplication(inner, unary_methods(service, around))


def is_rpc(environ: WSGIEnvironment) -> bool:
    """Whether the request belongs to this door: by its path, or by a content type of gRPC."""
    path: str = environ.get("PATH_INFO", "")
    return path.removeprefix(PREFIX).startswith(SERVICE_PATH) or environ.get(
        "CONTENT_TYPE", ""
    ).startswith(("application/grpc", "application/connect+"))
