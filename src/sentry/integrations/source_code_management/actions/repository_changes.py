"""Repositories: adding one of a host, and changing what is kept of it."""

from django.db import IntegrityError, transaction

from sentry.auth.caller import Caller
from sentry.integrations.services.integration import integration_service
from sentry.integrations.services.integration.model import RpcInstalledIntegration
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_integration,
    require,
)
from sentry.integrations.source_code_management.actions.rows import (
    PREFIX,
    STATES,
    find_repository,
    to_repository,
)
from sentry.integrations.source_code_management.actions.sync import fits, new_row
from sentry.integrations.source_code_management.errors import (
    AlreadyExists,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.repository import RepositoryIntegration
from sentry.integrations.source_code_management.types import (
    Capability,
    Repository,
    RepositoryState,
)
from sentry.integrations.source_code_management.validation import clean_text
from sentry.models.integrations.repository_project_path_config import RepositoryProjectPathConfig
from sentry.models.repository import Repository as RepositoryRow

MAX_IDENTIFIER = 200
_STORED = {state: status for status, state in STATES.items()}


def add_repository(
    caller: Caller, *, integration_id: int, identifier: str, provider: str = ""
) -> Repository:
    """Stores one repository of a host, found there by its name.

    Args:
        caller: who asks.
        integration_id: an integration of the caller's organization.
        identifier: the host's name for the repository ("acme/shop").
        provider: where given, the provider's key, which must be the integration's.

    Raises:
        InvalidArgument: a value that can never work, or another provider.
        NotFound: the organization has no such integration, or the host no such repository.
        AlreadyExists: the organization has it already, perhaps hidden or being deleted.
        PreconditionFailed, HostError, Unsupported: the host could not be asked.
    """
    clean_text("identifier", identifier, max_length=MAX_IDENTIFIER, required=True)
    installation = installation_of_integration(caller, integration_id)
    key = installation.model.provider
    if provider not in ("", key, PREFIX + key):
        raise InvalidArgument("provider", f"the integration is one of {PREFIX}{key}")
    host = require(installation, RepositoryIntegration, Capability.REPOSITORIES)
    try:
        info = host.get_repository(identifier)
    except InvalidArgument as error:
        raise InvalidArgument("identifier", error.description) from None
    if not fits(info):
        raise InvalidArgument("identifier", "the repository's name or URL is too long to be kept")
    row = new_row(caller.organization_id, integration_id, PREFIX + key, info)
    try:
        row.save()
    except IntegrityError:
        raise AlreadyExists("repository") from None
    return to_repository(row)


def update_repository(
    caller: Caller,
    *,
    repository_id: int,
    status: RepositoryState | None = None,
    integration_id: int | None = None,
) -> Repository:
    """Changes a repository's state or the integration that reaches it; None changes nothing.

    Its code mappings go with it to the integration, and it to the integration's provider.

    Raises:
        InvalidArgument: the id is no id.
        NotFound: no such repository, or it is being deleted; no such integration.
        AlreadyExists: the integration's provider has the repository under this id already.
    """
    repository = find_repository(caller, repository_id)
    changes: dict[str, object] = {}
    installed = None if integration_id is None else _installed(caller, integration_id)
    if status is not None:
        changes["status"] = _STORED[status]
    if installed is not None:
        changes["integration_id"] = installed.integration.id
        changes["provider"] = PREFIX + installed.integration.provider
    rows = RepositoryRow.objects.filter(
        id=repository.id, organization_id=caller.organization_id, status__in=STATES
    )
    try:
        with transaction.atomic():
            if changes:
                rows.update(**changes)
            if installed is not None:
                _move_mappings(caller, repository, installed)
    except IntegrityError:
        raise AlreadyExists("repository") from None
    return find_repository(caller, repository_id)


def _installed(caller: Caller, integration_id: int) -> RpcInstalledIntegration:
    installed = integration_service.get_installed(
        organization_id=caller.organization_id, integration_id=integration_id
    )
    if installed is None:
        raise NotFound("integration")
    return installed


def _move_mappings(
    caller: Caller, repository: Repository, installed: RpcInstalledIntegration
) -> None:
    RepositoryProjectPathConfig.objects.filter(
        repository_id=repository.id, organization_id=caller.organization_id
    ).update(
        integration_id=installed.integration.id,
        organization_integration_id=installed.organization_integration.id,
    )
