"""Projects of an organization."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from sentry import models
from sentry.actions.teams import get_team
from sentry.actions.validation import check_name, slug_for
from sentry.integrations.source_code_management.errors import (
    AlreadyExists,
    InvalidArgument,
    NotFound,
)

_NAME_LIMIT = 200
_SLUG_LIMIT = 100
_PLATFORM_LIMIT = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """One piece of running software. ``platform`` is empty where it is not known."""

    id: int
    organization_id: int
    slug: str
    name: str
    platform: str
    date_added: datetime


def _value(row: models.Project) -> Project:
    return Project(
        id=row.id,
        organization_id=row.organization_id,
        slug=row.slug,
        name=row.name,
        platform=row.platform,
        date_added=row.date_added,
    )


def create_project(
    *,
    organization_id: int,
    name: str,
    slug: str | None = None,
    platform: str = "",
    team: str | None = None,
) -> Project:
    """Makes a project and gives a team (its slug) access to it. Both happen, or neither.

    Raises:
        InvalidArgument: the name, the slug or the platform is not acceptable.
        NotFound: the organization has no such team.
        AlreadyExists: the organization has a project of this slug.
    """
    checked = check_name("name", name, limit=_NAME_LIMIT)
    chosen = slug_for(checked, slug, field="slug", limit=_SLUG_LIMIT)
    if len(platform) > _PLATFORM_LIMIT:
        raise InvalidArgument("platform", f"must have at most {_PLATFORM_LIMIT} characters")
    found = None if team is None else get_team(organization_id=organization_id, slug=team)
    with transaction.atomic():
        try:
            row = models.Project.objects.create(
                organization_id=organization_id, name=checked, slug=chosen, platform=platform
            )
        except IntegrityError:
            raise AlreadyExists(f"project {chosen}") from None
        if found is not None:
            models.ProjectTeam.objects.create(project=row, team_id=found.id)
    return _value(row)


def get_project(*, organization_id: int, slug: str) -> Project:
    """The organization's project with this slug. For the operator: no team is asked.

    Raises:
        NotFound: it has none.
    """
    row = models.Project.objects.filter(organization_id=organization_id, slug=slug).first()
    if row is None:
        raise NotFound(f"project {slug!r}")
    return _value(row)


def list_projects(*, organization_id: int) -> list[Project]:
    """The organization's projects, by slug. For the operator: no team is asked."""
    rows = models.Project.objects.filter(organization_id=organization_id).order_by("slug")
    return [_value(row) for row in rows]
