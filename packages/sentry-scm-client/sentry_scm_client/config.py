"""From a client's arguments to what its transport needs; the same for both clients."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from .call import Settings
from .credentials import choose_auth
from .endpoint import parse_endpoint
from .retry import Clock, RetryPolicy

DEFAULT_TIMEOUT = 30.0
DEFAULT_LIMIT = 16 * 1024 * 1024
DEFAULT_RETRIES = RetryPolicy()
SYSTEM_CLOCK = Clock()

Compression = Literal["gzip"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What a transport needs; `verify` is httpx's argument of that name."""

    settings: Settings
    auth: httpx.Auth
    verify: ssl.SSLContext | bool


def configure(
    host: str,
    *,
    api_key: str | None,
    shared_secret: str | None,
    secure: bool,
    token: str | None,
    key_id: str | None,
    organization_id: int | None,
    timeout: float | None,
    retries: RetryPolicy,
    ca_file: str | Path | None,
    ssl_context: ssl.SSLContext | None,
    headers: Mapping[str, str] | None,
    compression: Compression | None,
    max_response_bytes: int,
    path_prefix: str,
    clock: Clock,
) -> Config:
    """Check the arguments of a client and turn them into what its transport needs.

    Raises ValueError with what to do about a wrong one, and OSError where `ca_file` cannot be
    read.
    """
    auth = choose_auth(
        api_key=api_key,
        token=token,
        shared_secret=shared_secret,
        key_id=key_id,
        organization_id=organization_id,
        headers=headers,
        clock=clock,
    )
    if compression not in (None, "gzip"):
        raise ValueError("compression must be None or 'gzip'")
    settings = Settings(
        endpoint=parse_endpoint(host, secure=secure, path_prefix=path_prefix),
        timeout=timeout,
        policy=retries,
        compress=compression == "gzip",
        limit=max_response_bytes,
        clock=clock,
    )
    return Config(settings=settings, auth=auth, verify=_verify(ca_file, ssl_context))


def _verify(
    ca_file: str | Path | None, ssl_context: ssl.SSLContext | None
) -> ssl.SSLContext | bool:
    """Whom to trust: `ca_file` stands in the place of the public authorities, not beside them."""
    if ca_file is not None and ssl_context is not None:
        raise ValueError("give ca_file= or ssl_context=, not both")
    if ca_file is not None:
        return ssl.create_default_context(cafile=ca_file)
    return ssl_context if ssl_context is not None else True
