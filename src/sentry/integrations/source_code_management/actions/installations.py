"""From a repository or an integration of the caller to the installation that reaches the host."""

from typing import cast

from sentry import features
from sentry.auth.caller import Caller
from sentry.integrations.base import CAPABILITIES, Integration, IntegrationProvider
from sentry.integrations.manager import integrations
from sentry.integrations.services.integration import integration_service
from sentry.integrations.services.integration.model import RpcInstalledIntegration
from sentry.integrations.source_code_management.actions.credential_health import (
    Watched,
    check_not_broken,
)
from sentry.integrations.source_code_management.errors import (
    IntegrationDisabled,
    NotFound,
    ProviderDisabled,
    Unsupported,
)
from sentry.integrations.source_code_management.types import (
    Capability,
    ProviderKey,
    Repository,
    RepositoryRef,
    RepositoryState,
)
from sentry.integrations.source_code_management.validation import clean_id

_ACTIVE = 0


def check_provider(key: str, organization_id: int) -> type[IntegrationProvider]:
    """The provider, if the platform has it and its flag is on for the organization.

    Raises:
        Unsupported: the platform has no such provider yet.
        ProviderDisabled: its flag is off.
    """
    provider = integrations.find(key)
    if provider is None:
        raise Unsupported(key, "any operation")
    if not features.has(provider.feature, organization_id):
        raise ProviderDisabled(key)
    return provider


def installation_of_repository(caller: Caller, repository: Repository) -> Integration:
    """The installation through which the repository's host is reached.

    Raises:
        IntegrationDisabled: the repository or its integration is switched off, or it has none.
        IntegrationBroken: the host is known to reject its credential.
        ProviderDisabled: the provider's flag is off.
    """
    if repository.provider is None or repository.integration_id is None:
        raise IntegrationDisabled("the repository is not tied to an integration")
    check_provider(repository.provider, caller.organization_id)
    if repository.status is RepositoryState.DISABLED:
        raise IntegrationDisabled("the repository is disabled")
    installed = integration_service.get_installed(
        organization_id=caller.organization_id, integration_id=repository.integration_id
    )
    if installed is None or installed.integration.provider != repository.provider:
        raise IntegrationDisabled("the repository's integration is no longer installed")
    return _active(caller, installed)


def installation_of_integration(caller: Caller, integration_id: int) -> Integration:
    """The caller's installation of an integration.

    Raises:
        NotFound: the caller's organization has no such integration.
        IntegrationDisabled, ProviderDisabled: it is switched off.
        IntegrationBroken: the host is known to reject its credential.
    """
    clean_id("integration_id", integration_id)
    installed = integration_service.get_installed(
        organization_id=caller.organization_id, integration_id=integration_id
    )
    if installed is None:
        raise NotFound("integration")
    return _active(caller, installed)


def provider_of_integration(caller: Caller, integration_id: int) -> type[IntegrationProvider]:
    """The provider of one of the caller's integrations.

    Raises:
        NotFound: the caller's organization has no such integration.
        ProviderDisabled: its flag is off.
    """
    clean_id("integration_id", integration_id)
    installed = integration_service.get_installed(
        organization_id=caller.organization_id, integration_id=integration_id
    )
    if installed is None:
        raise NotFound("integration")
    return check_provider(installed.integration.provider, caller.organization_id)


def _active(caller: Caller, installed: RpcInstalledIntegration) -> Integration:
    provider = check_provider(installed.integration.provider, caller.organization_id)
    if installed.integration.status != _ACTIVE:
        raise IntegrationDisabled
    if installed.organization_integration.status != _ACTIVE:
        raise IntegrationDisabled
    installation = provider.get_installation(installed.integration, caller.organization_id)
    check_not_broken(installation)
    return installation


def require[T](installation: Integration, protocol: type[T], capability: Capability) -> T:
    """The installation as one that has the capability.

    What its host answers is watched: a rejected credential marks the integration broken.

    Raises:
        Unsupported: its provider lacks it.
    """
    if CAPABILITIES[capability] is not protocol or not isinstance(installation, protocol):
        provider = integrations.get(installation.model.provider)
        raise Unsupported(provider.key, capability, provider.reason_against(capability))
    return cast("T", Watched(installation))


def ref_of(repository: Repository) -> RepositoryRef:
    """The repository as its provider needs it; the host's name for it is kept in ``config``."""
    return RepositoryRef(
        identifier=repository.config.get("identifier") or repository.name,
        external_id=repository.external_id,
        url=repository.url,
        config=repository.config,
    )


def provider_key(installation: Integration) -> ProviderKey:
    """The key of the installation's provider."""
    return ProviderKey(installation.model.provider)
