"""Organizations: making, finding and listing them."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from sentry import models
from sentry.actions.validation import check_name, check_slug, slug_for
from sentry.auth.caller import Caller
from sentry.auth.roles import Role
from sentry.auth.signals import forget_callers
from sentry.integrations.source_code_management.errors import (
    AlreadyExists,
    NotFound,
    PreconditionFailed,
)

NAME_LIMIT = 64
SLUG_LIMIT = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Organization:
    """A tenant. ``date_added`` is aware UTC."""

    id: int
    slug: str
    name: str
    date_added: datetime


def _value(row: models.Organization) -> Organization:
    return Organization(id=row.id, slug=row.slug, name=row.name, date_added=row.date_added)


def create_organization(*, name: str, slug: str | None = None) -> Organization:
    """Makes an organization; without a slug, one is made of the name.

    Raises:
        InvalidArgument: the name or the slug is not acceptable.
        AlreadyExists: the slug is taken.
    """
    return _value(_create(name, slug))


def found_organization(user_id: int, *, name: str, slug: str | None = None) -> Organization:
    """Makes an organization whose owner is the user. Both happen, or neither.

    Raises:
        InvalidArgument: the name or the slug is not acceptable.
        AlreadyExists: the slug is taken.
    """
    with transaction.atomic():
        row = _create(name, slug)
        models.OrganizationMember.objects.create(organization=row, user_id=user_id, role=Role.OWNER)
    return _value(row)


def update_organization(
    caller: Caller, *, name: str | None = None, slug: str | None = None
) -> Organization:
    """Changes the caller's organization; None leaves a value as it is.

    Raises:
        InvalidArgument: the name or the slug is not acceptable.
        AlreadyExists: the slug is taken.
        NotFound: the organization is gone.
    """
    row = models.Organization.objects.filter(id=caller.organization_id).first()
    if row is None:
        raise NotFound("organization")
    if name is not None:
        row.name = check_name("name", name, limit=NAME_LIMIT)
    if slug is not None:
        row.slug = check_slug("slug", slug, limit=SLUG_LIMIT)
    try:
        with transaction.atomic():
            row.save(update_fields=["name", "slug"])
    except IntegrityError:
        raise AlreadyExists(f"organization {row.slug}") from None
    return _value(row)


def delete_organization(caller: Caller) -> None:
    """Deletes the caller's organization with its members, teams and credentials.

    Raises:
        PreconditionFailed: it still has projects or repositories, which are deleted first: there
            may be more under them than one request can delete.
        NotFound: the organization is gone.
    """
    own = {"organization_id": caller.organization_id}
    with transaction.atomic():
        row = (
            models.Organization.objects.select_for_update()
            .filter(id=caller.organization_id)
            .first()
        )
        if row is None:
            raise NotFound("organization")
        for model in (models.Project, models.Repository):
            if model.objects.filter(**own).exists():
                raise PreconditionFailed(
                    "the organization has projects or repositories: delete these first"
                )
        for control in (models.ApiKey, models.OrgAuthToken, models.OrganizationIntegration):
            control.objects.filter(**own).delete()
        row.delete()
        forget_callers()


def _create(name: str, slug: str | None) -> models.Organization:
    checked = check_name("name", name, limit=NAME_LIMIT)
    chosen = slug_for(checked, slug, field="slug", limit=SLUG_LIMIT)
    try:
        return models.Organization.objects.create(name=checked, slug=chosen)
    except IntegrityError:
        raise AlreadyExists(f"organization {chosen}") from None


def get_organization(slug: str) -> Organization:
    """The organization with this slug.

    Raises:
        NotFound: there is none.
    """
    row = models.Organization.objects.filter(slug=slug).first()
    if row is None:
        raise NotFound(f"organization {slug!r}")
    return _value(row)


def list_organizations() -> list[Organization]:
    """All organizations, by slug. For the operator: no caller is asked."""
    return [_value(row) for row in models.Organization.objects.order_by("slug")]
