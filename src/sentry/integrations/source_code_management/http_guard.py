"""Which URLs and addresses the platform may reach: the guard against server-side request forgery.

An operator lists private hosts in ``SCM_ALLOWED_HOSTS`` (names, addresses or CIDRs). Everything
else must be https on a public address. Pure: the resolver is called elsewhere.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from sentry.integrations.source_code_management.errors import AddressRefused

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

# RFC 3986: what may stand in a URL at all. Backslashes, spaces and controls make parsers disagree.
_URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SPLIT = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-]+)(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?")
# A last label like these makes resolvers read the whole name as an IPv4 address in disguise.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65535
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

# Where clouds answer questions about the machine itself; none of them is ever a code host.
_METADATA: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local: AWS, Azure, GCP, OpenStack and others
        "fe80::/10",
        "fd00:ec2::/32",  # AWS over IPv6
        "fd20:ce::/32",  # Google Cloud over IPv6
        "100.100.100.200/32",  # Alibaba Cloud
        "192.0.0.192/32",  # Oracle Cloud, classic
        "168.63.129.16/32",  # Azure's agent channel: a public address that is not public
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Scheme, host and port of a URL, in lower case; the host of an IPv6 address is bare."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AllowList:
    """What an operator allowed, beside the public internet."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Reads host names, addresses ("10.0.0.7") and CIDRs ("10.0.0.0/8")."""
        names: set[str] = set()
        networks: list[Network] = []
        for entry in entries:
            text = entry.strip().strip("[]").lower()
            try:
                networks.append(ip_network(text, strict=False))
            except ValueError:
                names.add(text)
        return cls(names=frozenset(names), networks=tuple(networks))

    def names_host(self, host: str) -> bool:
        """Whether the host itself is listed, by its name or as an address."""
        if host in self.names:
            return True
        address = _address(host)
        return address is not None and self.covers(address)

    def covers(self, address: Address) -> bool:
        """Whether the address lies in a listed network."""
        return any(address in network for network in self.networks)

    def lists_exactly(self, address: Address) -> bool:
        """Whether this very address is listed, not only a network around it."""
        return any(
            address in network and network.prefixlen == network.max_prefixlen
            for network in self.networks
        )


def parse_origin(url: str, allowed: AllowList) -> Origin:
    """The origin of a URL that may be asked.

    Raises:
        AddressRefused: the URL is malformed, carries a user, has an odd host, or is plain http
            to a host that the operator did not list. The text says what to do.
    """
    if not _URL.fullmatch(url) or _BROKEN_ESCAPE.search(url):
        raise AddressRefused("the host's URL has characters that no URL may have")
    split = _SPLIT.fullmatch(url)
    if split is None:
        raise AddressRefused("the host's URL must begin with https:// and have no fragment")
    origin = _parse_authority(split["scheme"].lower(), split["authority"])
    if origin.scheme == "http" and not allowed.names_host(origin.host):
        raise AddressRefused(
            f"the host {origin.host} may be reached by https only; for plain http an operator"
            " must list it in SCM_ALLOWED_HOSTS"
        )
    return origin


def _parse_authority(scheme: str, authority: str) -> Origin:
    if "@" in authority:
        raise AddressRefused("the host's URL must not hold a user or a password")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise AddressRefused("the host's URL has no valid host name")
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port <= _MAX_PORT:
        raise AddressRefused("the host's URL has no valid port")
    return Origin(scheme=scheme, host=_parse_host(match["host"].lower()), port=port)


def _parse_host(host: str) -> str:
    bare = host.strip("[]")
    if _address(bare) is not None:
        return bare
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or _NUMBER.fullmatch(labels[-1]):
        raise AddressRefused("the host's URL has no valid host name")
    return host


def check_address(host: str, text: str, allowed: AllowList) -> None:
    """Refuses an address that a host's name must not lead to.

    An IPv4 address inside an IPv6 one (mapped, NAT64) is judged as itself. A listed name opens
    private addresses; a metadata or link-local address opens only where it is listed itself.

    Raises:
        AddressRefused: the address is not public and not listed.
    """
    address = _address(text)
    if address is None:
        raise AddressRefused(f"the host {host} has no usable address")
    address = _embedded(address) or address
    if allowed.lists_exactly(address):
        return
    metadata = any(address in network for network in _METADATA)
    listed = host in allowed.names or allowed.covers(address)
    if metadata or not (listed or _is_public(address)):
        wanted = "its address" if metadata else "it"
        raise AddressRefused(
            f"the host {host} has an address that is not public; an operator must list {wanted}"
            " in SCM_ALLOWED_HOSTS"
        )


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that a connection to this IPv6 address would reach in the end."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped


def _is_public(address: Address) -> bool:
    # 6to4 and Teredo carry IPv4 addresses too, but Python counts both as not global.
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
