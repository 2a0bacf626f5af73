"""Refuses what leaves this machine: connections, datagrams and look-ups of names.

The interpreter's audit events (PEP 578) show every way out of this process, that of libraries in C
that use Python's sockets too; programs that a test starts are not watched.
"""

import ipaddress
import socket
import sys
from collections.abc import Callable

_LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost"})


class OutsideAddressError(AssertionError):
    """A test reached for something beyond this machine."""


def is_inside(host: object) -> bool:
    """Whether a host is this machine: a loopback address or one of its names; None is any of it."""
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if name.lower().rstrip(".") in _LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    # to send to "any address" is to send to this machine
    return address.is_loopback or address.is_unspecified


def _host_of(address: object) -> object:
    """The host of a socket's address; None for one that has none (a path, a connected socket)."""
    return address[0] if isinstance(address, tuple) and address else None


def _of_socket(arguments: tuple[object, ...]) -> object:
    sender, address = arguments[:2]
    is_internet = isinstance(sender, socket.socket) and sender.family in {
        socket.AF_INET,
        socket.AF_INET6,
    }
    return _host_of(address) if is_internet else None


def _first(arguments: tuple[object, ...]) -> object:
    return arguments[0]


# What each event's arguments say of the host.
_EVENTS: dict[str, Callable[[tuple[object, ...]], object]] = {
    "socket.connect": _of_socket,
    "socket.sendto": _of_socket,
    "socket.sendmsg": _of_socket,
    "socket.getaddrinfo": _first,
    "socket.gethostbyname": _first,
    "socket.gethostbyaddr": _first,
    "socket.getnameinfo": lambda arguments: _host_of(arguments[0]),
}


class _Refuser:
    def __init__(self) -> None:
        self.violations: list[str] = []

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        find_host = _EVENTS.get(event)
        if find_host is None:
            return
        host = find_host(arguments)
        if not is_inside(host):
            fault = f"{event} to {host!r}: tests stay on this machine"
            self.violations.append(fault)
            raise OutsideAddressError(fault)


_refuser = _Refuser()


def install() -> None:
    """Refuses from now on; an audit hook cannot be taken away again."""
    sys.addaudithook(_refuser.audit)


def take_violations() -> list[str]:
    """What was refused since it was asked last, also where somebody swallowed the error."""
    found, _refuser.violations = _refuser.violations, []
    return found
