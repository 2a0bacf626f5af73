"""The three ways to say who calls, as httpx authentication.

A credential lives in an httpx.Auth and reaches the request there, so that no other object and no
frame of a traceback holds it. Every `repr` names the kind alone.
"""

from collections.abc import Generator, Mapping
from typing import Protocol

import httpx

from .endpoint import SERVICE
from .signature import SignedParts, encoding_header, new_nonce, sign

# What the client itself sets, or must not be set twice.
_RESERVED = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "te",
        "transfer-encoding",
        "x-api-key",
        "x-grpc-web",
        "x-idempotency-key",
        "x-key-id",
        "x-organization-id",
    }
)
_RESERVED_STARTS = ("grpc-", "x-signature")


class UnixClock(Protocol):
    """Tells the unix time in seconds."""

    def unix(self) -> float:
        """Seconds since 1970."""
        ...


class HeaderAuth(httpx.Auth):
    """Adds fixed headers: an API key, a token, and what else the caller wants sent."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Add the headers."""
        request.headers.update(self._headers)
        yield request


class SignatureAuth(httpx.Auth):
    """Signs each request on the exact bytes that are sent, with a new time and nonce each."""

    requires_request_body = True

    def __init__(
        self, *, secret: str, key_id: str, extra: Mapping[str, str], clock: UnixClock
    ) -> None:
        self._secret = secret
        self._key_id = key_id
        self._extra = HeaderAuth(extra)
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Add the headers, the signature last."""
        next(self._extra.auth_flow(request))
        signed = sign(self._secret, self._parts(request))
        request.headers.encoding = "utf-8"  # what httpx reads them back with; a key id is any text
        request.headers.update([(n.encode(), v.encode()) for n, v in signed.items()])
        yield request

    def _parts(self, request: httpx.Request) -> SignedParts:
        headers = request.headers
        content_type = headers.get("content-type", "")
        return SignedParts(
            key_id=self._key_id,
            method=request.method,
            # The path as the service sees it: a proxy's prefix is gone by then.
            path=SERVICE + request.url.raw_path.decode("ascii").rpartition("/")[2],
            organization_id=headers.get("x-organization-id", ""),
            content_type=content_type,
            encoding=headers.get(encoding_header(content_type), ""),
            idempotency_key=headers.get("x-idempotency-key", ""),
            timestamp=int(self._clock.unix()),
            nonce=new_nonce(),
            body=request.content,
        )


def choose_auth(
    *,
    api_key: str | None,
    token: str | None,
    shared_secret: str | None,
    key_id: str | None,
    organization_id: int | None,
    headers: Mapping[str, str] | None,
    clock: UnixClock,
) -> httpx.Auth:
    """Make the authentication of a client from what the caller gave.

    Raises ValueError, which never repeats a value, unless exactly one kind of credential is
    given, whole and fit for a header.
    """
    given = [name for name, value in _named(api_key, token, shared_secret) if value is not None]
    if len(given) != 1:
        raise ValueError(
            "give exactly one credential: api_key=, token=, or shared_secret= with key_id= and "
            f"organization_id= (got {' and '.join(given) or 'none'})"
        )
    extra = _extra_headers(headers, organization_id)
    if shared_secret is not None:
        return _signature(shared_secret, key_id, organization_id, extra, clock)
    if key_id is not None:
        raise ValueError("key_id= belongs to shared_secret=; leave it out")
    if api_key is not None:
        return HeaderAuth({**extra, "x-api-key": _fit("api_key", api_key)})
    return HeaderAuth({**extra, "authorization": f"Bearer {_fit('token', token or '')}"})


def _named(
    api_key: str | None, token: str | None, shared_secret: str | None
) -> list[tuple[str, str | None]]:
    return [("api_key", api_key), ("token", token), ("shared_secret", shared_secret)]


def _signature(
    secret: str,
    key_id: str | None,
    organization_id: int | None,
    extra: Mapping[str, str],
    clock: UnixClock,
) -> SignatureAuth:
    if not secret:
        raise ValueError("shared_secret is empty")
    if key_id is None or organization_id is None:
        raise ValueError("shared_secret= needs key_id= and organization_id= beside it")
    if not key_id or not key_id.isprintable() or key_id != key_id.strip():
        raise ValueError("key_id must be printable text without blanks around it")
    return SignatureAuth(secret=secret, key_id=key_id, extra=extra, clock=clock)


def _extra_headers(
    headers: Mapping[str, str] | None, organization_id: int | None
) -> dict[str, str]:
    extra = {_free(name): _fit(f"header {name}", value) for name, value in (headers or {}).items()}
    if organization_id is not None:
        if organization_id <= 0:
            raise ValueError("organization_id must be more than 0; leave it out for the default")
        extra["x-organization-id"] = str(organization_id)
    return extra


def _free(name: str) -> str:
    lower = name.lower()
    if not lower.isascii() or not lower.replace("-", "").replace("_", "").isalnum():
        raise ValueError("a header's name must be made of letters, digits and '-'")
    if lower in _RESERVED or lower.startswith(_RESERVED_STARTS):
        raise ValueError(f"the client sets the header {lower} itself")
    return lower


def _fit(what: str, value: str) -> str:
    """Check a header's value here: further down, the refusal would repeat it."""
    if not value.strip():
        raise ValueError(f"{what} is empty")
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise ValueError(f"{what} must be printable ASCII without blanks around it")
    return value
