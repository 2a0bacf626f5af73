"""``sentry django``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import click

from sentry.runner.base import PlatformCommand, examples


@click.command(
    cls=PlatformCommand,
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    short_help="Run one of Django's own management commands.",
    epilog=examples("sentry django showmigrations", "sentry django shell"),
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def django(arguments: tuple[str, ...]) -> None:
    """Run one of Django's own management commands; all ARGUMENTS go to Django, --help too."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["sentry django", *arguments])
