"""Facts that are kept with a repository: its default branch, where it is needed, and others."""

from django.db import transaction

from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_repository,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.errors import PreconditionFailed
from sentry.integrations.source_code_management.repository import RepositoryIntegration
from sentry.integrations.source_code_management.types import Capability, Repository
from sentry.models.repository import Repository as RepositoryRow

_BRANCH = "default_branch"


def default_branch_of(caller: Caller, repository: Repository) -> str:
    """The repository's default branch: the stored one, else the host's, which is then stored.

    "" where it has none, since it is empty, or where no integration can ask the host.

    Raises:
        NotFound: the host has no such repository.
        HostError, Unsupported: the host had to be asked and did not answer.
    """
    known = repository.config.get(_BRANCH, "")
    if known:
        return known
    try:
        installation = installation_of_repository(caller, repository)
        host = require(installation, RepositoryIntegration, Capability.REPOSITORIES)
        found = host.get_repository_default_branch(ref_of(repository)) or ""
    except PreconditionFailed:
        return ""
    if found:
        keep_fact(caller, repository, _BRANCH, found)
    return found


def keep_fact(caller: Caller, repository: Repository, name: str, value: str) -> None:
    """Keeps a fact in the repository's ``config``; "" forgets it. What else stands there stays."""
    rows = RepositoryRow.objects.filter(id=repository.id, organization_id=caller.organization_id)
    with transaction.atomic():
        row = rows.select_for_update().only("config").first()
        if row is not None:
            config = {key: kept for key, kept in row.config.items() if key != name}
            rows.update(config=config | ({name: value} if value else {}))
