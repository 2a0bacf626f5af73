"""Repositories follow what happens to them on their host."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from sentry.integrations.base import Integration
from sentry.integrations.source_code_management.actions.credential_health import check_not_broken
from sentry.integrations.source_code_management.actions.installations import ref_of, require
from sentry.integrations.source_code_management.actions.rows import STATES, to_repository
from sentry.integrations.source_code_management.actions.sync import HOST_FACTS, fits, new_row
from sentry.integrations.source_code_management.errors import NotFound, ScmError
from sentry.integrations.source_code_management.repository import RepositoryIntegration
from sentry.integrations.source_code_management.types import Capability, RepositoryInfo
from sentry.integrations.source_code_management.webhooks import RepositoryChangedEvent
from sentry.models.repository import Repository, RepositoryStatus

# In a repository's config: the host's time of what its row says.
TOLD_AT = "host_updated_at"


def follow_change(
    repository: Repository, installation: Integration, event: RepositoryChangedEvent
) -> None:
    """Takes over the name, the URL, the host's identifier and the default branch.

    The host is asked what the repository is now, since deliveries may come out of order. Where it
    cannot tell, the event is believed, unless it is older than the last one that was.
    """
    info = _as_it_is_now(installation, event.repository)
    if info is None:
        if _is_older(event.updated_at, repository.config):
            return
        info = event.repository
    if not fits(info):
        return
    told_at = {} if event.updated_at is None else {TOLD_AT: _latest(event.updated_at, repository)}
    fresh = new_row(
        repository.organization_id, repository.integration_id or 0, repository.provider or "", info
    )
    facts = {key: value for key, value in repository.config.items() if key not in HOST_FACTS}
    Repository.objects.filter(
        id=repository.id, organization_id=repository.organization_id, status__in=STATES
    ).update(name=fresh.name, url=fresh.url, config={**facts, **fresh.config, **told_at})


def follow_deletion(repository: Repository, installation: Integration) -> None:
    """Switches a repository off that is gone from its host; what is stored of it stays.

    A delivery alone is not believed, since what it was signed for may be over: the host is asked.

    Raises:
        ScmError: the host does not say whether it has the repository; nothing was changed.
    """
    if _is_on_host(repository, installation):
        return
    Repository.objects.filter(
        id=repository.id, organization_id=repository.organization_id, status__in=STATES
    ).update(status=RepositoryStatus.DISABLED)


def _is_on_host(repository: Repository, installation: Integration) -> bool:
    """Whether the host has the repository, whatever its name is by now.

    Another one that took its name is not it. The branch is of no interest: the smallest question
    about a repository that the row names by the host's id.
    """
    check_not_broken(installation)
    host = require(installation, RepositoryIntegration, Capability.REPOSITORIES)
    try:
        host.get_repository_default_branch(ref_of(to_repository(repository)))
    except NotFound:
        return False
    return True


def _as_it_is_now(installation: Integration, told: RepositoryInfo) -> RepositoryInfo | None:
    """What the host says of the repository under its new name; None where it does not know it."""
    with suppress(ScmError):  # a broken credential, a host that is down: the event has the facts
        check_not_broken(installation)
        host = require(installation, RepositoryIntegration, Capability.REPOSITORIES)
        found = host.get_repository(told.identifier)
        if found.external_id == told.external_id:
            return found
    return None


def _is_older(when: datetime | None, config: Mapping[str, object]) -> bool:
    known = config.get(TOLD_AT)
    return when is not None and isinstance(known, str) and when < datetime.fromisoformat(known)


def _latest(when: datetime, repository: Repository) -> str:
    if _is_older(when, repository.config):
        return str(repository.config[TOLD_AT])
    return when.isoformat()
