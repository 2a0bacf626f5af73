"""From rows to the domain's values, and the lookups that several actions share."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from django.db.models import QuerySet

from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.errors import NotFound
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    CodeMapping,
    Commit,
    ProviderKey,
    Repository,
    RepositoryState,
)
from sentry.integrations.source_code_management.validation import clean_id
from sentry.models.commit import Commit as CommitRow
from sentry.models.integrations.repository_project_path_config import RepositoryProjectPathConfig
from sentry.models.repository import Repository as RepositoryRow
from sentry.models.repository import RepositoryStatus

PREFIX = "integrations:"
STATES = {
    int(RepositoryStatus.ACTIVE): RepositoryState.ACTIVE,
    int(RepositoryStatus.DISABLED): RepositoryState.DISABLED,
    int(RepositoryStatus.HIDDEN): RepositoryState.HIDDEN,
}
_PROVIDERS = {PREFIX + key.value: key for key in ProviderKey}


def provider_of(stored: str | None) -> ProviderKey | None:
    """The provider's key in a stored ``integrations:<key>``; None for anything else."""
    return _PROVIDERS.get(stored or "")


def to_repository(row: RepositoryRow) -> Repository:
    """A repository's row as the domain's value."""
    return Repository(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        url=row.url or "",
        provider=_PROVIDERS.get(row.provider or ""),
        external_id=row.external_id or "",
        status=STATES[row.status],
        integration_id=row.integration_id,
        date_added=row.date_added,
        config=_texts(row.config),
    )


def to_commit(row: CommitRow, web_url: str = "") -> Commit:
    """A commit's row as the domain's value; ``row.author`` must be loaded."""
    return Commit(
        id=row.id,
        repository_id=row.repository_id,
        sha=row.key,
        message=row.message or "",
        author=_author_of(row),
        committed_at=row.date_added,
        web_url=web_url,
    )


def _author_of(row: CommitRow) -> AuthorInfo | None:
    """What the commit itself says; where nothing of it is kept, what its author's row says."""
    known = row.author
    if row.author_name is None and row.author_email is None and known is None:
        return None
    name, email = row.author_name, row.author_email
    return AuthorInfo(
        name=((known and known.name) or "") if name is None else name,
        email=(known.email if known else "") if email is None else email,
        external_id=(known and known.external_id) or "",
    )


def to_code_mapping(row: RepositoryProjectPathConfig) -> CodeMapping:
    """A code mapping's row as the domain's value."""
    return CodeMapping(
        id=row.id,
        organization_id=row.organization_id,
        project_id=row.project_id,
        repository_id=row.repository_id,
        integration_id=row.integration_id,
        stack_root=row.stack_root,
        source_root=row.source_root,
        default_branch=row.default_branch or "",
        automatically_generated=row.automatically_generated,
    )


def find_repository(caller: Caller, repository_id: int) -> Repository:
    """A repository of the caller's organization, unless it is being deleted.

    Raises:
        InvalidArgument: the id is no id.
        NotFound: there is none.
    """
    clean_id("repository_id", repository_id)
    row = next(iter(_repositories_of(caller.organization_id).filter(id=repository_id)), None)
    if row is None or row.status not in STATES:
        raise NotFound("repository")
    return to_repository(row)


@lru_cache(maxsize=1024)
def _repositories_of(organization_id: int) -> QuerySet[RepositoryRow]:
    """The repositories of an organization: the beginning of nearly every call, made once."""
    return RepositoryRow.objects.filter(organization_id=organization_id)


def find_repositories(caller: Caller, repository_ids: Iterable[int]) -> dict[int, Repository]:
    """The repositories of the caller's organization with these ids, by id, in one query."""
    rows = RepositoryRow.objects.filter(
        id__in=list(repository_ids), organization_id=caller.organization_id, status__in=STATES
    )
    return {row.id: to_repository(row) for row in rows}


def check_organization(caller: Caller, organization_id: int) -> int:
    """The organization that a request names: 0 is the caller's; another one is not found.

    Raises:
        InvalidArgument: the id is negative.
        NotFound: it is not the caller's.
    """
    if organization_id == 0:
        return caller.organization_id
    if clean_id("organization_id", organization_id) != caller.organization_id:
        raise NotFound("organization")
    return organization_id


def _texts(config: Mapping[str, object]) -> dict[str, str]:
    return {key: value for key, value in config.items() if isinstance(value, str)}
