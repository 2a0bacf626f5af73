"""Repositories follow what happens to them on their host."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from sentry.integrations.base import Integration
from sentry.integrations.source_code_management.actions.credential_health import check_not_broken
from sentry.integrations.source_code_management.actions.installations import ref_of, require
from sentry.integrations.source_code_management.actions.rows import STATES, to_repository
from sentry.integrations.source_code_management.actions.sync import config_with, fits
from sentry.integrations.source_code_management.errors import (
    NotFound,
    RepositoryReplaced,
    ScmError,
)
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
    cannot tell, the event is believed, unless it is older than the last one that was. An event
    that tells another repository's name is over: nothing follows from it.
    """
    try:
        now = _as_it_is_now(repository, installation, event.repository.identifier)
    except RepositoryReplaced:
        return
    info = now or event.repository
    if not fits(info):
        return
    rows = Repository.objects.filter(
        id=repository.id, organization_id=repository.organization_id, status__in=STATES
    )
    with transaction.atomic():
        row = rows.select_for_update().only("config").first()
        if row is None or (now is None and _is_older(event.updated_at, row.config)):
            return
        config = config_with(info, row.config) | _told_at(event.updated_at, row.config)
        rows.update(name=info.name, url=info.url or None, config=config)


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


def _as_it_is_now(
    repository: Repository, installation: Integration, told: str
) -> RepositoryInfo | None:
    """What the host says of the repository, whatever its name is by now; None where it does not.

    It is asked for by the host's id; under the name that was told, where the host goes by names.

    Raises:
        RepositoryReplaced: the host goes by names, and another repository has this one.
    """
    try:
        check_not_broken(installation)
        host = require(installation, RepositoryIntegration, Capability.REPOSITORIES)
        known = ref_of(to_repository(repository))
        return host.get_current_repository(replace(known, identifier=told))
    except RepositoryReplaced:
        raise
    except ScmError:  # a broken credential, a host that is down: the event has the facts
        return None


def _is_older(when: datetime | None, config: Mapping[str, object]) -> bool:
    known = config.get(TOLD_AT)
    return when is not None and isinstance(known, str) and when < datetime.fromisoformat(known)


def _told_at(when: datetime | None, config: Mapping[str, object]) -> dict[str, str]:
    """The time to keep of an event at ``when``: none where it tells none or a later one is kept."""
    return {} if when is None or _is_older(when, config) else {TOLD_AT: when.isoformat()}
