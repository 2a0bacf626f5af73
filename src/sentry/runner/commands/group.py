"""``sentry group``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import click

from sentry.runner.base import (
    PlatformCommand,
    examples,
    find_organization,
    json_option,
    organization_option,
)
from sentry.runner.output import show_created


@click.group(
    epilog=examples("sentry group create --organization acme --project shop 'KeyError: price'")
)
def group() -> None:
    """Create issue groups."""


@group.command(
    "create",
    cls=PlatformCommand,
    epilog=examples("sentry group create --organization acme --project shop 'KeyError: price'"),
)
@organization_option
@click.option("--project", required=True, metavar="SLUG", help="The project's slug.")
@click.argument("title")
@json_option
def create(*, organization: str, project: str, title: str, as_json: bool) -> None:
    """Create an issue group with this TITLE."""
    from sentry.actions.groups import create_group

    owner = find_organization(organization)
    made = create_group(organization_id=owner.id, project=project, title=title)
    show_created(made, f"created issue group {made.id}", as_json=as_json)
