"""What deliveries tell becomes commits, pull requests, and changes of repositories.

The inbox (``webhook_inbox``, ``webhook_deliveries``) is control's; what is written here is a
region's: each organization by itself, always by the integration that delivered.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sentry import features
from sentry.actions.operator import operator_in
from sentry.integrations.base import Integration
from sentry.integrations.manager import integrations
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.actions import webhook_deliveries
from sentry.integrations.source_code_management.actions.credential_health import look_again
from sentry.integrations.source_code_management.actions.pull_request_rows import (
    record_pull_request,
)
from sentry.integrations.source_code_management.actions.pushes import record_push
from sentry.integrations.source_code_management.actions.repository_events import (
    follow_change,
    follow_deletion,
)
from sentry.integrations.source_code_management.actions.rows import PREFIX, STATES
from sentry.integrations.source_code_management.actions.sync_jobs import start_sync
from sentry.integrations.source_code_management.actions.webhook_deliveries import Delivery
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostRateLimited,
    HostUnavailable,
    IntegrationBroken,
    ScmError,
)
from sentry.integrations.source_code_management.webhooks import (
    CredentialChangedEvent,
    InstallationEvent,
    PullRequestEvent,
    PushEvent,
    RepositoriesAddedEvent,
    RepositoryChangedEvent,
    RepositoryDeletedEvent,
    RepositoryEvent,
    WebhookEvent,
)
from sentry.models.repository import Repository, RepositoryStatus

_ACTIVE = 0
# What passes, by itself or by another credential. All else that a host says it would say again.
_PASSING = (HostRateLimited, HostUnavailable, DeadlineExceeded, IntegrationBroken)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class TryAgain:
    """A delivery waits for another attempt, ``pause`` seconds from now (None: as usual)."""

    pause: float | None


def handle_delivery(payload_id: int) -> TryAgain | None:
    """Handles a delivery of the inbox; does nothing to one that is done.

    May be broken off at any point and run again: every effect is one that may be repeated. A
    delivery that cannot be read is given up at once, one whose host does not answer waits.

    Raises:
        Exception: a fault of ours; the delivery waits, and its row names the error.
    """
    delivery = webhook_deliveries.take_up(payload_id)
    if delivery is None:
        return None
    try:
        events = _events(delivery)
    except HostUnavailable as error:
        webhook_deliveries.give_up(delivery.id, error.message)
        return None
    waits: list[ScmError] = []
    try:
        for organization_id in webhook_deliveries.organizations_of(delivery.integration_id):
            waits += _apply_all(organization_id, delivery, events)
    except Exception as error:
        webhook_deliveries.note_failure(delivery.id, error)
        raise
    if waits:
        webhook_deliveries.note_failure(delivery.id, waits[0])
        return TryAgain(pause=max((each.retry_after or 0 for each in waits), default=0) or None)
    webhook_deliveries.finish(delivery)
    return None


def _events(delivery: Delivery) -> list[WebhookEvent]:
    """What the delivery tells; nothing where its provider is gone.

    Raises:
        HostUnavailable: it cannot be read.
    """
    provider = integrations.find(delivery.provider)
    if provider is None or provider.webhook_receiver is None:
        return []
    return provider.webhook_receiver.events(delivery.request)


def _apply_all(
    organization_id: int, delivery: Delivery, events: Sequence[WebhookEvent]
) -> list[ScmError]:
    """Applies events in one organization, and gives the errors that pass by themselves."""
    waits: list[ScmError] = []
    installation = _installation(organization_id, delivery)
    if installation is None:
        return waits
    for event in events:
        try:
            _apply(installation, delivery, event)
        except _PASSING as error:
            waits.append(error)
        except ScmError as error:  # the host said no: what the delivery held is stored
            facts = {"payload_id": delivery.id, "organization_id": organization_id}
            reason = webhook_deliveries.reason_of(error)
            logger.warning("webhooks.delivery.incomplete", extra=facts | {"reason": reason})
    return waits


def _installation(organization_id: int, delivery: Delivery) -> Integration | None:
    """The integration as the organization uses it; None where it is switched off for it."""
    provider = integrations.find(delivery.provider)
    installed = integration_service.get_installed(
        organization_id=organization_id, integration_id=delivery.integration_id
    )
    if provider is None or installed is None:
        return None
    if installed.organization_integration.status != _ACTIVE:
        return None
    if not features.has(provider.feature, organization_id):
        return None
    return provider.get_installation(installed.integration, organization_id)


def _apply(installation: Integration, delivery: Delivery, event: WebhookEvent) -> None:
    if isinstance(event, CredentialChangedEvent | RepositoriesAddedEvent):
        _apply_to_installation(installation, event)
    else:
        _apply_to_repository(installation, delivery, event)


def _apply_to_installation(installation: Integration, event: InstallationEvent) -> None:
    """What concerns the integration as a whole; of another one a delivery tells nothing here."""
    if event.installation != installation.model.external_id:
        return
    match event:
        case CredentialChangedEvent():
            look_again(installation)
        case RepositoriesAddedEvent():
            start_sync(
                operator_in(installation.organization_id), integration_id=installation.model.id
            )


def _apply_to_repository(
    installation: Integration, delivery: Delivery, event: RepositoryEvent
) -> None:
    repository = _repository(installation, event)
    if repository is None:
        return
    is_active = repository.status == RepositoryStatus.ACTIVE
    match event:
        case RepositoryChangedEvent():
            follow_change(repository, installation, event)
        case RepositoryDeletedEvent():
            follow_deletion(repository, installation)
        case PushEvent() if is_active:
            record_push(repository, installation, event)
        case PullRequestEvent() if is_active:
            record_pull_request(repository, event, received_at=delivery.received_at)
        case _:
            pass  # nothing is recorded of a repository that is switched off or hidden


def _repository(installation: Integration, event: RepositoryEvent) -> Repository | None:
    """The organization's repository that an event is of, if the integration that told is its own.

    Another integration of the same provider, with a secret of its own, has no say in it.
    """
    if isinstance(event, RepositoryChangedEvent):
        external_id = event.repository.external_id
    else:
        external_id = event.repository_id
    return Repository.objects.filter(
        organization_id=installation.organization_id,
        provider=PREFIX + installation.model.provider,
        external_id=external_id,
        integration_id=installation.model.id,
        status__in=STATES,
    ).first()
