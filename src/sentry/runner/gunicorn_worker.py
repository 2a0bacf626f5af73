"""gunicorn's threaded worker, with our own answers to requests that it cannot read.

gunicorn answers such requests before the application sees them, in HTML and with the text of its
exception, which repeats what the caller sent and how the server is configured. The statuses are
those of ``gunicorn.workers.base.Worker.handle_error``.
"""

import json
import socket
import ssl
from collections.abc import Mapping

from gunicorn.http import errors  # type: ignore[import-untyped]
from gunicorn.util import write_nonblock  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

_STATUSES: Mapping[type[Exception], int] = {
    errors.ForbiddenProxyRequest: 403,
    ssl.SSLError: 403,
    errors.LimitRequestLine: 414,
    errors.ExpectationFailed: 417,
    errors.LimitRequestHeaders: 431,
    errors.ConfigurationProblem: 500,
    errors.InvalidResponseHeader: 500,  # the application's fault
    errors.InvalidResponseHeaderName: 500,
    errors.UnsupportedTransferCoding: 501,
    errors.ParseException: 400,  # all others
}
_TEXTS = {
    400: ("Bad Request", "The request is malformed."),
    403: ("Forbidden", "The request is not allowed."),
    414: ("URI Too Long", "The request line is too long."),
    417: ("Expectation Failed", "The expectation cannot be met."),
    431: ("Request Header Fields Too Large", "The request headers are too large."),
    500: ("Internal Server Error", "Internal error."),
    501: ("Not Implemented", "The transfer coding is not supported."),
}


def status_of(error: Exception) -> int:
    """The HTTP status for an exception of gunicorn's parser; 500 for any other."""
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500)


def answer_of(status: int) -> bytes:
    """A whole HTTP/1.1 answer in JSON that ends the connection."""
    reason, detail = _TEXTS[status]
    body = json.dumps({"detail": detail})
    head = (
        f"HTTP/1.1 {status} {reason}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", body)).encode("ascii")


class Worker(ThreadWorker):  # type: ignore[misc]  # it has no types
    """A threaded worker whose own error answers are short, fixed and JSON."""

    def handle_error(
        self,
        req: object,  # noqa: ARG002 - gunicorn's signature
        client: socket.socket,
        addr: object,  # noqa: ARG002
        exc: Exception,
    ) -> None:
        """Logs what happened, without what the caller sent, and answers."""
        status = status_of(exc)
        if status == 500:  # noqa: PLR2004
            self.log.error("request failed", exc_info=exc)
        else:
            self.log.warning("request refused: %s (%d)", type(exc).__name__, status)
        try:
            write_nonblock(client, answer_of(status))
        except OSError as error:
            self.log.debug("error answer not sent: %s", type(error).__name__)
