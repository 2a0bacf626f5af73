"""Registrations of webhooks as JSON."""

from typing import TypedDict

from sentry.api.serializers.base import PlainSerializer
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.webhook_registration import Registration


class WebhookResponse(TypedDict):
    """A repository's webhook; ``id`` is the host's."""

    id: str
    repositoryId: str


class WebhookSerializer(PlainSerializer[Registration, WebhookResponse]):
    """A registration, without its secret."""

    def render(self, obj: Registration, user: Caller) -> WebhookResponse:
        """See ``WebhookResponse``."""
        return {"id": obj.webhook_id, "repositoryId": str(obj.repository_id)}
