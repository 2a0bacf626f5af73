"""``sentry organization``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import click

from sentry.runner.base import PlatformCommand, examples, json_option
from sentry.runner.output import show_created, show_list


@click.group(epilog=examples("sentry organization create Acme", "sentry organization list"))
def organization() -> None:
    """Create and list organizations."""


@organization.command(
    "create",
    cls=PlatformCommand,
    epilog=examples("sentry organization create 'Acme Inc.' --slug acme"),
)
@click.argument("name")
@click.option("--slug", metavar="SLUG", help="Its name in URLs; made of NAME where not given.")
@json_option
def create(*, name: str, slug: str | None, as_json: bool) -> None:
    """Create an organization called NAME."""
    from sentry.actions.organizations import create_organization

    made = create_organization(name=name, slug=slug)
    show_created(made, f"created organization {made.slug} (id {made.id})", as_json=as_json)


@organization.command(
    "list", cls=PlatformCommand, epilog=examples("sentry organization list --json")
)
@json_option
def list_all(*, as_json: bool) -> None:
    """List all organizations, by slug."""
    from sentry.actions.organizations import list_organizations

    show_list(list_organizations(), ["id", "slug", "name", "date_added"], as_json=as_json)
