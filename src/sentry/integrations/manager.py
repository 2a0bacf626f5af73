"""Finds providers by key."""

from sentry.integrations.base import IntegrationProvider
from sentry.integrations.registry import PROVIDERS


class IntegrationManager:
    """A thin accessor over the registry."""

    def __init__(self, providers: tuple[type[IntegrationProvider], ...]) -> None:
        """Takes the registry's providers."""
        self._providers = {provider.key.value: provider for provider in providers}

    def get(self, key: str) -> type[IntegrationProvider]:
        """The provider of this key.

        Raises:
            KeyError: there is no such provider.
        """
        return self._providers[key]

    def find(self, key: str) -> type[IntegrationProvider] | None:
        """The provider of this key; None where there is none."""
        return self._providers.get(key)

    def all(self) -> list[type[IntegrationProvider]]:
        """Every provider, in the registry's order."""
        return list(self._providers.values())


integrations = IntegrationManager(PROVIDERS)
