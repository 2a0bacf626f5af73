"""``sentry devserver``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import click

from sentry.runner.base import PlatformCommand, examples
from sentry.runner.commands.run import serve
from sentry.utils.metrics_folder import metrics_folder


def _address(host: str, port: int, bind: str | None) -> tuple[str, int]:
    """The address of ``--bind``, else of the two other options.

    Raises:
        click.UsageError: it is none.
    """
    if bind is None:
        return host, port
    name, _, number = bind.rpartition(":")
    if not number.isascii() or not number.isdigit() or int(number) > 65535:  # noqa: PLR2004
        raise click.UsageError("--bind: expected ADDRESS:PORT")
    return name.strip("[]") or host, int(number)


def _prepare_database() -> None:
    from sentry.runner.database import (
        close_connections,
        migrate,
        pending_migrations,
        wait_for_database,
    )

    wait_for_database(0)
    pending = pending_migrations()
    if pending:
        migrate(interactive=False)
        click.echo(f"ran {len(pending)} migrations", err=True)
    # The workers are forked from here: a connection must not be shared with them.
    close_connections()


@click.command(
    cls=PlatformCommand,
    epilog=examples("sentry devserver", "sentry devserver --workers=0 --bind [::1]:8000"),
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=0),
    metavar="N",
    help="Embedded runners of background work; 0: the web server alone.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen."
)
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Where to listen; 0 picks a free port.",
)
@click.option("--bind", metavar="ADDRESS:PORT", help="Both at once, instead.")
@click.option("--reload", is_flag=True, help="Start again when the code changes (by gunicorn).")
def devserver(*, workers: int, host: str, port: int, bind: str | None, reload: bool) -> None:
    """Serve for development: bring the database up to date, then run the web server.

    Background work runs beside it; where a broker is configured, `sentry run worker` does it.
    """
    address, number = _address(host, port, bind)
    server = "gunicorn" if reload else "granian"
    with metrics_folder():  # before the migrations load what counts
        _prepare_database()
        serve(host=address, port=number, server=server, reload=reload, runners=workers)
