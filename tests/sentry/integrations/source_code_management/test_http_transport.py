"""Real sockets on loopback: the pinned address, what a host can do to a connection, TLS names."""

import contextlib
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import httpcore
import httpx
import pytest

from sentry import options
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostUnavailable,
    IntegrationBroken,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_guard import AllowList
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.http_runtime import HttpRuntime, shared_runtime
from sentry.integrations.source_code_management.http_transport import (
    GuardedTransport,
    PinnedBackend,
    call_until,
    resolve,
    shared_transport,
    tls_context,
)
from sentry.utils.deadline import deadline_at

from .http_fakes import FakeAuth, FakeDialect

WHERE = route("/x")
Handler = Callable[[socket.socket], None]


@contextlib.contextmanager
def server(handle: Handler) -> Iterator[int]:
    """Hands each connection to ``handle`` after its request was read; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_connections: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_connections.append(connection)
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while b"\r\n\r\n" in connection.recv(65536):
                handle(connection)

    accepting = threading.Thread(target=serve, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for connection in open_connections:
            connection.close()


def session(
    port: int,
    *,
    host: str = "forge.example",
    addresses: list[str] | None = None,
    allowed="forge.example",
) -> tuple[HostSession, GuardedTransport]:
    backend = PinnedBackend(
        resolver=lambda _host, _port: addresses or ["127.0.0.1"],
        allowed=lambda: AllowList.parse([allowed]),
    )
    transport = GuardedTransport(backend, tls=tls_context())
    runtime = HttpRuntime(transport=lambda: transport, sleep=lambda _: None)
    return (
        HostSession(
            f"http://{host}:{port}", auth=FakeAuth(), dialect=FakeDialect(), runtime=runtime
        ),
        transport,
    )


@pytest.fixture(autouse=True)
def _allowed(settings) -> None:
    settings.SCM_ALLOWED_HOSTS = ["forge.example", "127.0.0.1"]


def ask(port: int, **arguments):
    made, transport = session(port, **arguments)
    try:
        return made.get_json(WHERE, resource="thing")
    finally:
        transport.close()


def sends(*pieces: bytes, close: bool = True) -> Handler:
    def handle(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
        if close:
            connection.shutdown(socket.SHUT_RDWR)

    return handle


FINE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


def test_the_connection_goes_to_the_checked_address_under_the_hosts_name():
    seen: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        connection.sendall(FINE)

    listener = socket.create_server(("127.0.0.1", 0))

    def once() -> None:
        connection, _ = listener.accept()
        with connection:
            seen.append(connection.recv(65536))
            handle(connection)

    thread = threading.Thread(target=once)
    thread.start()
    port = listener.getsockname()[1]
    with listener:
        assert ask(port).json() == {}
        thread.join()
    assert f"host: forge.example:{port}".encode() in seen[0].lower()


def test_a_connection_is_used_again_and_resolved_once():
    asked: list[str] = []

    def resolver(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    backend = PinnedBackend(resolver=resolver, allowed=lambda: AllowList.parse(["forge.example"]))
    transport = GuardedTransport(backend, tls=tls_context())
    runtime = HttpRuntime(transport=lambda: transport)
    with server(sends(FINE, close=False)) as port:
        for token in ("one", "two", "three"):
            HostSession(
                f"http://forge.example:{port}",
                auth=FakeAuth(token=token),
                dialect=FakeDialect(),
                runtime=runtime,
            ).get_json(WHERE, resource="thing")
        transport.close()
    assert asked == ["forge.example"]


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["169.254.169.254"],
    ],
)
def test_one_address_that_is_not_allowed_stops_the_connection(addresses):
    inner = _NoNetwork()
    backend = PinnedBackend(resolver=lambda _host, _port: addresses, allowed=AllowList, inner=inner)
    with pytest.raises(IntegrationBroken, match="SCM_ALLOWED_HOSTS"):
        backend.connect_tcp("forge.example", 443, timeout=5)
    assert inner.tried == []


def test_a_name_that_moves_inside_is_refused_at_its_next_connection():
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    backend = PinnedBackend(
        resolver=lambda _host, _port: next(answers), allowed=AllowList, inner=_NoNetwork()
    )
    with pytest.raises(httpcore.ConnectError):
        backend.connect_tcp("forge.example", 443)
    with pytest.raises(IntegrationBroken):
        backend.connect_tcp("forge.example", 443)


class _NoNetwork(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self.tried: list[str] = []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.tried.append(host)
        raise httpcore.ConnectError


def test_every_checked_address_is_tried_and_only_those():
    inner = _NoNetwork()
    backend = PinnedBackend(
        resolver=lambda _host, _port: ["8.8.8.8", "1.1.1.1"], allowed=AllowList, inner=inner
    )
    with pytest.raises(httpcore.ConnectError):
        backend.connect_tcp("forge.example", 443, timeout=1)
    assert inner.tried == ["8.8.8.8", "1.1.1.1"]


def test_the_guard_reaches_the_caller_through_the_session():
    with server(sends(FINE)) as port, pytest.raises(IntegrationBroken, match="SCM_ALLOWED_HOSTS"):
        ask(port, allowed="other.example")


def test_a_name_without_address_is_unavailable():
    def nowhere(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with pytest.raises(httpcore.ConnectError):
        PinnedBackend(resolver=nowhere).connect_tcp("forge.example", 443, timeout=5)
    with pytest.raises(httpcore.ConnectError):
        PinnedBackend(resolver=lambda _h, _p: []).connect_tcp("forge.example", 443, timeout=5)


def test_a_resolver_that_hangs_is_cut():
    done = threading.Event()

    def hang(_host: str, _port: int) -> list[str]:
        done.wait(30)
        return []

    with call_until(time.monotonic() + 0.05), pytest.raises(httpcore.ConnectTimeout):
        PinnedBackend(resolver=hang).connect_tcp("forge.example", 443)
    done.set()


def test_time_that_is_up_opens_no_connection():
    with call_until(time.monotonic() - 1), pytest.raises(httpcore.ConnectTimeout):
        PinnedBackend(resolver=lambda _h, _p: ["8.8.8.8"]).connect_tcp("forge.example", 443)


def test_an_address_resolves_to_itself():
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]


# --- what a host can do to a connection --------------------------------------------------------


def test_a_drip_of_headers_or_body_is_cut_by_the_total():
    for start in (b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n"):
        stop = threading.Event()

        def drip(connection: socket.socket, start=start, stop=stop) -> None:
            connection.sendall(start)
            while not stop.wait(0.01):
                connection.sendall(b"x")

        values: dict[str, options.OptionValue] = {"scm.http.total-timeout": 0.4}
        with server(drip) as port, options.override(values):
            with pytest.raises(HostUnavailable, match="in time"):
                ask(port)
            stop.set()


def test_silence_until_the_callers_deadline_is_deadline_exceeded():
    with (
        server(lambda _: None) as port,
        deadline_at(time.monotonic() + 0.3),
        pytest.raises(DeadlineExceeded),
    ):
        ask(port)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n",
    ],
    ids=["nothing", "truncated", "chunk", "nonsense", "length"],
)
def test_a_broken_answer_is_unavailable(answer):
    with server(sends(answer)) as port, pytest.raises(HostUnavailable) as caught:
        ask(port)
    assert caught.value.__cause__ is None


def test_no_server_is_unavailable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(HostUnavailable, match="connection"):
        ask(port)


def test_a_bomb_stops_at_the_cap():
    packed = gzip.compress(b" " * 30_000_000)
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(packed)}\r\n\r\n"
    values: dict[str, options.OptionValue] = {"scm.http.max-response-bytes": 1_000_000}
    with (
        server(sends(head.encode(), packed)) as port,
        options.override(values),
        pytest.raises(HostUnavailable, match="larger than 1000000"),
    ):
        ask(port)


def test_a_connection_left_in_the_middle_is_not_used_again():
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\n"
    with server(sends(head, b"x" * 500_000, close=False)) as port:
        made, transport = session(port)
        for _ in range(3):
            answer = made.request("GET", WHERE, resource="file", read_at_most=10)
            assert (answer.body, answer.truncated) == (b"x" * 10, True)
        transport.close()


def test_a_redirect_elsewhere_sends_nothing_there():
    visited: list[bool] = []
    with server(lambda _: visited.append(True)) as elsewhere:
        location = f"http://127.0.0.1:{elsewhere}/"
        head = f"HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        with server(sends(head.encode())) as port, pytest.raises(HostUnavailable, match="another"):
            ask(port)
    assert visited == []


# --- TLS -------------------------------------------------------------------------------------


@contextlib.contextmanager
def tls_server(certificate) -> Iterator[tuple[int, list[str | None]]]:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(65536)
                    secured.sendall(FINE)
            except ssl.SSLError:
                continue
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], names
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_tls_verifies_the_hosts_name_on_the_pinned_address(tmp_path):
    certificate = _certificate(tmp_path, "forge.example")
    tls = tls_context()
    tls.load_verify_locations(certificate)
    backend = PinnedBackend(
        resolver=lambda _host, _port: ["127.0.0.1"],
        allowed=lambda: AllowList.parse(["127.0.0.1"]),
    )
    transport = GuardedTransport(backend, tls=tls)
    with tls_server(certificate) as (port, names):
        request = httpx.Request("GET", f"https://forge.example:{port}/")
        response = transport.handle_request(request)
        assert response.read() == b"{}"
        response.close()
        assert names == ["forge.example"]
        with pytest.raises(httpx.TransportError):
            transport.handle_request(httpx.Request("GET", f"https://other.example:{port}/"))
        transport.close()


def _certificate(folder, name: str):
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_the_process_has_one_pool_and_one_runtime():
    assert shared_transport() is shared_transport()
    assert shared_runtime() is shared_runtime()
    assert shared_runtime().transport() is shared_transport()


def test_threads_share_the_pool():
    with server(sends(FINE, close=False)) as port:
        made, transport = session(port)
        answers: list[int] = []

        def call() -> None:
            for _ in range(10):
                answers.append(made.get_json(WHERE, resource="thing").status)

        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        transport.close()
    assert answers == [200] * 80
