"""The porch: requests of RPCs go to the RPC door, all others to Django.

Every request gets its id here, and every answer tells it.
"""

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from sentry.runner import configure

configure()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402

from sentry.integrations.grpc.application import build_application, is_rpc  # noqa: E402
from sentry.utils import request_id  # noqa: E402

_rpc = build_application()
_django = WSGIHandler()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers one request (WSGI). A stream keeps the request's id around each of its steps."""
    own = request_id.accepted(environ.get("HTTP_X_REQUEST_ID", ""))
    with request_id.bound(own):
        if is_rpc(environ):
            return _rpc(environ, start_response)  # which tells the id by itself
        return _django(environ, _telling(own, start_response))


def _telling(own: str, start_response: StartResponse) -> StartResponse:
    """A ``start_response`` that adds the request's id."""
    told = (request_id.HEADER, own)

    def start(
        status: str,
        headers: list[tuple[str, str]],  # guide: concrete-input - PEP 3333 wants a list
        *exc_info: Any,
    ) -> object:
        return start_response(status, [*headers, told], *exc_info)

    return start  # type: ignore[return-value] # exc_info may be left out
