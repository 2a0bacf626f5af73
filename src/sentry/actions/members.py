"""Members of an organization: users with a role."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from sentry import models
from sentry.actions.teams import get_team
from sentry.auth.roles import Role
from sentry.integrations.source_code_management.errors import AlreadyExists


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A user in an organization; ``teams`` are slugs."""

    id: int
    organization_id: int
    user_id: int
    role: Role
    teams: tuple[str, ...]


def add_member(
    *, organization_id: int, user_id: int, role: Role, teams: Sequence[str] = ()
) -> Member:
    """Makes a user a member, of these teams (slugs) too. All of it happens, or nothing.

    Raises:
        NotFound: the organization has no such team.
        AlreadyExists: the user is a member.
    """
    found = [get_team(organization_id=organization_id, slug=slug) for slug in dict.fromkeys(teams)]
    with transaction.atomic():
        try:
            row = models.OrganizationMember.objects.create(
                organization_id=organization_id, user_id=user_id, role=role
            )
        except IntegrityError:
            raise AlreadyExists("this member") from None
        for team in found:
            models.OrganizationMemberTeam.objects.create(organizationmember=row, team_id=team.id)
    return Member(
        id=row.id,
        organization_id=organization_id,
        user_id=user_id,
        role=role,
        teams=tuple(team.slug for team in found),
    )


def list_members(*, organization_id: int) -> list[Member]:
    """The organization's members, by user id. Two queries, however many they are."""
    rows = (
        models.OrganizationMember.objects.filter(organization_id=organization_id)
        .prefetch_related("teams")
        .order_by("user_id")
    )
    return [to_member(row) for row in rows]


def to_member(row: models.OrganizationMember) -> Member:
    """The row as a value; its teams should have been fetched for all rows at once."""
    return Member(
        id=row.id,
        organization_id=row.organization_id,
        user_id=row.user_id,
        role=Role(row.role),
        teams=tuple(sorted(team.slug for team in row.teams.all())),
    )
