"""``sentry run``."""
# ruff: noqa: PLC0415 - Django is loaded when a command runs, not for --help

import os

import click

from sentry.runner import configure
from sentry.runner.base import examples
from sentry.utils.metrics_folder import metrics_folder


@click.group(epilog=examples("sentry run web"))
def run() -> None:
    """Run one of the platform's services in the foreground."""


@run.command(
    "web",
    epilog=examples(
        "sentry run web", "sentry run web --host 0.0.0.0 --port 9000 --workers 2 --threads 8"
    ),
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen."
)
@click.option(
    "--port",
    default=9000,
    show_default=True,
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Where to listen; 0 picks a free port.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Threads per process; SENTRY_WEB_THREADS (4) where not given.",
)
@click.option(
    "--server",
    type=click.Choice(["granian", "gunicorn"]),
    default="granian",
    show_default=True,
    help="The WSGI server.",
)
def web(*, host: str, port: int, workers: int, threads: int | None, server: str) -> None:
    """Serve the REST and gRPC-Web interfaces.

    Prints one line with the URL when it listens. On SIGTERM it stops to accept, finishes what it
    has begun, and ends. A worker that ends by itself is replaced.
    """
    serve(host=host, port=port, workers=workers, threads=threads, server=server)


def serve(
    *,
    host: str,
    port: int,
    workers: int = 1,
    threads: int | None = None,
    server: str = "granian",
    reload: bool = False,
) -> None:
    """Runs the web server in this process until it is told to stop.

    Raises:
        ImproperlyConfigured: a setting is wrong.
        click.ClickException: the address is taken.
    """
    if threads is not None:
        # The workers read it from there, and make as many database connections as they need.
        os.environ["SENTRY_WEB_THREADS"] = str(threads)
    with metrics_folder():
        configure()
        from django.conf import settings

        from sentry.runner.server import ServerConfig, serve_granian, serve_gunicorn

        config = ServerConfig(
            host=host, port=port, workers=workers, threads=settings.WEB_THREADS, reload=reload
        )
        if server == "granian":
            serve_granian(config)
        else:
            serve_gunicorn(config)  # it becomes gunicorn, which removes the folder
