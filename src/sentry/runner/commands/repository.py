"""``sentry repository``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from sentry.integrations.source_code_management.types import ProviderKey, Repository
from sentry.runner.base import (
    PlatformCommand,
    RowId,
    examples,
    json_option,
    operator_of,
    organization_option,
)
from sentry.runner.output import show_created, show_list

if TYPE_CHECKING:
    from sentry.integrations.source_code_management.actions.sync import SyncResult


@click.group(epilog=examples("sentry repository sync --organization acme --integration 1"))
def repository() -> None:
    """Synchronize and list repositories."""


def _progress(result: "SyncResult") -> None:
    click.echo(_summary(result), err=True)


def _summary(result: "SyncResult") -> str:
    return (
        f"{result.created} created, {result.updated} updated, "
        f"{result.unchanged} unchanged, {result.skipped} skipped"
    )


@repository.command(
    "sync",
    cls=PlatformCommand,
    epilog=examples("sentry repository sync --organization acme --integration 1 --query shop"),
)
@organization_option
@click.option(
    "--integration",
    "integration_id",
    required=True,
    type=RowId(),
    metavar="ID",
    help="The integration to read from.",
)
@click.option("--query", default="", metavar="TEXT", help="Only names that contain this.")
@json_option
def sync(*, organization: str, integration_id: int, query: str, as_json: bool) -> None:
    """Read all repositories of an integration's host and store them.

    New ones become active; known ones keep their status. Progress goes to standard error.
    """
    from sentry.integrations.source_code_management.actions.sync import sync_repositories

    result = sync_repositories(
        operator_of(organization), integration_id=integration_id, query=query, on_page=_progress
    )
    show_created(result, _summary(result), as_json=as_json)


def _all(organization: str, provider: ProviderKey | None, query: str) -> Iterator[Repository]:
    from sentry.integrations.source_code_management.actions.repositories import list_repositories

    caller = operator_of(organization)
    token = ""
    while True:
        page = list_repositories(
            caller, provider=provider, query=query, page_size=1000, page_token=token
        )
        yield from page.items
        token = page.next_token
        if not token:
            return


@repository.command(
    "list",
    cls=PlatformCommand,
    epilog=examples("sentry repository list --organization acme --query shop --json"),
)
@organization_option
@click.option(
    "--provider",
    type=click.Choice([key.value for key in ProviderKey]),
    help="Only those on this kind of host.",
)
@click.option("--query", default="", metavar="TEXT", help="Only names that contain this.")
@json_option
def list_all(*, organization: str, provider: str | None, query: str, as_json: bool) -> None:
    """List the organization's active and disabled repositories, by name."""
    key = None if provider is None else ProviderKey(provider)
    columns = ["id", "name", "provider", "status", "integration_id", "url"]
    show_list(_all(organization, key, query), columns, as_json=as_json)
