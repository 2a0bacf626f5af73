"""``sentry token``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentry.runner.base import PlatformCommand, RowId, examples, find_organization, json_option
from sentry.runner.credential_output import COLUMNS, hand_over, split_scopes
from sentry.runner.output import show_list
from sentry.runner.secret_files import NEW_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentry.actions.credentials import NewCredential
    from sentry.actions.users import User

_MOST_DAYS = 36_500


def _owner_options[F: "Callable[..., object]"](function: F) -> F:
    """Adds ``--kind`` and the two ways to name the token's owner."""
    decorators = (
        click.option("--user", metavar="NAME", help="The owner of user tokens."),
        click.option("--organization", metavar="SLUG", help="The owner of organization tokens."),
        click.option(
            "--kind",
            type=click.Choice(["organization", "user"]),
            default="organization",
            show_default=True,
            help="Whose tokens.",
        ),
    )
    for decorate in decorators:
        function = decorate(function)
    return function


def _owner(kind: str, organization: str | None, user: str | None) -> str:
    """The name of the owner that this kind of token has.

    Raises:
        click.UsageError: it is missing, or the other kind's was given.
    """
    given, other = (organization, user) if kind == "organization" else (user, organization)
    if given is None or other is not None:
        raise click.UsageError(f"tokens of kind {kind} need --{kind}, and no other owner")
    return given


def _user(name: str) -> "User":
    from sentry.actions.users import get_user

    return get_user(name)


@click.group(epilog=examples("sentry token create --organization acme --scope org:ci"))
def token() -> None:
    """Create, list and revoke tokens of organizations and of users."""


@token.command(
    "create",
    cls=PlatformCommand,
    epilog=examples(
        "sentry token create --organization acme --scope org:ci --token-file ci.token",
        "sentry token create --kind user --user me@example.com --scope repository:read"
        " --expires-days 30",
    ),
)
@_owner_options
@click.option("--name", default="", metavar="TEXT", help="What to call it.")
@click.option("--scope", "scope", multiple=True, help="What it may do; may be repeated.")
@click.option("--scopes", metavar="A,B", help="Several scopes, split at commas.")
@click.option(
    "--expires-days",
    type=click.IntRange(1, _MOST_DAYS),
    metavar="N",
    help="Days until a user token ends; without it, it does not.",
)
@click.option("--token-file", type=NEW_FILE, help="A new file (mode 600) for the token.")
@json_option
def create(
    *,
    kind: str,
    organization: str | None,
    user: str | None,
    name: str,
    scope: tuple[str, ...],
    scopes: str | None,
    expires_days: int | None,
    token_file: Path | None,
    as_json: bool,
) -> None:
    """Create a token. It is shown once, or written to a file, and cannot be read again."""
    owner = _owner(kind, organization, user)
    wanted = split_scopes(scope, scopes)
    if kind == "user":
        make = _for_user(owner, wanted, name, expires_days)
    elif expires_days is not None:
        raise click.UsageError("an organization token does not expire: revoke it")
    else:
        make = _for_organization(owner, wanted, name)
    hand_over(make, what=f"{kind} token", file=token_file, as_json=as_json)


def _for_user(
    owner: str, scopes: Sequence[str], name: str, days: int | None
) -> "Callable[[], NewCredential]":
    from sentry.actions.credentials import create_user_token

    user = _user(owner)
    end = None if days is None else datetime.now(tz=UTC) + timedelta(days=days)
    return lambda: create_user_token(user_id=user.id, scopes=scopes, name=name, expires_at=end)


def _for_organization(
    owner: str, scopes: Sequence[str], name: str
) -> "Callable[[], NewCredential]":
    from sentry.actions.credentials import create_organization_token

    organization = find_organization(owner)
    return lambda: create_organization_token(
        organization_id=organization.id,
        organization_slug=organization.slug,
        scopes=scopes,
        name=name,
    )


@token.command(
    "list",
    cls=PlatformCommand,
    epilog=examples(
        "sentry token list --organization acme",
        "sentry token list --kind user --user me@example.com",
    ),
)
@_owner_options
@json_option
def list_all(*, kind: str, organization: str | None, user: str | None, as_json: bool) -> None:
    """List the tokens of an organization or of a user; the tokens themselves are not kept."""
    from sentry.actions.credentials import list_organization_tokens, list_user_tokens

    owner = _owner(kind, organization, user)
    if kind == "user":
        found = list_user_tokens(user_id=_user(owner).id)
    else:
        found = list_organization_tokens(organization_id=find_organization(owner).id)
    show_list(found, [*COLUMNS, "expires_at"], as_json=as_json)


@token.command(
    "revoke", cls=PlatformCommand, epilog=examples("sentry token revoke 3 --organization acme")
)
@click.argument("number", metavar="ID", type=RowId())
@_owner_options
def revoke(*, number: int, kind: str, organization: str | None, user: str | None) -> None:
    """Revoke the token with this ID: it is refused from then on."""
    from sentry.actions.credentials import revoke_organization_token, revoke_user_token

    owner = _owner(kind, organization, user)
    if kind == "user":
        revoke_user_token(user_id=_user(owner).id, token_id=number)
    else:
        found = find_organization(owner)
        revoke_organization_token(organization_id=found.id, token_id=number)
    click.echo(f"revoked {kind} token {number}")
