"""``sentry team``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import click

from sentry.runner.base import (
    PlatformCommand,
    examples,
    find_organization,
    json_option,
    organization_option,
)
from sentry.runner.output import show_created, show_list


@click.group(epilog=examples("sentry team create --organization acme Backend"))
def team() -> None:
    """Create and list teams."""


@team.command(
    "create",
    cls=PlatformCommand,
    epilog=examples("sentry team create --organization acme Backend --slug backend"),
)
@organization_option
@click.argument("name")
@click.option("--slug", metavar="SLUG", help="Its name in URLs; made of NAME where not given.")
@json_option
def create(*, organization: str, name: str, slug: str | None, as_json: bool) -> None:
    """Create a team called NAME."""
    from sentry.actions.teams import create_team

    owner = find_organization(organization)
    made = create_team(organization_id=owner.id, name=name, slug=slug)
    show_created(made, f"created team {made.slug} (id {made.id})", as_json=as_json)


@team.command("list", cls=PlatformCommand, epilog=examples("sentry team list --organization acme"))
@organization_option
@json_option
def list_all(*, organization: str, as_json: bool) -> None:
    """List the organization's teams, by slug."""
    from sentry.actions.teams import list_teams

    owner = find_organization(organization)
    show_list(list_teams(organization_id=owner.id), ["id", "slug", "name"], as_json=as_json)
