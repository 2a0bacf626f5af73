"""Verifies and reads GitHub's deliveries. Pure.

Source: "Validating webhook deliveries" and "Webhook events and payloads" in GitHub's documentation.
"""

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qs

from sentry.integrations.github.webhooks.parse import parse_delivery, parse_installation
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.json_reader import Json, decode_json, unexpected
from sentry.integrations.source_code_management.webhooks import WebhookEvent, WebhookRequest

_SCHEME = b"sha256="
_FORM = "application/x-www-form-urlencoded"


class GitHubWebhookReceiver:
    """Fulfils ``AppWebhookReceiver``, for GitHub and GitHub Enterprise Server."""

    def is_authentic(
        self,
        request: WebhookRequest,
        secrets: Sequence[str],
        *,
        now: float,  # noqa: ARG002 - the Protocol's; the scheme carries no time
    ) -> bool:
        """Whether ``X-Hub-Signature-256`` is the body's by one of the secrets; all are tried.

        The older ``X-Hub-Signature`` (SHA-1) is not looked at.
        """
        given = request.headers.get("x-hub-signature-256", "").encode("utf-8", "replace")
        found = [
            hmac.compare_digest(given, _signature(secret, request.body))
            for secret in secrets
            if secret
        ]
        return any(found)

    def delivery_id(self, request: WebhookRequest) -> str:
        """``X-GitHub-Delivery``, which is not signed."""
        return request.headers.get("x-github-delivery", "")

    def event_name(self, request: WebhookRequest) -> str:
        """``X-GitHub-Event``, which is not signed."""
        return request.headers.get("x-github-event", "")

    def events(self, request: WebhookRequest) -> list[WebhookEvent]:
        """See ``WebhookReceiver``."""
        return parse_delivery(self.event_name(request), _value(request))

    def installation_of(self, request: WebhookRequest) -> str:
        """See ``AppWebhookReceiver``: "host:installation", as ``external_id_of`` makes it."""
        try:
            return parse_installation(_value(request))
        except HostUnavailable:
            return ""


def _signature(secret: str, body: bytes) -> bytes:
    return _SCHEME + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()


def _value(request: WebhookRequest) -> Json:
    """The body's JSON, bare or in the field ``payload`` of a form: a webhook may be set to either.

    Raises:
        HostUnavailable: there is none.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        return decode_json(request.body)
    try:
        fields = parse_qs(request.body.decode("ascii"), strict_parsing=True, max_num_fields=8)
    except ValueError:
        raise unexpected("the form") from None
    return decode_json("".join(fields.get("payload", ())[:1]).encode("utf-8", "replace"))
