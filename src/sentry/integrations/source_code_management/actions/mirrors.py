"""Mirrors of repositories: whether there may be one, and making one before a call needs it."""

from django.db import transaction

from sentry import options
from sentry.auth.caller import Caller
from sentry.integrations.base import Integration
from sentry.integrations.source_code_management import mirror
from sentry.integrations.source_code_management.actions.credential_health import watching
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_repository,
    ref_of,
)
from sentry.integrations.source_code_management.actions.rows import find_repository
from sentry.integrations.source_code_management.errors import MirrorRefused
from sentry.integrations.source_code_management.repository import MirrorIntegration
from sentry.integrations.source_code_management.types import Repository
from sentry.taskqueue import task_named
from sentry.utils.deadline import deadline_at

MIRRORS_OFF = "mirrors are switched off (scm.mirrors.enabled)"


def mirrors_enabled() -> bool:
    """Whether the operator lets repositories be mirrored."""
    return bool(options.get("scm.mirrors.enabled"))


def mirror_place(installation: Integration, repository: Repository) -> mirror.MirrorPlace | None:
    """Where the repository's mirror is; None where there may be none. Makes no request."""
    if not mirrors_enabled() or not isinstance(installation, MirrorIntegration):
        return None
    return mirror.MirrorPlace(
        provider=installation.model.provider,
        tenant=f"{installation.organization_id}:{installation.model.id}",
        host=installation,
        repo=ref_of(repository),
    )


def prepare_mirror(caller: Caller, *, repository_id: int) -> None:
    """Makes the repository's mirror, unless there is one; takes as long as ``total-timeout`` says.

    Raises:
        NotFound: no such repository.
        MirrorRefused: there may be none, or it would be too large.
        HostError, PreconditionFailed, DeadlineExceeded: the host did not give the repository.
    """
    repository = find_repository(caller, repository_id)
    installation = installation_of_repository(caller, repository)
    place = mirror_place(installation, repository)
    if place is None:
        raise MirrorRefused(installation.model.provider, MIRRORS_OFF)
    with watching(installation):
        mirror.prepare(place)


def prepare_mirror_later(repository: Repository) -> None:
    """Has a task make the mirror that a call had no time for; one at most for a repository."""
    with deadline_at(None), transaction.atomic():  # the call's own time is up
        task_named("sentry.tasks.prepare_mirror").apply_async(
            (repository.organization_id, repository.id), key=str(repository.id)
        )
