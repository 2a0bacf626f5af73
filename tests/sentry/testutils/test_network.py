"""Nothing of a test leaves this machine."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import httpx
import pytest

from sentry.testutils import network

# Addresses of documentation (RFC 5737, RFC 3849): nobody has them.
OUTSIDE = "192.0.2.1"
OUTSIDE_6 = "2001:db8::1"


@pytest.fixture
def forgiven() -> Iterator[None]:
    """What the test provokes is not told at its end."""
    yield
    assert network.take_violations()


@contextlib.contextmanager
def udp(family: int = socket.AF_INET) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_DGRAM) as made:
        yield made


def _tcp() -> None:
    socket.create_connection((OUTSIDE, 80), timeout=1)


def _raw_tcp() -> None:
    with socket.socket() as stream:
        stream.connect((OUTSIDE, 80))


def _raw_tcp_code() -> None:
    with socket.socket() as stream:
        stream.connect_ex((OUTSIDE, 80))


def _mapped_tcp() -> None:
    with socket.socket(socket.AF_INET6) as stream:
        stream.connect((f"::ffff:{OUTSIDE}", 80))


def _connected_udp() -> None:
    with udp() as datagrams:
        datagrams.connect((OUTSIDE, 53))


def _coroutine() -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(OUTSIDE, 80), 1))


def _udp() -> None:
    with udp() as datagrams:
        datagrams.sendto(b"x", (OUTSIDE, 53))


def _udp_message() -> None:
    with udp() as datagrams:
        datagrams.sendmsg([b"x"], [], 0, (OUTSIDE, 53))


def _udp_6() -> None:
    with udp(socket.AF_INET6) as datagrams:
        datagrams.sendto(b"x", (OUTSIDE_6, 53))


def _http() -> None:
    httpx.get(f"http://{OUTSIDE}/", timeout=1)


WAYS_OUT: dict[str, Callable[[], object]] = {
    "tcp": _tcp,
    "raw tcp": _raw_tcp,
    "raw tcp by code": _raw_tcp_code,
    "tcp over a mapped address": _mapped_tcp,
    "connected udp": _connected_udp,
    "coroutine": _coroutine,
    "udp": _udp,
    "udp message": _udp_message,
    "udp over IPv6": _udp_6,
    "http": _http,
    "http by name": lambda: httpx.get("http://host.example/", timeout=1),
    "look-up": lambda: socket.getaddrinfo("host.example", 80),
    "look-up in bytes": lambda: socket.getaddrinfo(b"host.example", 80),
    "old look-up": lambda: socket.gethostbyname("host.example"),
    "extended look-up": lambda: socket.gethostbyname_ex("host.example"),
    "reverse look-up": lambda: socket.gethostbyaddr(OUTSIDE),
    "name of an address": lambda: socket.getnameinfo((OUTSIDE, 80), 0),
}


@pytest.mark.parametrize("way", WAYS_OUT.values(), ids=list(WAYS_OUT))
def test_every_way_out_is_refused(way: Callable[[], object], forgiven: None) -> None:
    with pytest.raises(network.OutsideAddressError):
        way()


def test_what_somebody_swallows_is_remembered(forgiven: None) -> None:
    with contextlib.suppress(AssertionError):
        socket.gethostbyname("host.example")
    (fault,) = network.take_violations()
    assert fault == "socket.gethostbyname to 'host.example': tests stay on this machine"
    with contextlib.suppress(AssertionError):
        socket.gethostbyname("host.example")


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()[:2]):
            pass
        with udp() as datagrams:
            datagrams.sendto(b"x", server.getsockname())
    assert socket.getaddrinfo("localhost", 80)
    first, second = socket.socketpair()
    with first, second:
        second.sendmsg([b"x"])
        assert first.recv(1) == b"x"


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        (None, True), ("", True), ("localhost", True), ("LOCALHOST.", True), (b"localhost", True),
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::1%lo", True), ("0.0.0.0", True),
        ("10.0.0.1", False), ("169.254.169.254", False), (OUTSIDE, False), (OUTSIDE_6, False),
        ("::ffff:192.0.2.1", False), ("localhost.example", False), ("127.0.0.1.example", False),
    ],
)  # fmt: skip
def test_what_is_inside(host: object, inside: bool) -> None:
    assert network.is_inside(host) is inside
