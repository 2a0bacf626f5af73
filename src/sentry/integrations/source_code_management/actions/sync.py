"""Reading all repositories of a host into the platform's table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import batched

from django.db import IntegrityError, transaction

from sentry import analytics, models
from sentry.analytics.events.repositories_synced import RepositoriesSyncedEvent
from sentry.auth.caller import Caller
from sentry.db.models import new_region_id
from sentry.integrations.source_code_management.actions.installations import (
    installation_of_integration,
    require,
)
from sentry.integrations.source_code_management.actions.rows import PREFIX
from sentry.integrations.source_code_management.repository import RepositoryIntegration
from sentry.integrations.source_code_management.types import Capability, RepositoryInfo

PAGE = 100
_ATTEMPTS = 5
_ID_LIMIT = 64
_NAME_LIMIT = 200
_URL_LIMIT = 500
_HOST_FACTS = frozenset({"default_branch", "identifier"})
_UPDATED_FIELDS = ["name", "url", "config", "integration_id"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncResult:
    """What a synchronization did, in repositories.

    ``skipped`` are those that the table cannot hold: without an id, or with a name, an id or a
    URL beyond its columns.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0

    def __add__(self, other: "SyncResult") -> "SyncResult":
        return SyncResult(
            created=self.created + other.created,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            skipped=self.skipped + other.skipped,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Target:
    organization_id: int
    integration_id: int
    provider: str


def _ignore(_: SyncResult) -> None:
    pass


def sync_repositories(
    caller: Caller,
    *,
    integration_id: int,
    query: str = "",
    on_page: Callable[[SyncResult], None] = _ignore,
) -> SyncResult:
    """Stores every repository that an integration of the caller's organization reaches.

    Works page by page in constant memory. New repositories become active; of known ones the name,
    the URL, the default branch and the integration are brought up to date, while the status stays.
    Repositories that the host no longer lists are left alone. What was stored before an error
    stays.

    Args:
        caller: who asks.
        integration_id: an integration of the caller's organization.
        query: a part of the name, passed to the host's search where it has one.
        on_page: told the counts so far after each page.

    Raises:
        NotFound: the organization has no such integration.
        IntegrationDisabled, ProviderDisabled: it may not be used.
        Unsupported: the host does not list repositories.
        HostError, IntegrationBroken: the host did not answer, or not to this credential.
    """
    installation = installation_of_integration(caller, integration_id)
    lister = require(installation, RepositoryIntegration, Capability.REPOSITORIES)
    target = _Target(
        organization_id=caller.organization_id,
        integration_id=integration_id,
        provider=PREFIX + installation.model.provider,
    )
    total = SyncResult()
    for page in batched(lister.get_repositories(query=query), PAGE, strict=False):
        total += _store(target, page)
        on_page(total)
    analytics.record(
        RepositoriesSyncedEvent(
            organization_id=caller.organization_id,
            user_id=caller.user_id,
            integration_id=integration_id,
            **asdict(total),
        )
    )
    return total


def fits(info: RepositoryInfo) -> bool:
    """Whether the table can hold what the host says of the repository."""
    return (
        0 < len(info.external_id) <= _ID_LIMIT
        and 0 < len(info.name) <= _NAME_LIMIT
        and len(info.url) <= _URL_LIMIT
    )


def _store(target: _Target, page: Sequence[RepositoryInfo]) -> SyncResult:
    """Stores one page. An id that another process has just taken is replaced by a new one."""
    wanted = {info.external_id: info for info in page if fits(info)}
    skipped = SyncResult(skipped=sum(not fits(info) for info in page))
    for _ in range(_ATTEMPTS - 1):
        with suppress(IntegrityError):
            return _upsert(target, wanted) + skipped
    return _upsert(target, wanted) + skipped


def _upsert(target: _Target, wanted: Mapping[str, RepositoryInfo]) -> SyncResult:
    """One read, and one upsert of what is new or differs: two of these at once do no harm.

    The rows are locked as they are read, so that what others write to them meanwhile stays.
    """
    with transaction.atomic():
        known = _known(target, wanted)
        rows = {
            key: _row(target, info, known[key].config if key in known else {})
            for key, info in wanted.items()
        }
        changed = [row for key, row in rows.items() if not _same(row, known.get(key))]
        models.Repository.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["organization", "provider", "external_id"],
            update_fields=_UPDATED_FIELDS,
        )
    created = len(wanted.keys() - known.keys())
    return SyncResult(
        created=created,
        updated=len(changed) - created,
        unchanged=len(wanted) - len(changed),
    )


def _known(target: _Target, external_ids: Iterable[str]) -> dict[str | None, models.Repository]:
    """The rows that are there, locked in the order of their ids: no two wait for each other."""
    rows = (
        models.Repository.objects.select_for_update()
        .filter(
            organization_id=target.organization_id,
            provider=target.provider,
            external_id__in=list(external_ids),
        )
        .only("external_id", *_UPDATED_FIELDS)
        .order_by("id")
    )
    return {row.external_id: row for row in rows}


def _row(target: _Target, info: RepositoryInfo, config: Mapping[str, object]) -> models.Repository:
    return models.Repository(
        id=new_region_id(),
        organization_id=target.organization_id,
        integration_id=target.integration_id,
        provider=target.provider,
        external_id=info.external_id,
        name=info.name,
        url=info.url or None,
        config=config_with(info, config),
    )


def new_row(
    organization_id: int, integration_id: int, provider: str, info: RepositoryInfo
) -> models.Repository:
    """The row of a repository that is not stored yet; ``provider`` as it is stored."""
    target = _Target(
        organization_id=organization_id, integration_id=integration_id, provider=provider
    )
    return _row(target, info, {})


def config_with(info: RepositoryInfo, before: Mapping[str, object]) -> dict[str, object]:
    """A row's ``config`` with what the host says of the repository; what others keep there stays.

    ``before`` is what a locked row holds, or {} for a new one. A list that tells no default branch,
    as some hosts' do, takes no known one away.
    """
    facts = {key: value for key, value in before.items() if key not in _HOST_FACTS}
    if info.default_branch is None and "default_branch" in before:
        facts["default_branch"] = before["default_branch"]
    elif info.default_branch is not None:
        facts["default_branch"] = info.default_branch
    if info.identifier != info.name:
        facts["identifier"] = info.identifier
    return {**facts, **info.facts}


def _same(row: models.Repository, known: models.Repository | None) -> bool:
    return known is not None and all(
        getattr(row, name) == getattr(known, name) for name in _UPDATED_FIELDS
    )
