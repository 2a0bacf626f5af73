"""How a new credential is handed over: to a file of mode 600, or once on standard output."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentry.runner.output import as_data, show_json
from sentry.runner.secret_files import new_secret_file

if TYPE_CHECKING:
    from sentry.actions.credentials import NewCredential

COLUMNS = ["id", "label", "ending", "scopes", "active", "date_added"]


def split_scopes(repeated: tuple[str, ...], joined: str | None) -> list[str]:
    """The scopes of ``--scope`` and ``--scopes`` together."""
    return [*repeated, *(word.strip() for word in (joined or "").split(",") if word.strip())]


def hand_over(
    make: "Callable[[], NewCredential]", *, what: str, file: Path | None, as_json: bool
) -> None:
    """Makes a credential and hands its secret over.

    Without a file the secret is all that standard output gets, the rest goes to standard error, so
    that a shell can keep it: ``KEY=$(sentry apikey create …)``.
    """
    with new_secret_file(file) as write:
        made = make()
        if write is not None:
            write(made.secret)
    if as_json:
        where = {"token": made.secret} if file is None else {"token_file": str(file)}
        show_json({**as_data(made.credential), **where})
        return
    number = made.credential.id
    if file is None:
        click.echo(f"created {what} {number}; it is shown this once:", err=True)
        click.echo(made.secret)
    else:
        click.echo(f"created {what} {number}; it is in {file}")
