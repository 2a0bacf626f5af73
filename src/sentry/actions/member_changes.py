"""What a caller does with the members of the organization.

Nobody gives a role above their own, nor acts on a member who has one; the last owner stays owner.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from sentry import models
from sentry.actions.grants import check_role
from sentry.actions.members import Member, add_member, to_member
from sentry.actions.pages import page_of
from sentry.actions.teams import get_team
from sentry.actions.users import get_user
from sentry.auth.caller import Caller
from sentry.auth.roles import Role
from sentry.integrations.source_code_management.errors import NotFound, PreconditionFailed
from sentry.integrations.source_code_management.types import Page


def page_of_members(caller: Caller, *, page_size: int = 0, page_token: str = "") -> Page[Member]:
    """The members of the caller's organization, by user id; see ``sentry.actions.pages``.

    Raises:
        InvalidArgument: a size that can never be, or a token of another query.
    """
    return page_of(
        _rows(caller).prefetch_related("teams"),
        to_member,
        order="user_id",
        bound=("members", caller.organization_id),
        page_size=page_size,
        page_token=page_token,
    )


def get_member(caller: Caller, *, member_id: int) -> Member:
    """One member of the caller's organization.

    Raises:
        NotFound: there is none.
    """
    return to_member(_row(caller, member_id))


def own_membership(caller: Caller) -> Member:
    """The membership of the caller's own user.

    Raises:
        NotFound: the caller is a program.
    """
    row = _rows(caller).filter(user_id=caller.user_id).first() if caller.user_id else None
    if row is None:
        raise NotFound("member")
    return to_member(row)


def admit_member(caller: Caller, *, user: str, role: Role, teams: Sequence[str] = ()) -> Member:
    """Makes a user (user name or address) a member, of these teams (slugs) too.

    Raises:
        PermissionDenied: the role is above the caller's own.
        NotFound: there is no such user or team.
        InvalidArgument: several users have this address.
        AlreadyExists: the user is a member.
    """
    check_role(caller, role)
    return add_member(
        organization_id=caller.organization_id, user_id=get_user(user).id, role=role, teams=teams
    )


def update_member(
    caller: Caller,
    *,
    member_id: int,
    role: Role | None = None,
    teams: Sequence[str] | None = None,
) -> Member:
    """Changes a member's role, or puts them into exactly these teams (slugs); None changes nothing.

    Raises:
        PermissionDenied: the old or the new role is above the caller's own.
        NotFound: there is no such member or team.
        PreconditionFailed: the last owner would be none.
    """
    with transaction.atomic():
        row = _row(caller, member_id)
        check_role(caller, Role(row.role))
        if role is not None and role != row.role:
            check_role(caller, role)
            _check_another_owner(caller, row)
            row.role = role
            row.save(update_fields=["role"])
        if teams is not None:
            row.teams.set(
                [
                    get_team(organization_id=caller.organization_id, slug=slug).id
                    for slug in dict.fromkeys(teams)
                ]
            )
    return get_member(caller, member_id=member_id)


def remove_member(caller: Caller, *, member_id: int) -> None:
    """Ends a membership.

    Raises:
        PermissionDenied: the member's role is above the caller's own.
        NotFound: there is no such member.
        PreconditionFailed: it is the last owner.
    """
    with transaction.atomic():
        row = _row(caller, member_id)
        check_role(caller, Role(row.role))
        _end(caller, row)


def leave_organization(caller: Caller) -> None:
    """Ends the membership of the caller's own user.

    Raises:
        NotFound: the caller is a program.
        PreconditionFailed: it is the last owner.
    """
    with transaction.atomic():
        _end(caller, _row(caller, own_membership(caller).id))


def join_team(caller: Caller, *, member_id: int, team: str) -> Member:
    """Puts a member into a team (its slug); one who is in it already stays.

    Raises:
        PermissionDenied: it is another member, whose role is above the caller's own.
        NotFound: there is no such member or team.
    """
    row = _row_to_move(caller, member_id)
    found = get_team(organization_id=caller.organization_id, slug=team)
    models.OrganizationMemberTeam.objects.get_or_create(
        organizationmember_id=row.id, team_id=found.id
    )
    return get_member(caller, member_id=member_id)


def leave_team(caller: Caller, *, member_id: int, team: str) -> Member:
    """Takes a member out of a team (its slug).

    Raises:
        PermissionDenied: it is another member, whose role is above the caller's own.
        NotFound: there is no such member or team, or the member is not in it.
    """
    row = _row_to_move(caller, member_id)
    found = get_team(organization_id=caller.organization_id, slug=team)
    deleted, _ = models.OrganizationMemberTeam.objects.filter(
        organizationmember_id=row.id, team_id=found.id
    ).delete()
    if not deleted:
        raise NotFound("team")
    return get_member(caller, member_id=member_id)


def _rows(caller: Caller) -> QuerySet[models.OrganizationMember]:
    return models.OrganizationMember.objects.filter(organization_id=caller.organization_id)


def _row(caller: Caller, member_id: int) -> models.OrganizationMember:
    row = _rows(caller).filter(id=member_id).first()
    if row is None:
        raise NotFound("member")
    return row


def _row_to_move(caller: Caller, member_id: int) -> models.OrganizationMember:
    """A member whose teams the caller may change: oneself, or who has no role above theirs."""
    row = _row(caller, member_id)
    if row.user_id != caller.user_id:
        check_role(caller, Role(row.role))
    return row


def _end(caller: Caller, row: models.OrganizationMember) -> None:
    _check_another_owner(caller, row)
    row.delete()


def _check_another_owner(caller: Caller, row: models.OrganizationMember) -> None:
    """Locks the organization's owners: of two who leave at once the second one stays."""
    owners = _rows(caller).filter(role=Role.OWNER).select_for_update()
    if set(owners.values_list("id", flat=True)) == {row.id}:
        raise PreconditionFailed("the last owner of an organization cannot leave or be demoted")
