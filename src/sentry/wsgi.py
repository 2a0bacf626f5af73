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
    door = _rpc if is_rpc(environ) else _django
    own = request_id.accepted(environ.get("HTTP_X_REQUEST_ID", ""))
    told = ("x-request-id", own)

    def start(
        status: str,
        headers: list[tuple[str, str]],  # guide: concrete-input - PEP 3333 wants a list
        *exc_info: Any,
    ) -> object:
        return start_response(status, [*headers, told], *exc_info)

    with request_id.bound(own):
        return door(environ, start)  # type: ignore[arg-type] # exc_info may be left out
