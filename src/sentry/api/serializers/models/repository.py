"""Repositories as JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from sentry.actions.reading import provider_names
from sentry.api.serializers.base import Serializer
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.types import ProviderKey, Repository


class ProviderResponse(TypedDict):
    """A kind of host: its stored key and its name."""

    id: str
    name: str


class RepositoryResponse(TypedDict):
    """A repository. ``status`` is active, disabled or hidden."""

    id: str
    name: str
    url: str | None
    provider: ProviderResponse
    status: str
    dateCreated: datetime
    integrationId: str | None
    externalSlug: str
    externalId: str | None


class RepositorySerializer(Serializer[Repository, ProviderResponse, RepositoryResponse]):
    """A repository, in a list or by itself."""

    def get_attrs(
        self, item_list: Sequence[Repository], user: Caller, **kwargs: object
    ) -> dict[Repository, ProviderResponse]:
        """The providers."""
        names = provider_names()
        return {item: _provider(item.provider, names) for item in item_list}

    def serialize(
        self, obj: Repository, attrs: ProviderResponse, user: Caller, **kwargs: object
    ) -> RepositoryResponse:
        """See ``RepositoryResponse``."""
        return {
            "id": str(obj.id),
            "name": obj.name,
            "url": obj.url or None,
            "provider": attrs,
            "status": obj.status.value,
            "dateCreated": obj.date_added,
            "integrationId": None if obj.integration_id is None else str(obj.integration_id),
            "externalSlug": obj.config.get("name", obj.name),
            "externalId": obj.external_id or None,
        }


def _provider(key: ProviderKey | None, names: Mapping[str, str]) -> ProviderResponse:
    if key is None:
        return {"id": "unknown", "name": "Unknown"}
    return {"id": f"integrations:{key}", "name": names.get(key, key.value)}
