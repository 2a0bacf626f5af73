"""Page tokens: opaque, signed, and bound to the query that they continue.

A token is base64url of a JSON list (the key of the last row) and a truncated HMAC-SHA256 of it and
the query's digest under the platform's secret key. It says where to go on, never how many to skip.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

from django.conf import settings

from sentry.integrations.source_code_management.errors import InvalidArgument

type PageKey = list[str | int]

_MAC_BYTES = 16
_MAX_LENGTH = 2048


def encode_page_token(query: Sequence[object], key: PageKey) -> str:
    """The token that continues ``query`` after the row with this key."""
    payload = json.dumps(key, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(query, payload) + payload).decode("ascii").rstrip("=")


def decode_page_token(query: Sequence[object], token: str) -> PageKey | None:
    """The key in a token; None for the empty token of a first page.

    Raises:
        InvalidArgument: the token is not ours, or continues another query.
    """
    if not token:
        return None
    raw = _raw(token)
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(query, payload)):
        raise InvalidArgument("page_token", "is not a token of this query")
    key: PageKey = json.loads(payload)
    return key


def _raw(token: str) -> bytes:
    """The bytes of a token; none where it is no base64url."""
    if len(token) > _MAX_LENGTH:
        return b""
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b""


def _mac(query: Sequence[object], payload: bytes) -> bytes:
    bound = repr(tuple(query)).encode() + b"\n" + payload
    return hmac.new(settings.SECRET_KEY.encode(), bound, hashlib.sha256).digest()[:_MAC_BYTES]
