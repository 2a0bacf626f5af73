"""Asking hosts to deliver: webhooks of one repository, or of all of an integration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.db import transaction

from sentry.auth.caller import Caller
from sentry.integrations.base import Integration
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_integration,
    installation_of_repository,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.repositories import (
    get_repository,
    list_repositories,
)
from sentry.integrations.source_code_management.actions.webhook_secrets import (
    first_webhook_secret,
    webhook_url,
)
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRejected,
    InvalidArgument,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.types import (
    Capability,
    Repository,
    RepositoryState,
)
from sentry.integrations.source_code_management.webhooks import WebhookIntegration
from sentry.models.repository import Repository as RepositoryRow

# In a repository's config: the host's id of the registration.
WEBHOOK_ID = "webhook_id"
_PAGE = 100
# What concerns one repository alone; all else would meet the next one too.
_ITS_OWN = (NotFound, HostForbidden, HostRejected, InvalidArgument)


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """What became of one repository's webhook; ``problem`` is empty where it is as wanted."""

    repository_id: int
    name: str
    webhook_id: str
    problem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Address:
    """Where a host delivers, and what it signs with."""

    host: WebhookIntegration
    url: str
    secret: str = field(repr=False)


def register_webhook(caller: Caller, *, repository_id: int) -> Registration:
    """Has the host deliver for one repository; a registration that is there is brought up to date.

    Makes the integration's first secret where it has none.

    Raises:
        InvalidArgument: the id is no id, or the host refuses the address.
        NotFound: the organization has no such repository, or the host has none.
        PreconditionFailed: it may not be used, or ``system.url-prefix`` is not set.
        Unsupported: the host's webhooks cannot be registered from here.
        HostError, IntegrationBroken: the host did not answer, or not to this credential.
    """
    repository = get_repository(caller, repository_id=repository_id)
    installation = installation_of_repository(caller, repository)
    return _register(caller, repository, _address(caller, installation))


def unregister_webhook(caller: Caller, *, repository_id: int) -> Registration:
    """Ends the deliveries for one repository; nothing happens where it has no registration.

    Raises:
        as ``register_webhook``.
    """
    repository = get_repository(caller, repository_id=repository_id)
    installation = installation_of_repository(caller, repository)
    return _unregister(
        caller, repository, require(installation, WebhookIntegration, Capability.WEBHOOKS)
    )


def register_webhooks(caller: Caller, *, integration_id: int) -> Iterator[Registration]:
    """Has the host deliver for every active repository of an integration, one after the other.

    Makes the integration's first secret where it has none. A registration that is there is brought
    up to date, its secret too: run again, this mends what is missing.

    Raises:
        NotFound: the organization has no such integration.
        PreconditionFailed: it may not be used, or ``system.url-prefix`` is not set.
        Unsupported: the host's webhooks cannot be registered from here.
        HostError, IntegrationBroken: the host did not answer, or not to this credential.
    """
    address = _address(caller, installation_of_integration(caller, integration_id))
    for repository in _repositories(caller, integration_id):
        try:
            told = _register(caller, repository, address)
        except _ITS_OWN as error:
            told = _told(repository, _known(repository), error)
        yield told


def unregister_webhooks(caller: Caller, *, integration_id: int) -> Iterator[Registration]:
    """Ends the deliveries for every active repository of an integration that has a registration.

    Raises:
        as ``register_webhooks``.
    """
    installation = installation_of_integration(caller, integration_id)
    host = require(installation, WebhookIntegration, Capability.WEBHOOKS)
    for repository in _repositories(caller, integration_id):
        if not _known(repository):
            continue
        try:
            told = _unregister(caller, repository, host)
        except _ITS_OWN as error:
            told = _told(repository, _known(repository), error)
        yield told


def _address(caller: Caller, installation: Integration) -> _Address:
    host = require(installation, WebhookIntegration, Capability.WEBHOOKS)
    model = installation.model
    url = webhook_url(model.provider, model.id)
    secret = first_webhook_secret(caller, integration_id=model.id)
    return _Address(host=host, url=url, secret=secret)


def _known(repository: Repository) -> str:
    """The host's id of the registration; "" without one."""
    return repository.config.get(WEBHOOK_ID, "")


def _register(caller: Caller, repository: Repository, address: _Address) -> Registration:
    found = address.host.register_webhook(
        ref_of(repository), url=address.url, secret=address.secret
    )
    if found != _known(repository):
        _keep(caller, repository, {WEBHOOK_ID: found})
    return _told(repository, found)


def _unregister(caller: Caller, repository: Repository, host: WebhookIntegration) -> Registration:
    known = _known(repository)
    if known:
        host.unregister_webhook(ref_of(repository), webhook_id=known)
        _keep(caller, repository, {})
    return _told(repository, "")


def _keep(caller: Caller, repository: Repository, registration: Mapping[str, str]) -> None:
    """Keeps the registration, or none, in the row's ``config``; what else stands there stays."""
    rows = RepositoryRow.objects.filter(id=repository.id, organization_id=caller.organization_id)
    with transaction.atomic():
        row = rows.select_for_update().only("config").first()
        if row is not None:
            others = {key: kept for key, kept in row.config.items() if key != WEBHOOK_ID}
            rows.update(config={**others, **registration})


def _repositories(caller: Caller, integration_id: int) -> Iterator[Repository]:
    """The active ones, page by page: nothing stays open while a host is asked."""
    token = ""
    while True:
        page = list_repositories(
            caller,
            integration_id=integration_id,
            status=RepositoryState.ACTIVE,
            page_size=_PAGE,
            page_token=token,
        )
        yield from page.items
        token = page.next_token
        if not token:
            return


def _told(repository: Repository, webhook_id: str, error: ScmError | None = None) -> Registration:
    return Registration(
        repository_id=repository.id,
        name=repository.name,
        webhook_id=webhook_id,
        problem="" if error is None else error.message,
    )
