"""A client for both doors: tests' requests go through ``sentry.wsgi.application``, no socket."""

import json
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager
from io import BytesIO
from types import TracebackType
from typing import Any, cast
from unittest import mock
from wsgiref.types import WSGIEnvironment

import django.test
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import connections
from django.http import HttpResponse
from django.utils.crypto import get_random_string

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_CSRF_SECRET_LENGTH = 32

type _ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class TestResponse(HttpResponse):
    """What the application answered. Headers are read as ``response["content-type"]``."""

    # Set by the client: the environment of the request and the client itself.
    request: dict[str, Any]
    client: "Client"
    wsgi_request: WSGIRequest

    @property
    def data(self) -> Any:
        """The JSON body as Python values; None where the body is empty."""
        return json.loads(self.content) if self.content else None

    def json(self) -> Any:
        """The JSON body as Python values.

        Raises:
            ValueError: the body is no JSON.
        """
        return json.loads(self.content)


class Client(django.test.Client):
    """Behaves like Django's test client, but knows nothing of Django's handlers.

    A logged-in client sends a CSRF token with unsafe requests, as a browser's page would, unless
    it is made with ``enforce_csrf_checks=True``.
    """

    def __init__(self, enforce_csrf_checks: bool = False, **defaults: Any) -> None:
        """Starts without cookies."""
        super().__init__(raise_request_exception=False, **defaults)
        self._sends_csrf_token = not enforce_csrf_checks

    def request(self, **request: Any) -> Any:
        """Sends one request; the answer is a ``TestResponse``."""
        if self._sends_csrf_token and settings.SESSION_COOKIE_NAME in self.cookies:
            self._add_csrf_token(request)
        environ = self._base_environ(**request)  # type: ignore[attr-defined]
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read())
        environ["wsgi.errors"] = self.errors
        response = _call_application(environ)
        response.client, response.request = self, request
        response.wsgi_request = WSGIRequest(environ)
        if response.cookies:
            self.cookies.update(response.cookies)
        return response

    def _add_csrf_token(self, request: MutableMapping[str, Any]) -> None:
        if request.get("REQUEST_METHOD", "GET") in _SAFE_METHODS:
            return
        token = get_random_string(_CSRF_SECRET_LENGTH)
        self.cookies[settings.CSRF_COOKIE_NAME] = token
        request.setdefault(settings.CSRF_HEADER_NAME, token)

    def call(self, method: str, path: str, **extra: Any) -> TestResponse:
        """Sends a request of any method; takes what ``django.test.Client.generic`` takes."""
        return cast("TestResponse", self.generic(method, path, **extra))


def _call_application(environ: WSGIEnvironment) -> TestResponse:
    """Calls the application as a server would, and closes its answer."""
    from sentry.wsgi import application  # noqa: PLC0415 - only when there is a request

    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str,
        headers: list[tuple[str, str]],  # guide: concrete-input - PEP 3333 wants a list
        _exc_info: _ExcInfo | None = None,
    ) -> Any:
        started.append((status, headers))
        return written.append

    with _connections_stay_open():
        chunks: Iterable[bytes] = application(environ, start_response)
        try:
            body = b"".join(written) + b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
    return _response(*started[-1], body=body)


def _response(status: str, headers: Sequence[tuple[str, str]], *, body: bytes) -> TestResponse:
    code, _, phrase = status.partition(" ")
    response = TestResponse(content=body, status=int(code), reason=phrase)
    del response.headers["Content-Type"]
    for name, value in headers:
        if name.lower() == "set-cookie":
            response.cookies.load(value)
        else:
            before = response.headers.get(name)
            response.headers[name] = value if before is None else f"{before}, {value}"
    return response


@contextmanager
def _connections_stay_open() -> Iterator[None]:
    """A request's end must not take the connection of the test's own transaction away.

    Both doors hand connections back by ``close_old_connections()``, which closes one that is
    inside a transaction. A test without such a transaction sees what a server does.
    """
    kept = [
        connection
        for connection in connections.all(initialized_only=True)
        if connection.in_atomic_block
    ]
    with ExitStack() as stack:
        for connection in kept:
            stack.enter_context(mock.patch.object(connection, "close_if_unusable_or_obsolete"))
        yield
