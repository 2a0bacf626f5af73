"""Integrations as JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from sentry.actions.reading import provider_names
from sentry.api.serializers.base import Serializer
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.integrations import InstalledIntegration


class IntegrationProviderResponse(TypedDict):
    """A kind of host: its key and its name."""

    key: str
    name: str


class IntegrationResponse(TypedDict):
    """An integration, without its credential.

    ``status`` is active, disabled or broken; ``brokenReason`` and ``brokenSince`` say why and since
    when the host rejects the credential.
    """

    id: str
    name: str
    externalId: str
    provider: IntegrationProviderResponse
    status: str
    brokenReason: str | None
    brokenSince: datetime | None


class IntegrationSerializer(
    Serializer[InstalledIntegration, IntegrationProviderResponse, IntegrationResponse]
):
    """An integration, in a list or by itself."""

    def get_attrs(
        self, item_list: Sequence[InstalledIntegration], user: Caller, **kwargs: object
    ) -> dict[InstalledIntegration, IntegrationProviderResponse]:
        """The providers."""
        names: Mapping[str, str] = provider_names()
        return {
            item: {"key": item.provider, "name": names.get(item.provider, item.provider)}
            for item in item_list
        }

    def serialize(
        self,
        obj: InstalledIntegration,
        attrs: IntegrationProviderResponse,
        user: Caller,
        **kwargs: object,
    ) -> IntegrationResponse:
        """See ``IntegrationResponse``."""
        return {
            "id": str(obj.id),
            "name": obj.name,
            "externalId": obj.external_id,
            "provider": attrs,
            "status": obj.state.value,
            "brokenReason": obj.broken_reason,
            "brokenSince": obj.broken_at,
        }
