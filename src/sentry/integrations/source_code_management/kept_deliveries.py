"""A delivery as it is kept: the headers that its reading needs, and the body, compressed.

Pure. What carries a signature, a secret or a caller's address is left behind.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterable, Mapping

from sentry.integrations.source_code_management.webhooks import WebhookRequest

_UNKEPT = (
    "signature",
    "token",
    "secret",
    "auth",
    "cookie",
    "password",
    "credential",
    "api-key",
    "forwarded",
    "real-ip",
    "client-ip",
)
_MOST_HEADERS = 200  # twice as many as the web servers let a request have: none is lost
_LONGEST_HEADER = 1024
type Kept = dict[str, object]


def kept_headers(headers: Mapping[str, str], secrets: Iterable[str]) -> dict[str, str]:
    """The content type, and what else the host says of the delivery in headers of its own.

    Args:
        headers: all that came, names in lower case.
        secrets: a header that holds one of them is left out, whatever its name.
    """
    known = list(secrets)
    kept = {
        name: value
        for name, value in sorted(headers.items())
        if (name == "content-type" or name.startswith(("x-", "webhook-")))
        and not any(word in name for word in _UNKEPT)
        and len(value) <= _LONGEST_HEADER
        and not any(secret in value for secret in known)
    }
    return dict(list(kept.items())[:_MOST_HEADERS])


def digest_of(request: WebhookRequest) -> str:
    """The SHA-256 of the body alone, in hex: headers are not signed, so none may tell a repeat."""
    return hashlib.sha256(request.body).hexdigest()


def keep(headers: Mapping[str, str], body: bytes) -> Kept:
    """The JSON value that is stored (encrypted) of a delivery."""
    packed = base64.b64encode(zlib.compress(body, level=1)).decode("ascii")
    return {"headers": dict(headers), "body": packed}


def unkeep(kept: Mapping[str, object]) -> WebhookRequest:
    """The delivery again, as ``WebhookReceiver.events`` reads it.

    Raises:
        ValueError: the value is not one that ``keep`` made.
    """
    match kept:
        case {"headers": dict(headers), "body": str(packed)}:
            try:
                body = zlib.decompress(base64.b64decode(packed))
            except zlib.error as error:
                raise ValueError("the body is damaged") from error
            return WebhookRequest(headers=headers, body=body)
    raise ValueError("no kept delivery")
