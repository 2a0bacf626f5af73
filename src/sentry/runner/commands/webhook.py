"""``sentry webhook``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentry.runner.base import (
    PlatformCommand,
    RowId,
    examples,
    json_option,
    operator_of,
    organization_option,
)
from sentry.runner.output import show_json, show_list
from sentry.runner.secret_files import EXISTING_FILE, NEW_FILE, new_secret_file, read_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sentry.integrations.source_code_management.actions.webhook_registration import (
        Registration,
    )

_REGISTRATION_COLUMNS = ["repository_id", "name", "webhook_id", "problem"]


@click.group(epilog=examples("sentry webhook register --organization acme --integration 1"))
def webhook() -> None:
    """Have hosts tell of pushes and pull requests, and see what could not be handled."""


def _integration_option[F: "Callable[..., object]"](function: F) -> F:
    """Adds ``--organization`` and ``--integration``, which are needed."""
    integration = click.option(
        "--integration",
        "integration_id",
        required=True,
        type=RowId(),
        metavar="ID",
        help="The integration whose host delivers.",
    )
    return organization_option(integration(function))


@webhook.command(
    "secret",
    cls=PlatformCommand,
    epilog=examples(
        "sentry webhook secret --organization acme --integration 1 --output-file hook.secret",
        "sentry webhook secret --organization acme --integration 1 --secret-file app.secret",
    ),
)
@_integration_option
@click.option("--secret-file", type=EXISTING_FILE, help="A file with a secret that the host has.")
@click.option("--secret-stdin", is_flag=True, help="Read such a secret from standard input.")
@click.option("--output-file", type=NEW_FILE, help="A new file (mode 600) for the secret.")
@json_option
def secret(
    *,
    organization: str,
    integration_id: int,
    secret_file: Path | None,
    secret_stdin: bool,
    output_file: Path | None,
    as_json: bool,
) -> None:
    """Give an integration a new webhook secret: made here, or one that the host has already.

    It signs new registrations; older secrets go on to verify until they are forgotten. One that is
    made here is shown once, or written to a file. Where to deliver goes to standard error.
    """
    from sentry.integrations.source_code_management.actions.webhook_secrets import (
        add_webhook_secret,
        webhook_address,
    )

    given = read_secret(what="secret", file=secret_file, stdin=secret_stdin)
    caller = operator_of(organization)
    with new_secret_file(output_file) as write:
        made = add_webhook_secret(caller, integration_id=integration_id, secret=given or "")
        if write is not None:
            write(made)
    address = webhook_address(caller, integration_id=integration_id)
    is_shown = given is None and output_file is None
    if as_json:
        show_json({"url": address} | ({"secret": made} if is_shown else {}))
        return
    click.echo(f"deliver to {address}", err=True)
    click.echo(made if is_shown else f"integration {integration_id} has a new webhook secret")


@webhook.command(
    "forget-old",
    cls=PlatformCommand,
    epilog=examples("sentry webhook forget-old --organization acme --integration 1"),
)
@_integration_option
def forget_old(*, organization: str, integration_id: int) -> None:
    """Forget all webhook secrets of an integration but the newest: the end of a rotation."""
    from sentry.integrations.source_code_management.actions.webhook_secrets import (
        forget_old_webhook_secrets,
    )

    count = forget_old_webhook_secrets(operator_of(organization), integration_id=integration_id)
    click.echo(f"forgot {count} older secrets")


@webhook.command(
    "register",
    cls=PlatformCommand,
    epilog=examples("sentry webhook register --organization acme --integration 1"),
)
@_integration_option
@json_option
def register(*, organization: str, integration_id: int, as_json: bool) -> None:
    """Register webhooks for all active repositories of an integration, or bring them up to date.

    Needs the option system.url-prefix. Exits with 1 where the host did not take some of them.
    """
    from sentry.integrations.source_code_management.actions.webhook_registration import (
        register_webhooks,
    )

    caller = operator_of(organization)
    _show(register_webhooks(caller, integration_id=integration_id), as_json=as_json)


@webhook.command(
    "unregister",
    cls=PlatformCommand,
    epilog=examples("sentry webhook unregister --organization acme --integration 1"),
)
@_integration_option
@json_option
def unregister(*, organization: str, integration_id: int, as_json: bool) -> None:
    """End the webhooks that were registered for an integration's repositories."""
    from sentry.integrations.source_code_management.actions.webhook_registration import (
        unregister_webhooks,
    )

    caller = operator_of(organization)
    _show(unregister_webhooks(caller, integration_id=integration_id), as_json=as_json)


def _show(found: "Iterator[Registration]", *, as_json: bool) -> None:
    told = list(found)
    show_list(told, _REGISTRATION_COLUMNS, as_json=as_json)
    failed = sum(bool(each.problem) for each in told)
    if failed:
        raise click.ClickException(f"{failed} of {len(told)} repositories are not as wanted")


@webhook.command(
    "list",
    cls=PlatformCommand,
    epilog=examples("sentry webhook list --organization acme --integration 1 --state pending"),
)
@_integration_option
@click.option(
    "--state",
    type=click.Choice(["dead", "pending", "done"]),
    default="dead",
    show_default=True,
    help="Only those in this state.",
)
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(1, 1000),
    metavar="N",
    help="At most so many.",
)
@json_option
def list_all(
    *, organization: str, integration_id: int, state: str, limit: int, as_json: bool
) -> None:
    """List an integration's deliveries, newest first: those that were given up, unless told."""
    from sentry.integrations.source_code_management.actions.webhook_deliveries import (
        list_deliveries,
    )

    found = list_deliveries(
        operator_of(organization), integration_id=integration_id, state=state, limit=limit
    )
    columns = ["id", "event", "delivery_id", "state", "attempts", "reason", "received_at"]
    show_list(found, columns, as_json=as_json)


@webhook.command(
    "retry",
    cls=PlatformCommand,
    epilog=examples(
        "sentry webhook retry 17 --organization acme --integration 1",
        "sentry webhook retry --all --organization acme --integration 1",
    ),
)
@click.argument("delivery_id", metavar="[ID]", required=False, type=RowId())
@_integration_option
@click.option("--all", "is_all", is_flag=True, help="All that were given up, instead of one ID.")
def retry(*, delivery_id: int | None, organization: str, integration_id: int, is_all: bool) -> None:
    """Handle a delivery anew that was given up, or all of an integration."""
    from sentry.integrations.source_code_management.actions.webhook_deliveries import (
        retry_deliveries,
    )

    if is_all is (delivery_id is not None):
        raise click.UsageError("give one ID, or --all")
    count = retry_deliveries(
        operator_of(organization), integration_id=integration_id, delivery=delivery_id
    )
    click.echo(f"started {count} deliveries anew")
