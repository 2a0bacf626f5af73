"""Integrations of an organization: adding them, renewing their credentials, listing them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ValidationError

from sentry import analytics
from sentry.analytics.events.integration_installed import IntegrationInstalledEvent
from sentry.auth.caller import Caller
from sentry.integrations.base import IntegrationProvider
from sentry.integrations.manager import integrations
from sentry.integrations.services.integration import RpcIntegration, integration_service
from sentry.integrations.services.integration.model import RpcInstalledIntegration
from sentry.integrations.source_code_management.actions.installations import check_provider
from sentry.integrations.source_code_management.errors import (
    AlreadyExists,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.oauth_loss import loss_told
from sentry.integrations.source_code_management.validation import clean_id, clean_text

NAME_LIMIT = 200
# Where the host lives, in providers' metadata: it stays, whatever the credential is.
_HOST_KEYS = frozenset({"base_url", "web_url", "search_url", "login_url"})
# What stays unless it comes with the new credential. All the rest is the credential.
_KEPT_KEYS = _HOST_KEYS | {"workspace"}


class IntegrationState(StrEnum):
    """Whether an integration may be used, from both of its sides: the platform's, the owner's."""

    ACTIVE = "active"
    DISABLED = "disabled"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledIntegration:
    """An integration as an organization uses it, without its credentials.

    ``broken_reason`` and ``broken_at`` (UTC) say why and since when the host rejects its
    credential; one that is switched off may be broken too.
    """

    id: int
    organization_id: int
    provider: str
    external_id: str
    name: str
    state: IntegrationState
    broken_reason: str | None = None
    broken_at: datetime | None = None


def _value(installed: RpcInstalledIntegration) -> InstalledIntegration:
    integration, tie = installed.integration, installed.organization_integration
    return InstalledIntegration(
        id=integration.id,
        organization_id=tie.organization_id,
        provider=integration.provider,
        external_id=integration.external_id,
        name=integration.name,
        state=_state_of(installed),
        broken_reason=integration.broken_reason,
        broken_at=integration.broken_at,
    )


def _state_of(installed: RpcInstalledIntegration) -> IntegrationState:
    """Switched off where the integration or its tie to the organization is."""
    if not installed.integration.status == installed.organization_integration.status == 0:
        return IntegrationState.DISABLED
    broken = installed.integration.broken_reason is not None
    return IntegrationState.BROKEN if broken else IntegrationState.ACTIVE


def _checked_metadata(
    provider: type[IntegrationProvider], metadata: Mapping[str, object]
) -> BaseModel:
    try:
        return provider.metadata_model.model_validate(dict(metadata))
    except ValidationError as error:
        # The first fault is told by its place and pydantic's own words: never with the input.
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in fault["loc"]) or "metadata"
        raise InvalidArgument(place, fault["msg"].removeprefix("Value error, ")) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    """An integration that may be stored.

    ``metadata`` are its checked settings, ``given`` those before the host was asked, which may have
    renewed an OAuth credential. ``former_ids`` are the identities that it may have had, ``account``
    whom the host takes it for ("" where the host was not asked).
    """

    metadata: dict[str, object] = field(repr=False)
    given: dict[str, object] = field(repr=False)
    external_id: str
    former_ids: tuple[str, ...]
    account: str = ""


def _candidate(
    caller: Caller,
    provider: type[IntegrationProvider],
    metadata: Mapping[str, object],
    *,
    verify: bool,
) -> _Candidate:
    """The metadata, checked by themselves and, if so wished, against the host."""
    checked = _checked_metadata(provider, metadata)
    own_id = provider.external_id_of(checked)
    plain = checked.model_dump(mode="json")
    if not verify:
        former = provider.former_external_ids(checked, "")
        return _Candidate(metadata=plain, given=plain, external_id=own_id, former_ids=former)
    model = RpcIntegration(
        id=0, provider=provider.key, external_id=own_id, name=own_id, status=0, metadata=dict(plain)
    )
    with loss_told(plain, model.metadata):
        told = provider.get_installation(model, caller.organization_id).check_credential()
        if told.missing:
            raise InvalidArgument("metadata", f"the credential lacks: {', '.join(told.missing)}")
    settled = checked.model_copy(update=dict(told.settings))
    return _Candidate(
        metadata={**model.metadata, **told.settings},
        given=plain,
        external_id=(
            provider.external_id_on_host(settled, told.identity) or provider.external_id_of(settled)
        ),
        former_ids=provider.former_external_ids(checked, told.identity),
        account=told.account,
    )


def add_integration(
    caller: Caller,
    *,
    provider: str,
    metadata: Mapping[str, object],
    name: str = "",
    verify: bool = True,
) -> InstalledIntegration:
    """Adds an integration to the caller's organization, or gives an existing one new metadata.

    Args:
        caller: who asks.
        provider: the provider's key.
        metadata: what the provider's ``metadata_model`` asks for, credentials included; stored
            encrypted.
        name: what people call it; where it is empty, the account on the host, or the name that it
            has by now.
        verify: asks the host whose credential it is and what it lacks, before anything is stored.
            An account that is there already gets the new credential.

    Raises:
        InvalidArgument: the provider, the name or the metadata is not acceptable, or the
            credential lacks permissions.
        ProviderDisabled: the provider's feature flag is off.
        AlreadyExists: another organization has an integration of this identity.
        HostError, IntegrationBroken: the host did not answer, or not to this credential.
    """
    chosen = _chosen(caller, provider)
    title = clean_text("name", name.strip(), max_length=NAME_LIMIT)
    candidate = _candidate(caller, chosen, metadata, verify=verify)
    with loss_told(candidate.given, candidate.metadata):
        return _install(caller, chosen.key.value, candidate, title)


def _chosen(caller: Caller, key: str) -> type[IntegrationProvider]:
    if integrations.find(key) is None:
        known = ", ".join(provider.key for provider in integrations.all())
        raise InvalidArgument("provider", f"must be one of: {known}")
    return check_provider(key, caller.organization_id)


def _install(
    caller: Caller, provider: str, candidate: _Candidate, name: str
) -> InstalledIntegration:
    try:
        installed = integration_service.install(
            organization_id=caller.organization_id,
            provider=provider,
            external_id=candidate.external_id,
            name=name or (candidate.account or candidate.external_id)[:NAME_LIMIT],
            metadata=candidate.metadata,
            former_external_ids=candidate.former_ids,
            keeps_name=not name,
        )
    except PermissionError:
        raise AlreadyExists("an integration of this identity in another organization") from None
    analytics.record(
        IntegrationInstalledEvent(
            organization_id=caller.organization_id,
            user_id=caller.user_id,
            integration_id=installed.integration.id,
            provider=provider,
        )
    )
    return _value(installed)


def replace_credential(
    caller: Caller, *, integration_id: int, metadata: Mapping[str, object], verify: bool = True
) -> InstalledIntegration:
    """Gives an integration of the caller's organization another credential on the same host.

    Its id, its name, its state and the repositories tied to it stay as they are; its identity
    (``external_id``) becomes the new credential's.

    Args:
        caller: who asks.
        integration_id: an integration of the caller's organization.
        metadata: the credential, as the provider's ``metadata_model`` names its parts. Where the
            host is may come along, if it is as it was.
        verify: asks the host whose credential it is and what it lacks, before anything is stored.

    Raises:
        InvalidArgument: the id or the credential is not acceptable, the metadata name another
            host, or the credential lacks permissions.
        NotFound: the caller's organization has no such integration.
        ProviderDisabled: the provider's feature flag is off.
        AlreadyExists: another integration has the new credential's identity.
        HostError, IntegrationBroken: the host did not answer, or not to this credential.
    """
    installed = _installed(caller, integration_id)
    provider = check_provider(installed.integration.provider, caller.organization_id)
    kept = {
        key: value for key, value in installed.integration.metadata.items() if key in _KEPT_KEYS
    }
    credential = _without_host(metadata, kept)
    candidate = _candidate(caller, provider, {**kept, **credential}, verify=verify)
    with loss_told(candidate.given, candidate.metadata):
        return _replace(caller, integration_id, candidate)


def _without_host(metadata: Mapping[str, object], kept: Mapping[str, object]) -> dict[str, object]:
    """The metadata without where the host is, which must be as it was; a last slash is nothing."""
    for key in sorted(_HOST_KEYS & metadata.keys()):
        if str(metadata[key]).rstrip("/") != str(kept.get(key)).rstrip("/"):
            raise InvalidArgument(key, "the host of an integration stays as it is")
    return {key: value for key, value in metadata.items() if key not in _HOST_KEYS}


def _replace(caller: Caller, integration_id: int, candidate: _Candidate) -> InstalledIntegration:
    try:
        installed = integration_service.replace_metadata(
            organization_id=caller.organization_id,
            integration_id=integration_id,
            external_id=candidate.external_id,
            metadata=candidate.metadata,
        )
    except ValueError:
        raise AlreadyExists("another integration with this credential") from None
    if installed is None:
        raise NotFound("integration")
    return _value(installed)


def get_integration(caller: Caller, *, integration_id: int) -> InstalledIntegration:
    """One integration of the caller's organization. Asks no host.

    Raises:
        InvalidArgument: the id is no id.
        NotFound: the organization has no such integration.
    """
    return _value(_installed(caller, integration_id))


def _installed(caller: Caller, integration_id: int) -> RpcInstalledIntegration:
    installed = integration_service.get_installed(
        organization_id=caller.organization_id,
        integration_id=clean_id("integration_id", integration_id),
    )
    if installed is None:
        raise NotFound("integration")
    return installed


def list_integrations(caller: Caller, *, provider: str | None = None) -> list[InstalledIntegration]:
    """The integrations of the caller's organization, by name, optionally of one provider."""
    found = integration_service.list_installed(
        organization_id=caller.organization_id, provider=provider
    )
    return [_value(installed) for installed in found]
