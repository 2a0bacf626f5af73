"""The porch: requests of RPCs go to the RPC door, all others to Django."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from sentry.runner import configure

configure()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402

from sentry.integrations.grpc.application import build_application, is_rpc  # noqa: E402

_rpc = build_application()
_django = WSGIHandler()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers one request (WSGI)."""
    door = _rpc if is_rpc(environ) else _django
    return door(environ, start_response)
