"""``sentry apikey``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

from pathlib import Path

import click

from sentry.runner.base import (
    PlatformCommand,
    RowId,
    examples,
    find_organization,
    json_option,
    organization_option,
)
from sentry.runner.credential_output import COLUMNS, hand_over, split_scopes
from sentry.runner.output import show_list
from sentry.runner.secret_files import NEW_FILE


@click.group(epilog=examples("sentry apikey create --organization acme --scope repository:read"))
def apikey() -> None:
    """Create, list and revoke API keys: credentials of programs, bound to one organization."""


@apikey.command(
    "create",
    cls=PlatformCommand,
    epilog=examples(
        "sentry apikey create --organization acme --label ci --scope repository:read",
        "sentry apikey create --organization acme --scopes repository:read,event:write"
        " --token-file ci.key",
    ),
)
@organization_option
@click.option("--label", default="", metavar="TEXT", help="What to call it.")
@click.option("--scope", "scope", multiple=True, help="What it may do; may be repeated.")
@click.option("--scopes", metavar="A,B", help="Several scopes, split at commas.")
@click.option("--token-file", type=NEW_FILE, help="A new file (mode 600) for the key.")
@json_option
def create(
    *,
    organization: str,
    label: str,
    scope: tuple[str, ...],
    scopes: str | None,
    token_file: Path | None,
    as_json: bool,
) -> None:
    """Create an API key. It is shown once, or written to a file, and cannot be read again."""
    from sentry.actions.credentials import create_api_key

    owner = find_organization(organization)
    wanted = split_scopes(scope, scopes)
    hand_over(
        lambda: create_api_key(organization_id=owner.id, scopes=wanted, label=label),
        what="API key",
        file=token_file,
        as_json=as_json,
    )


@apikey.command(
    "list", cls=PlatformCommand, epilog=examples("sentry apikey list --organization acme")
)
@organization_option
@json_option
def list_all(*, organization: str, as_json: bool) -> None:
    """List the organization's API keys, revoked ones too; the keys themselves are not kept."""
    from sentry.actions.credentials import list_api_keys

    owner = find_organization(organization)
    show_list(list_api_keys(organization_id=owner.id), COLUMNS, as_json=as_json)


@apikey.command(
    "revoke", cls=PlatformCommand, epilog=examples("sentry apikey revoke 3 --organization acme")
)
@click.argument("number", metavar="ID", type=RowId())
@organization_option
def revoke(*, number: int, organization: str) -> None:
    """Revoke the API key with this ID: it is refused from then on."""
    from sentry.actions.credentials import revoke_api_key

    owner = find_organization(organization)
    revoke_api_key(organization_id=owner.id, api_key_id=number)
    click.echo(f"revoked API key {number}")
