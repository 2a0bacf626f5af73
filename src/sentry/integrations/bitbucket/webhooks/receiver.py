"""Verifies and reads Bitbucket's deliveries. Pure.

Source: "Manage webhooks" and "Event payloads" on support.atlassian.com.
"""

import hashlib
import hmac
from collections.abc import Sequence

from sentry.integrations.bitbucket.webhooks.parse import parse_delivery
from sentry.integrations.source_code_management.json_reader import decode_json
from sentry.integrations.source_code_management.webhooks import WebhookEvent, WebhookRequest

_PREFIX = "sha256="


class BitbucketWebhookReceiver:
    """Fulfils ``WebhookReceiver``: an HMAC-SHA256 of the body in ``X-Hub-Signature``."""

    def is_authentic(self, request: WebhookRequest, secrets: Sequence[str], *, now: float) -> bool:  # noqa: ARG002 -- no time is signed
        """See ``WebhookReceiver``. Bitbucket signs only where the webhook has a secret."""
        given = request.headers.get("x-hub-signature", "")
        if not given.startswith(_PREFIX) or not given.isascii():
            return False
        sums = [
            hmac.new(secret.encode(), request.body, hashlib.sha256) for secret in secrets if secret
        ]
        found = [hmac.compare_digest(_PREFIX + each.hexdigest(), given) for each in sums]
        return any(found)

    def delivery_id(self, request: WebhookRequest) -> str:
        """The ``X-Request-UUID``."""
        return request.headers.get("x-request-uuid", "")

    def event_name(self, request: WebhookRequest) -> str:
        """``X-Event-Key``, which is not signed."""
        return request.headers.get("x-event-key", "")

    def events(self, request: WebhookRequest) -> list[WebhookEvent]:
        """See ``WebhookReceiver``."""
        return parse_delivery(self.event_name(request), decode_json(request.body))
