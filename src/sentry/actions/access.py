"""Which projects and organizations a caller may see. Ids from outside go through here."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from sentry.auth.caller import Caller
from sentry.auth.roles import sees_all_projects
from sentry.auth.services.credential import credential_service
from sentry.integrations.source_code_management.errors import NotFound
from sentry.models.organization import Organization
from sentry.models.organizationmember import OrganizationMemberTeam
from sentry.models.project import Project, ProjectTeam

_MAX_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectRef:
    """A project that the caller may see."""

    id: int
    organization_id: int
    slug: str
    name: str


def get_projects(
    caller: Caller,
    *,
    project_ids: Collection[int] | None = None,
    slugs: Collection[str] | None = None,
) -> list[ProjectRef]:
    """The projects with these ids or slugs, by slug; every visible one where neither is given.

    A credential of a program, a manager and an owner see every project of the organization; other
    members see those of their teams. One query.

    Raises:
        NotFound: one of them does not exist, or the caller may not see it.
    """
    rows = visible_projects(caller)
    if project_ids is not None:
        if not all(0 < project_id <= _MAX_ID for project_id in project_ids):
            raise NotFound("project")
        rows = rows.filter(id__in=set(project_ids))
    if slugs is not None:
        rows = rows.filter(slug__in=set(slugs))
    found = [_to_ref(row) for row in rows.order_by("slug")]
    missing_ids = set(project_ids or ()) - {project.id for project in found}
    if missing_ids or set(slugs or ()) - {project.slug for project in found}:
        raise NotFound("project")
    return found


def sees_every_project(caller: Caller) -> bool:
    """Whether no project of the organization is hidden from the caller."""
    return caller.user_id is None or (caller.role is not None and sees_all_projects(caller.role))


def visible_projects(caller: Caller) -> QuerySet[Project]:
    """The rows of the projects that the caller may see, for a further filter in the same query."""
    rows = Project.objects.filter(organization_id=caller.organization_id)
    if caller.user_id is None or sees_every_project(caller):
        return rows
    own_teams = OrganizationMemberTeam.objects.filter(
        organizationmember__organization_id=caller.organization_id,
        organizationmember__user_id=caller.user_id,
    ).values("team_id")
    return rows.filter(
        Exists(ProjectTeam.objects.filter(project_id=OuterRef("pk"), team_id__in=own_teams))
    )


def organization_of_user(
    user_id: int, *, slug: str = "", organization_id: int | None = None
) -> int | None:
    """The organization that a signed-in user acts in; None where there is none.

    It is the one of this slug or id, if the user is a member of it. Where neither is given, it is
    the user's first one.
    """
    if slug or organization_id is not None:
        rows = Organization.objects.filter(member_set__user_id=user_id)
        rows = rows.filter(slug=slug) if slug else rows.filter(id=organization_id or 0)
        return rows.values_list("id", flat=True).first()
    memberships = credential_service.first_memberships(user_id=user_id, limit=1)
    return memberships[0].organization_id if memberships else None


def organization_with_slug(slug: str) -> int | None:
    """The id behind a slug, whoever asks: only for finding out whether a caller belongs to it."""
    return Organization.objects.filter(slug=slug).values_list("id", flat=True).first()


def _to_ref(row: Project) -> ProjectRef:
    return ProjectRef(id=row.id, organization_id=row.organization_id, slug=row.slug, name=row.name)
