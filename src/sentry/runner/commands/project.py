"""``sentry project``."""
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


@click.group(epilog=examples("sentry project create --organization acme Shop"))
def project() -> None:
    """Create and list projects."""


@project.command(
    "create",
    cls=PlatformCommand,
    epilog=examples("sentry project create --organization acme Shop --platform python"),
)
@organization_option
@click.argument("name")
@click.option("--slug", metavar="SLUG", help="Its name in URLs; made of NAME where not given.")
@click.option("--platform", default="", metavar="NAME", help="What it is written in.")
@click.option("--team", metavar="SLUG", help="The team that works on it.")
@json_option
def create(
    *,
    organization: str,
    name: str,
    slug: str | None,
    platform: str,
    team: str | None,
    as_json: bool,
) -> None:
    """Create a project called NAME."""
    from sentry.actions.projects import create_project

    owner = find_organization(organization)
    made = create_project(
        organization_id=owner.id, name=name, slug=slug, platform=platform, team=team
    )
    show_created(made, f"created project {made.slug} (id {made.id})", as_json=as_json)


@project.command(
    "list", cls=PlatformCommand, epilog=examples("sentry project list --organization acme")
)
@organization_option
@json_option
def list_all(*, organization: str, as_json: bool) -> None:
    """List the organization's projects, by slug."""
    from sentry.actions.projects import list_projects

    owner = find_organization(organization)
    projects = list_projects(organization_id=owner.id)
    show_list(projects, ["id", "slug", "name", "platform"], as_json=as_json)
