"""``sentry config``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

from typing import IO

import click

from sentry.runner.base import PlatformCommand, examples, json_option
from sentry.runner.output import as_data, plain_text, show_created, show_json, show_list


@click.group(epilog=examples("sentry config list", "sentry config set auth.cache-ttl 2.5"))
def config() -> None:
    """Read and change options while the platform runs.

    A value comes from the environment, else from the database, else it is the default. Running
    processes see a change within options.refresh-interval (10 seconds).
    """


@config.command("list", cls=PlatformCommand, epilog=examples("sentry config list --json"))
@json_option
def list_all(*, as_json: bool) -> None:
    """List every option: its value, where that comes from, what it does."""
    from sentry.actions.options import list_options

    show_list(list_options(), ["name", "value", "source", "help"], as_json=as_json)


@config.command("get", cls=PlatformCommand, epilog=examples("sentry config get auth.cache-ttl"))
@click.argument("name")
@json_option
def get(*, name: str, as_json: bool) -> None:
    """Print the value of the option NAME, as "sentry config set" takes it."""
    from sentry.actions.options import get_option

    state = get_option(name)
    if as_json:
        show_json(as_data(state))
    else:
        click.echo(plain_text(state.value))


@config.command(
    "set",
    cls=PlatformCommand,
    epilog=examples(
        "sentry config set auth.cache-ttl 2.5",
        "sentry config set grpc.cors-origins --input-file origins.txt",
    ),
)
@click.argument("name")
@click.argument("value", required=False)
@click.option(
    "--input-file", type=click.File(), metavar="FILE", help="Read VALUE from here; - is stdin."
)
@json_option
def set_value(*, name: str, value: str | None, input_file: IO[str] | None, as_json: bool) -> None:
    """Store VALUE for the option NAME: numbers and booleans as in JSON, lists with commas."""
    from sentry.actions.operator import OPERATOR
    from sentry.actions.options import set_option

    if (value is None) == (input_file is None):
        raise click.UsageError("give the value as VALUE or by --input-file")
    text = input_file.read().strip() if input_file is not None else value or ""
    state = set_option(name, text, updated_by=OPERATOR)
    show_created(state, f"{name} is {plain_text(state.value)}", as_json=as_json)


@config.command(
    "delete", cls=PlatformCommand, epilog=examples("sentry config delete auth.cache-ttl")
)
@click.argument("name")
def delete(*, name: str) -> None:
    """Delete the stored value of the option NAME: its default holds again."""
    from sentry.actions.operator import OPERATOR
    from sentry.actions.options import delete_option

    if delete_option(name, updated_by=OPERATOR):
        click.echo(f"deleted the stored value of {name}")
    else:
        click.echo(f"{name} has no stored value")
