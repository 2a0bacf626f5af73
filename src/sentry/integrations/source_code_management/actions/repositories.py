"""Repositories: listing, reading and deleting. No host is asked."""

from django.db import connection, transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import StrIndex, Upper

from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.deletion import schedule_deletion
from sentry.integrations.source_code_management.actions.rows import (
    PREFIX,
    STATES,
    check_organization,
    find_repository,
    to_repository,
)
from sentry.integrations.source_code_management.errors import NotFound
from sentry.integrations.source_code_management.page_tokens import (
    decode_page_token,
    encode_page_token,
)
from sentry.integrations.source_code_management.types import (
    Page,
    ProviderKey,
    Repository,
    RepositoryState,
)
from sentry.integrations.source_code_management.validation import (
    clean_id,
    clean_page_size,
    clean_text,
)
from sentry.models.repository import Repository as RepositoryRow
from sentry.models.repository import RepositoryStatus

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000
_MAX_QUERY_LENGTH = 200
_TRIGRAM = 3
_STATUSES = {
    None: (RepositoryStatus.ACTIVE, RepositoryStatus.DISABLED),
    RepositoryState.ACTIVE: (RepositoryStatus.ACTIVE,),
    RepositoryState.DISABLED: (RepositoryStatus.DISABLED,),
    RepositoryState.HIDDEN: (RepositoryStatus.HIDDEN,),
}


def get_repository(caller: Caller, *, repository_id: int) -> Repository:
    """One repository of the caller's organization.

    Raises:
        InvalidArgument: the id is no id.
        NotFound: there is none, or it is being deleted.
    """
    return find_repository(caller, repository_id)


def delete_repository(caller: Caller, *, repository_id: int) -> None:
    """Marks a repository of the caller's organization for deletion, and starts the deletion.

    It is gone for every reader at once; its commits and code mappings go in the background.

    Raises:
        InvalidArgument: the id is no id.
        NotFound: there is none, or it is being deleted.
    """
    organization_id = caller.organization_id
    kept = RepositoryRow.objects.filter(
        id=clean_id("repository_id", repository_id),
        organization_id=organization_id,
        status__in=STATES,
    )
    with transaction.atomic():
        if not kept.update(status=RepositoryStatus.PENDING_DELETION):
            raise NotFound("repository")
        schedule_deletion(organization_id=organization_id, repository_id=repository_id)


def list_repositories(
    caller: Caller,
    *,
    organization_id: int = 0,
    provider: ProviderKey | None = None,
    query: str = "",
    status: RepositoryState | None = None,
    integration_id: int | None = None,
    page_size: int = 0,
    page_token: str = "",
) -> Page[Repository]:
    """The repositories of the caller's organization, ordered by (name, id).

    Args:
        caller: who asks.
        organization_id: the caller's own, or 0 for it.
        provider: only those on this kind of host.
        query: a part of the name, upper and lower case being the same.
        status: only those in this state; None: active and disabled ones.
        integration_id: only those of this integration.
        page_size: 0 for 100; at most 1,000.
        page_token: the ``next_token`` of the page before.

    Raises:
        InvalidArgument: a value that can never work, or a token of another query.
        NotFound: the organization is not the caller's.
    """
    clean_text("query", query, max_length=_MAX_QUERY_LENGTH)
    size = clean_page_size(page_size, default=DEFAULT_PAGE_SIZE, most=MAX_PAGE_SIZE)
    organization_id = check_organization(caller, organization_id)
    bound = ("repositories", organization_id, provider, query, status, integration_id)
    after = decode_page_token(bound, page_token)

    rows = RepositoryRow.objects.filter(
        organization_id=organization_id, status__in=_STATUSES[status]
    )
    if provider is not None:
        rows = rows.filter(provider=PREFIX + provider)
    if integration_id is not None:
        rows = rows.filter(integration_id=integration_id)
    if query:
        rows = _matching(rows, query)
    if after is not None:
        name, last_id = after
        rows = rows.filter(Q(name__gt=name) | Q(name=name, id__gt=last_id), name__gte=name)
    found = list(rows.order_by("name", "id")[: size + 1])

    items = tuple(to_repository(row) for row in found[:size])
    more = len(found) > size
    token = encode_page_token(bound, [items[-1].name, items[-1].id]) if more else ""
    return Page(items=items, next_token=token)


def _matching(rows: QuerySet[RepositoryRow], query: str) -> QuerySet[RepositoryRow]:
    """Narrows to names that contain the query: by trigrams where it has any.

    A shorter query walks the (organization, name, id) index until the page is full. It is asked
    for by its place in the name: with LIKE PostgreSQL may guess that next to nothing matches, and
    would read the whole table.
    """
    if len(query) < _TRIGRAM:
        return rows.alias(place=StrIndex(Upper("name"), Upper(Value(query)))).filter(place__gt=0)
    if connection.vendor != "sqlite":
        return rows.filter(name__icontains=query)
    phrase = '"' + query.replace('"', '""') + '"'
    matching = RawSQL("SELECT rowid FROM sentry_repository_search WHERE name MATCH %s", [phrase])
    return rows.filter(id__in=matching)
