"""What a caller does with the projects that they see."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from sentry import models
from sentry.actions.access import sees_every_project, visible_projects
from sentry.actions.pages import page_of
from sentry.actions.projects import (
    NAME_LIMIT,
    SLUG_LIMIT,
    Project,
    check_platform,
    create_project,
    to_project,
)
from sentry.actions.teams import Team, get_team, teams_of_caller, to_team
from sentry.actions.validation import check_name, check_slug
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.errors import (
    AlreadyExists,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import Page


def page_of_projects(caller: Caller, *, page_size: int = 0, page_token: str = "") -> Page[Project]:
    """The projects that the caller sees, by slug; see ``sentry.actions.pages``.

    Raises:
        InvalidArgument: a size that can never be, or a token of another query.
    """
    return page_of(
        visible_projects(caller),
        to_project,
        order="slug",
        bound=("projects", caller.organization_id, caller.user_id),
        page_size=page_size,
        page_token=page_token,
    )


def start_project(
    caller: Caller,
    *,
    name: str,
    slug: str | None = None,
    platform: str = "",
    team: str | None = None,
) -> Project:
    """Makes a project in the caller's organization, which a team (its slug) may work on.

    Raises:
        InvalidArgument: a value is not acceptable; or the caller, who sees only projects of own
            teams, names none of these.
        NotFound: the organization has no such team.
        AlreadyExists: the slug is taken.
    """
    if not sees_every_project(caller):
        found = (
            None if team is None else get_team(organization_id=caller.organization_id, slug=team)
        )
        if found is None or found.id not in teams_of_caller(caller):
            raise InvalidArgument("team", "expected a team that you are a member of")
    return create_project(
        organization_id=caller.organization_id, name=name, slug=slug, platform=platform, team=team
    )


def get_visible_project(caller: Caller, *, project_id: int) -> Project:
    """A project that the caller sees.

    Raises:
        NotFound: there is none, or the caller does not see it.
    """
    return to_project(_row(caller, project_id))


def update_project(
    caller: Caller,
    *,
    project_id: int,
    name: str | None = None,
    slug: str | None = None,
    platform: str | None = None,
) -> Project:
    """Changes a project; None leaves a value as it is.

    Raises:
        InvalidArgument: a value is not acceptable.
        NotFound: there is none, or the caller does not see it.
        AlreadyExists: the slug is taken.
    """
    row = _row(caller, project_id)
    if name is not None:
        row.name = check_name("name", name, limit=NAME_LIMIT)
    if slug is not None:
        row.slug = check_slug("slug", slug, limit=SLUG_LIMIT)
    if platform is not None:
        row.platform = check_platform(platform)
    try:
        with transaction.atomic():
            row.save(update_fields=["name", "slug", "platform"])
    except IntegrityError:
        raise AlreadyExists(f"project {row.slug}") from None
    return to_project(row)


def delete_project(caller: Caller, *, project_id: int) -> None:
    """Deletes a project with its issue groups and code mappings, in one transaction.

    Raises:
        NotFound: there is none, or the caller does not see it.
    """
    row = _row(caller, project_id)
    with transaction.atomic():
        row.delete()


def give_project(caller: Caller, *, project_id: int, team: str) -> None:
    """Lets a team (its slug) work on a project; one that does already goes on.

    Raises:
        NotFound: no such project or team in the caller's organization.
    """
    row = _row(caller, project_id)
    found = get_team(organization_id=caller.organization_id, slug=team)
    models.ProjectTeam.objects.get_or_create(project_id=row.id, team_id=found.id)


def take_project(caller: Caller, *, project_id: int, team: str) -> None:
    """Ends a team's (its slug) work on a project.

    Raises:
        NotFound: no such project or team, or the team does not work on it.
    """
    row = _row(caller, project_id)
    found = get_team(organization_id=caller.organization_id, slug=team)
    deleted, _ = models.ProjectTeam.objects.filter(project_id=row.id, team_id=found.id).delete()
    if not deleted:
        raise NotFound("team")


def teams_of_projects(caller: Caller, project_ids: Iterable[int]) -> dict[int, list[Team]]:
    """The teams by project, by slug each; one query."""
    rows = models.ProjectTeam.objects.filter(
        project_id__in=list(project_ids), team__organization_id=caller.organization_id
    ).select_related("team")
    teams: dict[int, list[Team]] = {}
    for row in rows:
        teams.setdefault(row.project_id, []).append(to_team(row.team))
    return {key: sorted(found, key=lambda team: team.slug) for key, found in teams.items()}


def _row(caller: Caller, project_id: int) -> models.Project:
    row = visible_projects(caller).filter(id=project_id).first()
    if row is None:
        raise NotFound("project")
    return row
