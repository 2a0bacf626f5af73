"""Projects of an organization."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from sentry import models
from sentry.actions.teams import get_team
from sentry.actions.validation import check_name, slug_for
from sentry.integrations.source_code_management.errors import (
    AlreadyExists,
    NotFound,
)
from sentry.integrations.source_code_management.validation import clean_text

NAME_LIMIT = 200
SLUG_LIMIT = 100
PLATFORM_LIMIT = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """One piece of running software. ``platform`` is empty where it is not known."""

    id: int
    organization_id: int
    slug: str
    name: str
    platform: str
    date_added: datetime


def to_project(row: models.Project) -> Project:
    return Project(
        id=row.id,
        organization_id=row.organization_id,
        slug=row.slug,
        name=row.name,
        platform=row.platform,
        date_added=row.date_added,
    )


def check_platform(platform: str) -> str:
    """The name of a platform, unchanged; may be empty.

    Raises:
        InvalidArgument: it is too long, or holds NUL or half a surrogate pair.
    """
    return clean_text("platform", platform, max_length=PLATFORM_LIMIT)


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
    checked = check_name("name", name, limit=NAME_LIMIT)
    chosen = slug_for(checked, slug, field="slug", limit=SLUG_LIMIT)
    check_platform(platform)
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
    return to_project(row)


def get_project(*, organization_id: int, slug: str) -> Project:
    """The organization's project with this slug. For the operator: no team is asked.

    Raises:
        NotFound: it has none.
    """
    row = models.Project.objects.filter(organization_id=organization_id, slug=slug).first()
    if row is None:
        raise NotFound(f"project {slug!r}")
    return to_project(row)


def list_projects(*, organization_id: int) -> list[Project]:
    """The organization's projects, by slug. For the operator: no team is asked."""
    rows = models.Project.objects.filter(organization_id=organization_id).order_by("slug")
    return [to_project(row) for row in rows]
