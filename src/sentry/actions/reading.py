"""What the doors read beside the domain of source code: organizations, names of projects."""

from collections.abc import Iterable

from sentry.actions.organization_cache import (
    OrganizationSummary,
    organization_cache,
    to_summary,
)
from sentry.actions.organizations import Organization
from sentry.auth.caller import Caller, CallerKind
from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.actions import rows
from sentry.integrations.source_code_management.errors import NotFound
from sentry.integrations.source_code_management.page_tokens import (
    decode_page_token,
    encode_page_token,
)
from sentry.integrations.source_code_management.types import Page, Repository
from sentry.integrations.source_code_management.validation import clean_page_size
from sentry.models.organization import Organization as OrganizationRow
from sentry.models.project import Project

__all__ = [
    "OrganizationSummary",
    "get_organization",
    "list_organizations",
    "project_slugs",
    "provider_names",
    "repositories_by_id",
    "summary_of",
]

_PAGE = 100


def get_organization(caller: Caller, slug: str) -> OrganizationSummary:
    """The caller's own organization, if this is its slug. It may be a few seconds old.

    Raises:
        NotFound: the slug is another organization's, or nobody's.
    """
    organization = organization_cache.get(caller.organization_id)
    if organization is None or organization.slug != slug:
        raise NotFound("organization")
    return organization


def summary_of(organization: Organization) -> OrganizationSummary:
    """An organization that was just made or changed, as its members see it."""
    return OrganizationSummary(
        id=organization.id,
        slug=organization.slug,
        name=organization.name,
        date_added=organization.date_added,
    )


def list_organizations(
    caller: Caller, *, page_size: int = 0, page_token: str = ""
) -> Page[OrganizationSummary]:
    """The organizations that the caller may know of, in the order they were made.

    A program's credential knows its own one; a signed-in user all memberships.

    Args:
        caller: who asks.
        page_size: 0 for 100; at most 100.
        page_token: the ``next_token`` of the page before.

    Raises:
        InvalidArgument: a value that can never work, or a token of another query.
    """
    size = clean_page_size(page_size, default=_PAGE, most=_PAGE)
    bound = ("organizations", caller.organization_id, caller.user_id)
    after = decode_page_token(bound, page_token)
    if caller.kind is CallerKind.SESSION and caller.user_id is not None:
        found = OrganizationRow.objects.filter(member_set__user_id=caller.user_id)
    else:
        found = OrganizationRow.objects.filter(id=caller.organization_id)
    if after is not None:
        found = found.filter(id__gt=after[0])
    items = [to_summary(row) for row in found.order_by("id")[: size + 1]]
    more = len(items) > size
    return Page(
        items=tuple(items[:size]),
        next_token=encode_page_token(bound, [items[size - 1].id]) if more else "",
    )


def project_slugs(caller: Caller, project_ids: Iterable[int]) -> dict[int, str]:
    """The slugs of projects of the caller's organization, by id, in one query."""
    found = Project.objects.filter(organization_id=caller.organization_id, id__in=list(project_ids))
    return dict(found.values_list("id", "slug"))


def repositories_by_id(caller: Caller, repository_ids: Iterable[int]) -> dict[int, Repository]:
    """Repositories of the caller's organization, by id, in one query."""
    return rows.find_repositories(caller, repository_ids)


def provider_names() -> dict[str, str]:
    """What people call the registered providers, by key."""
    return {provider.key.value: provider.name for provider in integrations.all()}
