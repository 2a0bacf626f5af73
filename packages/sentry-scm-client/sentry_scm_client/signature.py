"""Signed request v1: one service signs its call to another with a shared secret.

The signature is HMAC-SHA256 over these lines, joined by one LF without a final one; what is
absent is an empty line: `v1`; key id; method in upper case; path without a leading `/grpc`; raw
query string; `x-organization-id`; content type as sent; the value of the encoding header that
this content type uses (see `encoding_header`); `x-idempotency-key`; unix time in seconds; nonce;
SHA-256 of the body as sent, in hex. `tests/vectors/signature_v1.json` holds examples.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

_NONCE_BYTES = 18


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedParts:
    """Everything of a request that the signature covers. Texts are as sent; absent is empty.

    `path` and `query` are the raw request target's; `timestamp` is unix time in seconds.
    """

    key_id: str
    method: str
    path: str
    query: str = ""
    organization_id: str = ""
    content_type: str = ""
    encoding: str = ""
    idempotency_key: str = ""
    timestamp: int
    nonce: str
    body: bytes


def canonical(parts: SignedParts) -> str:
    """Build the text that is signed. Raises ValueError where a part holds a line break."""
    lines = [
        "v1",
        parts.key_id,
        parts.method.upper(),
        _unprefixed(parts.path),
        parts.query,
        parts.organization_id,
        parts.content_type,
        parts.encoding,
        parts.idempotency_key,
        str(parts.timestamp),
        parts.nonce,
        hashlib.sha256(parts.body).hexdigest(),
    ]
    # A line break inside a part would let two different requests share one signature.
    if any("\n" in line or "\r" in line for line in lines):
        raise ValueError("a signed part of a request cannot hold a line break")
    return "\n".join(lines)


def sign(secret: str, parts: SignedParts) -> dict[str, str]:
    """Sign a request. Returns the headers to send, beside those that the signature covers.

    Header values that are not ASCII (a key id may be any text) are sent as UTF-8.
    """
    text = canonical(parts).encode()
    digest = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    return {
        "x-key-id": parts.key_id,
        "x-signature-timestamp": str(parts.timestamp),
        "x-signature-nonce": parts.nonce,
        "x-signature": f"v1={digest}",
    }


def new_nonce() -> str:
    """18 random bytes in base64url, without padding."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_NONCE_BYTES)).decode()


def encoding_header(content_type: str) -> str:
    """The name of the header in which a request of this content type names its compression."""
    essence = content_type.partition(";")[0].strip().lower()
    if essence.startswith("application/grpc"):
        return "grpc-encoding"
    if essence.startswith("application/connect+"):
        return "connect-content-encoding"
    return "content-encoding"


def _unprefixed(path: str) -> str:
    return path.removeprefix("/grpc") if path.startswith("/grpc/") else path
