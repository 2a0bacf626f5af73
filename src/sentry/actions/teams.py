"""Teams of an organization."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Count

from sentry import models
from sentry.actions.pages import page_of
from sentry.actions.validation import check_name, check_slug, slug_for
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.errors import AlreadyExists, NotFound
from sentry.integrations.source_code_management.types import Page

NAME_LIMIT = 64
SLUG_LIMIT = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """A group of members of an organization."""

    id: int
    organization_id: int
    slug: str
    name: str


def to_team(row: models.Team) -> Team:
    """The row as a value."""
    return Team(id=row.id, organization_id=row.organization_id, slug=row.slug, name=row.name)


def create_team(*, organization_id: int, name: str, slug: str | None = None) -> Team:
    """Makes a team; without a slug, one is made of the name.

    Raises:
        InvalidArgument: the name or the slug is not acceptable.
        AlreadyExists: the organization has a team of this slug.
    """
    checked = check_name("name", name, limit=NAME_LIMIT)
    chosen = slug_for(checked, slug, field="slug", limit=SLUG_LIMIT)
    try:
        row = models.Team.objects.create(organization_id=organization_id, name=checked, slug=chosen)
    except IntegrityError:
        raise AlreadyExists(f"team {chosen}") from None
    return to_team(row)


def get_team(*, organization_id: int, slug: str) -> Team:
    """The organization's team with this slug.

    Raises:
        NotFound: it has none.
    """
    row = models.Team.objects.filter(organization_id=organization_id, slug=slug).first()
    if row is None:
        raise NotFound(f"team {slug!r}")
    return to_team(row)


def list_teams(*, organization_id: int) -> list[Team]:
    """The organization's teams, by slug."""
    rows = models.Team.objects.filter(organization_id=organization_id).order_by("slug")
    return [to_team(row) for row in rows]


def page_of_teams(caller: Caller, *, page_size: int = 0, page_token: str = "") -> Page[Team]:
    """The teams of the caller's organization, by slug; see ``sentry.actions.pages``.

    Raises:
        InvalidArgument: a size that can never be, or a token of another query.
    """
    return page_of(
        models.Team.objects.filter(organization_id=caller.organization_id),
        to_team,
        order="slug",
        bound=("teams", caller.organization_id),
        page_size=page_size,
        page_token=page_token,
    )


def page_of_project_teams(
    caller: Caller, project_id: int, *, page_size: int = 0, page_token: str = ""
) -> Page[Team]:
    """The teams that work on a project, which the caller must be able to see, by slug.

    Raises:
        InvalidArgument: a size that can never be, or a token of another query.
    """
    return page_of(
        models.Team.objects.filter(
            organization_id=caller.organization_id, projectteam__project_id=project_id
        ),
        to_team,
        order="slug",
        bound=("project-teams", caller.organization_id, project_id),
        page_size=page_size,
        page_token=page_token,
    )


def update_team(
    caller: Caller, *, team: str, name: str | None = None, slug: str | None = None
) -> Team:
    """Changes a team (named by its slug); None leaves a value as it is.

    Raises:
        InvalidArgument: the name or the slug is not acceptable.
        NotFound: the organization has no such team.
        AlreadyExists: the slug is taken.
    """
    row = models.Team.objects.filter(organization_id=caller.organization_id, slug=team).first()
    if row is None:
        raise NotFound("team")
    if name is not None:
        row.name = check_name("name", name, limit=NAME_LIMIT)
    if slug is not None:
        row.slug = check_slug("slug", slug, limit=SLUG_LIMIT)
    try:
        with transaction.atomic():
            row.save(update_fields=["name", "slug"])
    except IntegrityError:
        raise AlreadyExists(f"team {row.slug}") from None
    return to_team(row)


def delete_team(caller: Caller, *, team: str) -> None:
    """Deletes a team; its members and projects stay, without it.

    Raises:
        NotFound: the organization has no such team.
    """
    row = models.Team.objects.filter(organization_id=caller.organization_id, slug=team).first()
    if row is None:
        raise NotFound("team")
    row.delete()


def member_counts(caller: Caller, team_ids: Iterable[int]) -> dict[int, int]:
    """How many members these teams of the organization have, by team; one query."""
    rows = models.OrganizationMemberTeam.objects.filter(
        team_id__in=list(team_ids), team__organization_id=caller.organization_id
    )
    return dict(rows.order_by().values_list("team_id").annotate(Count("id")))


def teams_of_caller(caller: Caller) -> set[int]:
    """The ids of the teams that the caller's user is a member of; one query, none for a program."""
    if caller.user_id is None:
        return set()
    rows = models.OrganizationMemberTeam.objects.filter(
        organizationmember__organization_id=caller.organization_id,
        organizationmember__user_id=caller.user_id,
    )
    return set(rows.values_list("team_id", flat=True))
