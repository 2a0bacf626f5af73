"""What the host behind a repository or an integration can do here."""

from sentry.auth.caller import Caller
from sentry.integrations.base import CAPABILITIES, IntegrationProvider
from sentry.integrations.source_code_management.actions.installations import (
    check_provider,
    provider_of_integration,
)
from sentry.integrations.source_code_management.actions.mirrors import (
    MIRRORS_OFF,
    mirrors_enabled,
)
from sentry.integrations.source_code_management.actions.rows import find_repository
from sentry.integrations.source_code_management.errors import (
    IntegrationDisabled,
    InvalidArgument,
)
from sentry.integrations.source_code_management.types import (
    Capability,
    CapabilitySupport,
    ProviderKey,
)


def get_capabilities(
    caller: Caller, *, repository_id: int | None = None, integration_id: int | None = None
) -> tuple[ProviderKey, list[CapabilitySupport]]:
    """The provider, and every capability with whether it is there.

    Args:
        caller: who asks.
        repository_id: a repository of the caller's organization, or
        integration_id: one of its integrations; exactly one of the two.

    Raises:
        InvalidArgument: none of the two is given, or one is no id.
        NotFound: no such repository or integration.
        PreconditionFailed: the provider is switched off, or the repository has none.
    """
    if repository_id is not None:
        repository = find_repository(caller, repository_id)
        if repository.provider is None:
            raise IntegrationDisabled("the repository is not tied to an integration")
        provider = check_provider(repository.provider, caller.organization_id)
    elif integration_id is not None:
        provider = provider_of_integration(caller, integration_id)
    else:
        raise InvalidArgument("target", "expected repository_id or integration_id")
    return provider.key, [_support(provider, capability) for capability in Capability]


def _support(provider: type[IntegrationProvider], capability: Capability) -> CapabilitySupport:
    if capability not in provider.capabilities():
        reason = provider.reason_against(capability)
    elif _needs_mirrors(provider, capability) and not mirrors_enabled():
        reason = MIRRORS_OFF
    else:
        reason = ""
    return CapabilitySupport(capability=capability, supported=not reason, reason=reason)


def _needs_mirrors(provider: type[IntegrationProvider], capability: Capability) -> bool:
    """Whether the platform does it with a mirror alone: blame, where the host has none."""
    return capability is Capability.MIRRORS or (
        capability is Capability.BLAME
        and not issubclass(provider.installation_class, CAPABILITIES[Capability.BLAME])
    )
