"""Verifies and reads GitLab's deliveries. Pure.

Source: "Webhooks" in GitLab's documentation, and the specification "Standard Webhooks" 1.0.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence

from sentry.integrations.gitlab.webhooks.parse import parse_delivery, parse_event_name
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.json_reader import decode_json
from sentry.integrations.source_code_management.webhooks import WebhookEvent, WebhookRequest

_SIGNING = "whsec_"
_VERSION = b"v1,"
_TOLERANCE = 5 * 60  # seconds
# Where GitLab's versions put a delivery's id, the best first.
_IDS = ("webhook-id", "idempotency-key", "x-gitlab-event-uuid")


class GitLabWebhookReceiver:
    """Fulfils ``WebhookReceiver``: a signature in the form of Standard Webhooks, or a token."""

    def is_authentic(self, request: WebhookRequest, secrets: Sequence[str], *, now: float) -> bool:
        """See ``WebhookReceiver``.

        Where a signing secret (``whsec_…``) is known and the delivery is signed, the signature
        alone counts. Else it is the static token, which is sent as it is.
        """
        keys = [key for key in (_key(secret) for secret in secrets) if key]
        if keys and "webhook-signature" in request.headers:
            return _is_signed(request, keys, now=now)
        given = _bytes(request, "x-gitlab-token")
        found = [
            hmac.compare_digest(secret.encode(), given) for secret in secrets if secret and given
        ]
        return any(found)

    def delivery_id(self, request: WebhookRequest) -> str:
        """The id that stays the same when GitLab sends a delivery again."""
        return next((request.headers[name] for name in _IDS if request.headers.get(name)), "")

    def event_name(self, request: WebhookRequest) -> str:
        """The body's ``object_kind`` or ``event_name``; no header decides what a delivery is."""
        try:
            return parse_event_name(decode_json(request.body))
        except HostUnavailable:
            return ""

    def events(self, request: WebhookRequest) -> list[WebhookEvent]:
        """See ``WebhookReceiver``."""
        instance = request.headers.get("x-gitlab-instance", "")
        return parse_delivery(decode_json(request.body), instance=instance)


def _bytes(request: WebhookRequest, name: str) -> bytes:
    """A header's value as it arrived; empty where there is none."""
    return request.headers.get(name, "").encode("utf-8", "replace")


def _key(secret: str) -> bytes:
    """The key in ``whsec_<base64>``; empty where there is none."""
    if not secret.startswith(_SIGNING):
        return b""
    try:
        return base64.b64decode(secret.removeprefix(_SIGNING), validate=True)
    except ValueError:
        return b""


def _is_signed(request: WebhookRequest, keys: Sequence[bytes], *, now: float) -> bool:
    """Whether one of the signatures is one of the keys', made within five minutes of now."""
    number, stamp = _bytes(request, "webhook-id"), _bytes(request, "webhook-timestamp")
    if not number or not re.fullmatch(b"[0-9]{1,12}", stamp):
        return False
    if abs(int(stamp) - now) > _TOLERANCE:
        return False
    signed = b".".join([number, stamp, request.body])
    wanted = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in keys]
    given = [
        part.removeprefix(_VERSION)
        for part in _bytes(request, "webhook-signature").split(b" ")
        if part.startswith(_VERSION)
    ]
    found = [hmac.compare_digest(one, other) for one in wanted for other in given]
    return any(found)
