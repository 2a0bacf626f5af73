"""``sentry createuser``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import sys
from pathlib import Path

import click

from sentry.runner.base import PlatformCommand, examples, json_option
from sentry.runner.output import show_created
from sentry.runner.secret_files import EXISTING_FILE, read_secret


def _password(file: Path | None, *, stdin: bool) -> str:
    given = read_secret(what="password", file=file, stdin=stdin)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise click.UsageError("without a terminal, give --password-file or --password-stdin")
    prompted: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return prompted


@click.command(
    cls=PlatformCommand,
    epilog=examples(
        "sentry createuser --email me@example.com --superuser",
        "sentry createuser --email me@example.com --password-stdin < password.txt",
    ),
)
@click.option("--email", required=True, metavar="ADDRESS", help="The user's e-mail address.")
@click.option("--username", metavar="NAME", help="The user name; the address where not given.")
@click.option("--superuser", is_flag=True, help="May do everything on this platform.")
@click.option("--staff", is_flag=True, help="May use the operators' pages.")
@click.option("--password-file", type=EXISTING_FILE, help="A file that holds the password.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@json_option
def createuser(
    *,
    email: str,
    username: str | None,
    superuser: bool,
    staff: bool,
    password_file: Path | None,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Create a user. The password is asked for without echo, or read from a file or stdin."""
    from sentry.actions.users import create_user

    user = create_user(
        email=email,
        username=username,
        password=_password(password_file, stdin=password_stdin),
        is_staff=staff,
        is_superuser=superuser,
    )
    show_created(user, f"created user {user.username} (id {user.id})", as_json=as_json)
