"""The body of a request: read when it is first wanted, within bounds."""

import io
from wsgiref.types import WSGIEnvironment

from sentry import options
from sentry.integrations.grpc import wire
from sentry.integrations.grpc.errors import malformed_message
from sentry.integrations.source_code_management.errors import InvalidArgument, TooLarge
from sentry.utils.streams import read_at_most

# The heads of frames on top of the largest message.
_OVERHEAD = 1024


class RequestBody:
    """The body of one request. A signature covers it as sent; everybody else wants it binary."""

    __slots__ = ("_bytes", "_form", "_length", "_most", "_stream")

    def __init__(self, environ: WSGIEnvironment, form: wire.WireFormat) -> None:
        """Looks at the length that the request names; reads nothing.

        Raises:
            InvalidArgument: the length is no number.
            TooLarge: no message may be so large.
        """
        self._form = form
        self._stream = environ["wsgi.input"]
        self._bytes: bytes | None = None
        most = options.get_int("grpc.max-request-bytes") + _OVERHEAD
        is_text = form.protocol is wire.Protocol.GRPC_WEB_TEXT
        self._most = most * 4 // 3 + 4 if is_text else most
        length = environ.get("CONTENT_LENGTH", "")
        if length and not (length.isascii() and length.isdigit()):
            raise InvalidArgument("content-length", "is malformed")
        self._length = int(length) if length else None
        if self._length is not None and self._length > self._most:
            raise _too_large()

    def as_sent(self) -> bytes:
        """The bytes as they were sent.

        Raises:
            InvalidArgument: they end before they should, as far as that can be known.
            TooLarge: they do not end.
        """
        if self._bytes is None:
            self._bytes = self._read()
        return self._bytes

    def binary(self) -> bytes:
        """The bytes in binary form.

        Raises:
            InvalidArgument: as for ``as_sent``, or a text form that is no base64.
            TooLarge: as for ``as_sent``.
        """
        body = self.as_sent()
        if self._form.protocol is not wire.Protocol.GRPC_WEB_TEXT:
            return body
        binary = wire.decode_text(body)
        if binary is None:
            raise malformed_message("is no base64")
        return binary

    def _read(self) -> bytes:
        if self._length is not None:
            body = read_at_most(self._stream, self._length)
            if len(body) < self._length:
                raise malformed_message("ends before its content-length")
            return body
        body = read_at_most(self._stream, self._most + 1)
        if len(body) > self._most:
            raise _too_large()
        if body and self._form.protocol is wire.Protocol.CONNECT_UNARY:
            # without frames and without a length, a message that was cut off looks whole
            raise InvalidArgument("content-length", "is needed: this form has no other end")
        return body


class LazyInput:
    """A body as the RPC library reads it (``wsgi.input``)."""

    def __init__(self, body: RequestBody) -> None:
        """Reads nothing yet."""
        self._body = body
        self._binary: io.BytesIO | None = None

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` further bytes; raises what the body's own reading raises."""
        if self._binary is None:
            self._binary = io.BytesIO(self._body.binary())
        return self._binary.read(size)


def _too_large() -> TooLarge:
    return TooLarge("the message is larger than this server takes")
