"""Organizations: making, finding and listing them."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError

from sentry import models
from sentry.actions.validation import check_name, slug_for
from sentry.integrations.source_code_management.errors import AlreadyExists, NotFound

_NAME_LIMIT = 64
_SLUG_LIMIT = 50


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
    checked = check_name("name", name, limit=_NAME_LIMIT)
    chosen = slug_for(checked, slug, field="slug", limit=_SLUG_LIMIT)
    try:
        row = models.Organization.objects.create(name=checked, slug=chosen)
    except IntegrityError:
        raise AlreadyExists(f"organization {chosen}") from None
    return _value(row)


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
