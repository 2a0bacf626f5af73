"""Verifies and reads deliveries. Pure.

Source: "Manage webhooks" and "Event payload" in the documentation of Bitbucket Data Center: the
body is signed with HMAC-SHA256; a push is told by its refs alone; the end of a repository is not
told at all. A registration that was made by hand may send more than the platform follows.
"""

import hashlib
import hmac
from collections.abc import Sequence

from sentry.integrations.bitbucket_server.webhooks.parse import parse_delivery
from sentry.integrations.source_code_management.json_reader import decode_json
from sentry.integrations.source_code_management.webhooks import WebhookEvent, WebhookRequest

_SCHEME = "sha256="


class BitbucketServerReceiver:
    """Fulfils ``WebhookReceiver``."""

    def is_authentic(
        self,
        request: WebhookRequest,
        secrets: Sequence[str],
        *,
        now: float,  # noqa: ARG002 -- the Protocol's; the scheme carries no time
    ) -> bool:
        """Whether ``X-Hub-Signature`` is the body's, by one of the secrets; all are tried."""
        given = request.headers.get("x-hub-signature", "").encode("utf-8", "surrogatepass")
        wanted = [
            _SCHEME + hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
            for secret in secrets
            if secret
        ]
        found = [hmac.compare_digest(given, each.encode()) for each in wanted]
        return any(found)

    def delivery_id(self, request: WebhookRequest) -> str:
        """``X-Request-Id``, which is not signed."""
        return request.headers.get("x-request-id", "")

    def event_name(self, request: WebhookRequest) -> str:
        """``X-Event-Key``, which is not signed."""
        return request.headers.get("x-event-key", "")

    def events(self, request: WebhookRequest) -> list[WebhookEvent]:
        """See ``WebhookReceiver``."""
        return parse_delivery(self.event_name(request), decode_json(request.body))
