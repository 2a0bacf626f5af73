"""The way out: one connection pool per process, over connections that the guard has checked.

A host's name is resolved once per connection, every address is checked, and the connection goes
to a checked address: a name that changes its address between check and use (DNS rebinding) gains
nothing. TLS still verifies the name. Proxies, cookies and the environment play no part.
"""

import contextlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import certifi
import httpcore
import httpx
from django.conf import settings

from sentry.integrations.source_code_management.http_guard import AllowList, check_address

type Resolver = Callable[[str, int], list[str]]

_MAX_CONNECTIONS = 100
_MAX_IDLE = 20
_IDLE_SECONDS = 60.0

# Until when the call of this thread may read and write, in time.monotonic() seconds.
_call_end: ContextVar[float | None] = ContextVar("call_end", default=None)


@contextlib.contextmanager
def call_until(end: float | None) -> Iterator[None]:
    """Bounds everything that connections do inside the block, however slowly bytes drip in."""
    token = _call_end.set(end)
    try:
        yield
    finally:
        _call_end.reset(token)


def allow_list() -> AllowList:
    """What the operator allows now."""
    return AllowList.parse(settings.SCM_ALLOWED_HOSTS)


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, in the resolver's order.

    Raises:
        OSError: the name has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve_within(resolver: Resolver, host: str, port: int, timeout: float | None) -> list[str]:
    """Asks the resolver in a thread of its own, since getaddrinfo knows no timeout."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolver(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(OSError(str(error)))

    threading.Thread(target=ask, name="scm-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise httpcore.ConnectTimeout from None
    if isinstance(answer, OSError):
        raise httpcore.ConnectError from None
    return answer


def _shortened(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    """The timeout of one step, cut to what the whole call has left."""
    end = _call_end.get()
    if end is None:
        return timeout
    left = end - time.monotonic()
    if left <= 0:
        raise error
    return left if timeout is None else min(timeout, left)


class _BoundedStream(httpcore.NetworkStream):
    """A connection whose every step ends with the call."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _shortened(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _shortened(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        short = _shortened(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, short))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class PinnedBackend(httpcore.NetworkBackend):
    """Opens connections to checked addresses only."""

    def __init__(
        self,
        *,
        resolver: Resolver = resolve,
        allowed: Callable[[], AllowList] = allow_list,
        inner: httpcore.NetworkBackend | None = None,
    ) -> None:
        """Takes the resolver, the operator's list (asked at each connection) and the sockets."""
        self._resolver = resolver
        self._allowed = allowed
        self._inner = inner or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 -- httpcore's interface
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Connects to the first address that answers, after all were checked.

        Raises:
            IntegrationBroken: one of the addresses is not allowed.
            httpcore.ConnectError, httpcore.ConnectTimeout: no address answered.
        """
        left = _shortened(timeout, httpcore.ConnectTimeout)
        addresses = resolve_within(self._resolver, host, port, left)
        allowed = self._allowed()
        for address in addresses:
            check_address(host, address, allowed)
        failure: Exception = httpcore.ConnectError()
        for address in addresses:
            try:
                return _BoundedStream(self._connect(address, port, timeout))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _connect(self, address: str, port: int, timeout: float | None) -> httpcore.NetworkStream:
        return self._inner.connect_tcp(address, port, _shortened(timeout, httpcore.ConnectTimeout))


class _PooledBody(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _translated():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turns httpcore's errors into httpx's, which name a request nowhere."""
    try:
        yield
    except httpcore.TimeoutException:
        raise httpx.ReadTimeout("timed out") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise httpx.TransportError(type(error).__name__) from None


class GuardedTransport(httpx.BaseTransport):
    """A pool of checked connections, safe for use by many threads."""

    def __init__(self, backend: httpcore.NetworkBackend, *, tls: ssl.SSLContext) -> None:
        """Opens nothing yet."""
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_IDLE,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=backend,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request; the response's stream must be closed.

        Raises:
            httpx.TransportError: the connection failed.
            IntegrationBroken: the host's address is not allowed.
        """
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        outgoing = httpcore.Request(
            method=request.method,
            url=url,
            headers=request.headers.raw,
            content=request.content,
            extensions=request.extensions,
        )
        with _translated():
            answer = self._pool.handle_request(outgoing)
        return httpx.Response(answer.status, headers=answer.headers, stream=_PooledBody(answer))

    def close(self) -> None:
        """Closes every connection."""
        self._pool.close()


def tls_context() -> ssl.SSLContext:
    """Verifies against the machine's own certificate store and against certifi's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


_lock = threading.Lock()
_transport: GuardedTransport | None = None


def shared_transport() -> httpx.BaseTransport:
    """The process's pool, made at its first use."""
    global _transport  # noqa: PLW0603 -- one pool per process is the point
    with _lock:
        if _transport is None:
            _transport = GuardedTransport(PinnedBackend(), tls=tls_context())
        return _transport
