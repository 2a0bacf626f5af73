"""Cross-origin calls from browsers, for the origins in ``grpc.cors-origins``."""

from wsgiref.types import WSGIEnvironment

from sentry import options

_ALLOWED = (
    "authorization, connect-protocol-version, connect-timeout-ms, content-encoding, content-type, "
    "connect-content-encoding, connect-accept-encoding, grpc-accept-encoding, grpc-encoding, "
    "grpc-timeout, x-api-key, x-grpc-web, x-idempotency-key, x-key-id, x-organization-id, "
    "x-referrer, x-request-id, x-signature, x-signature-nonce, x-signature-timestamp, x-user-agent"
)
_EXPOSED = (
    "grpc-status, grpc-message, grpc-status-details-bin, grpc-encoding, connect-content-encoding, "
    "x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, x-request-id"
)
_MAX_AGE = "7200"

type Header = tuple[str, str]


def response_headers(environ: WSGIEnvironment) -> list[Header]:
    """What an answer to a request with an ``Origin`` carries."""
    origin = environ["HTTP_ORIGIN"]
    vary = ("vary", "Origin")
    if not _is_allowed(origin):
        return [vary]
    return [
        vary,
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", _EXPOSED),
    ]


def preflight_headers(environ: WSGIEnvironment) -> list[Header]:
    """What the answer to a preflight request carries on top; nothing for a foreign origin."""
    if not _is_allowed(environ.get("HTTP_ORIGIN", "")):
        return []
    return [
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", _ALLOWED),
        ("access-control-max-age", _MAX_AGE),
    ]


def _is_allowed(origin: str) -> bool:
    allowed = options.get("grpc.cors-origins")
    return isinstance(allowed, list) and origin in allowed
