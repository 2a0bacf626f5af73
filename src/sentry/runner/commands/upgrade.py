"""``sentry upgrade``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import click

from sentry.runner.base import PlatformCommand, examples


@click.command(
    cls=PlatformCommand, epilog=examples("sentry upgrade", "sentry upgrade --noinput --wait 60")
)
@click.option("--noinput", is_flag=True, help="Ask nothing.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a database that does not answer yet.",
)
def upgrade(*, noinput: bool, wait: float) -> None:
    """Bring the database up to date: run the migrations that are yet to run."""
    from sentry.runner.database import migrate, pending_migrations, wait_for_database

    wait_for_database(wait)
    pending = pending_migrations()
    for name in pending:
        click.echo(f"pending  {name}")
    migrate(interactive=not noinput)
    click.echo(f"ran {len(pending)} migrations" if pending else "the database is up to date")
