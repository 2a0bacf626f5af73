"""``sentry member``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import click

from sentry.auth.roles import Role
from sentry.runner.base import (
    PlatformCommand,
    examples,
    find_organization,
    json_option,
    organization_option,
)
from sentry.runner.output import show_created, show_list


@click.group(
    epilog=examples("sentry member add --organization acme --user me@example.com --role owner")
)
def member() -> None:
    """Add and list members of an organization."""


@member.command(
    "add",
    cls=PlatformCommand,
    epilog=examples(
        "sentry member add --organization acme --user me@example.com --role admin --team backend"
    ),
)
@organization_option
@click.option("--user", required=True, metavar="NAME", help="The user's name or e-mail address.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.MEMBER.value,
    show_default=True,
    help="What the member may do.",
)
@click.option(
    "--team", "teams", multiple=True, metavar="SLUG", help="A team to join; may be repeated."
)
@json_option
def add(*, organization: str, user: str, role: str, teams: tuple[str, ...], as_json: bool) -> None:
    """Make a user a member of the organization."""
    from sentry.actions.members import add_member
    from sentry.actions.users import get_user

    owner = find_organization(organization)
    person = get_user(user)
    made = add_member(organization_id=owner.id, user_id=person.id, role=Role(role), teams=teams)
    text = f"added {person.username} to {owner.slug} as {made.role} (id {made.id})"
    show_created(made, text, as_json=as_json)


@member.command(
    "list", cls=PlatformCommand, epilog=examples("sentry member list --organization acme")
)
@organization_option
@json_option
def list_all(*, organization: str, as_json: bool) -> None:
    """List the organization's members, by user id."""
    from sentry.actions.members import list_members

    owner = find_organization(organization)
    members = list_members(organization_id=owner.id)
    show_list(members, ["id", "user_id", "role", "teams"], as_json=as_json)
