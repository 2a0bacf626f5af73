"""Where the server is: from `host` to the address of one RPC."""

from dataclasses import dataclass
from urllib.parse import urlsplit

SERVICE = "/sentry.integrations.scm.v1.ScmService/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A server's address: `origin` is scheme, host and port, `prefix` the path before an RPC's."""

    origin: str
    prefix: str

    def url(self, method: str) -> str:
        """The address of an RPC, by its name in the proto."""
        return f"{self.origin}{self.prefix}{SERVICE}{method}"


def parse_endpoint(host: str, *, secure: bool, path_prefix: str = "") -> Endpoint:
    """Read `host`: `name`, `name:port` or a whole URL with an optional path.

    `path_prefix` is put after that path (`/grpc` reaches the service under its second address).
    Raises ValueError for what is no address, and where `secure` and the URL's scheme disagree:
    a credential must not travel in the clear by a slip. The texts never repeat `host`, which
    may hold a password by mistake.
    """
    url = host if "://" in host else f"{'https' if secure else 'http'}://{host}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(_WRONG) from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("host must not hold a user or password; give api_key= or token= instead")
    if parts.scheme not in ("http", "https") or not parts.hostname or not _plain(url):
        raise ValueError(_WRONG)
    if parts.query or parts.fragment:
        raise ValueError("host must not hold a query or a fragment")
    _check_scheme(parts.scheme, secure=secure)
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    origin = f"{parts.scheme}://{name}" + (f":{port}" if port is not None else "")
    return Endpoint(origin=origin, prefix=parts.path.rstrip("/") + _prefix(path_prefix))


_WRONG = "host must be like 'sentry.example.com:443' or 'https://sentry.example.com/prefix'"


def _plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url and "\\" not in url


def _check_scheme(scheme: str, *, secure: bool) -> None:
    if secure and scheme == "http":
        raise ValueError("an http:// address sends everything in the clear; say secure=False too")
    if not secure and scheme == "https":
        raise ValueError("secure=False contradicts the https:// address; leave one of them out")


def _prefix(path_prefix: str) -> str:
    stripped = path_prefix.strip("/")
    if not _plain(stripped) or "?" in stripped or "#" in stripped:
        raise ValueError("path_prefix must be a plain path such as '/grpc'")
    return f"/{stripped}" if stripped else ""
