"""Asking hosts to deliver: webhooks of all repositories of an integration."""

from collections.abc import Iterator
from dataclasses import dataclass

from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_integration,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.repositories import list_repositories
from sentry.integrations.source_code_management.actions.repository_facts import keep_fact
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
    installation = installation_of_integration(caller, integration_id)
    host = require(installation, WebhookIntegration, Capability.WEBHOOKS)
    url = webhook_url(installation.model.provider, integration_id)
    secret = first_webhook_secret(caller, integration_id=integration_id)
    for repository in _repositories(caller, integration_id):
        known = repository.config.get(WEBHOOK_ID, "")
        try:
            found = host.register_webhook(ref_of(repository), url=url, secret=secret)
        except _ITS_OWN as error:
            yield _told(repository, known, error)
            continue
        if found != known:
            keep_fact(caller, repository, WEBHOOK_ID, found)
        yield _told(repository, found)


def unregister_webhooks(caller: Caller, *, integration_id: int) -> Iterator[Registration]:
    """Ends the deliveries for every active repository of an integration that has a registration.

    Raises:
        as ``register_webhooks``.
    """
    installation = installation_of_integration(caller, integration_id)
    host = require(installation, WebhookIntegration, Capability.WEBHOOKS)
    for repository in _repositories(caller, integration_id):
        known = repository.config.get(WEBHOOK_ID, "")
        if not known:
            continue
        try:
            host.unregister_webhook(ref_of(repository), webhook_id=known)
        except _ITS_OWN as error:
            yield _told(repository, known, error)
            continue
        keep_fact(caller, repository, WEBHOOK_ID, "")
        yield _told(repository, "")


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
