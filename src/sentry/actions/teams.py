"""Teams of an organization."""

from dataclasses import dataclass

from django.db import IntegrityError

from sentry import models
from sentry.actions.validation import check_name, slug_for
from sentry.integrations.source_code_management.errors import AlreadyExists, NotFound

_NAME_LIMIT = 64
_SLUG_LIMIT = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """A group of members of an organization."""

    id: int
    organization_id: int
    slug: str
    name: str


def _value(row: models.Team) -> Team:
    return Team(id=row.id, organization_id=row.organization_id, slug=row.slug, name=row.name)


def create_team(*, organization_id: int, name: str, slug: str | None = None) -> Team:
    """Makes a team; without a slug, one is made of the name.

    Raises:
        InvalidArgument: the name or the slug is not acceptable.
        AlreadyExists: the organization has a team of this slug.
    """
    checked = check_name("name", name, limit=_NAME_LIMIT)
    chosen = slug_for(checked, slug, field="slug", limit=_SLUG_LIMIT)
    try:
        row = models.Team.objects.create(organization_id=organization_id, name=checked, slug=chosen)
    except IntegrityError:
        raise AlreadyExists(f"team {chosen}") from None
    return _value(row)


def get_team(*, organization_id: int, slug: str) -> Team:
    """The organization's team with this slug.

    Raises:
        NotFound: it has none.
    """
    row = models.Team.objects.filter(organization_id=organization_id, slug=slug).first()
    if row is None:
        raise NotFound(f"team {slug!r}")
    return _value(row)


def list_teams(*, organization_id: int) -> list[Team]:
    """The organization's teams, by slug."""
    rows = models.Team.objects.filter(organization_id=organization_id).order_by("slug")
    return [_value(row) for row in rows]
