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
@click.option(
    "--tasks/--no-tasks",
    default=True,
    show_default=True,
    help="Run background work in a process beside it, where no broker is configured.",
)
def web(
    *, host: str, port: int, workers: int, threads: int | None, server: str, tasks: bool
) -> None:
    """Serve the REST and gRPC-Web interfaces.

    Prints one line with the URL when it listens. On SIGTERM it stops to accept, finishes what it
    has begun, and ends. A worker that ends by itself is replaced.
    """
    serve(
        host=host,
        port=port,
        workers=workers,
        threads=threads,
        server=server,
        runners=int(tasks),
    )


def serve(
    *,
    host: str,
    port: int,
    workers: int = 1,
    threads: int | None = None,
    server: str = "granian",
    reload: bool = False,
    runners: int = 0,
) -> None:
    """Runs the web server in this process until it is told to stop.

    Where no broker is configured, ``runners`` processes beside it run background work.

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
        from sentry.runner.supervisor import supervised
        from sentry.taskqueue import messenger

        messenger.check()
        config = ServerConfig(
            host=host, port=port, workers=workers, threads=settings.WEB_THREADS, reload=reload
        )
        kept = 0 if messenger.has_broker() else runners
        if server == "gunicorn":
            serve_gunicorn(config, runners=kept)  # it becomes gunicorn, which removes the folder
        with supervised(kept):
            serve_granian(config)


_queue_option = click.option(
    "--queue",
    "queues",
    multiple=True,
    metavar="NAME",
    help="Only tasks of this queue; may be repeated.",
)


@run.command("worker", epilog=examples("sentry run worker", "sentry run worker --queue deletion"))
@_queue_option
@click.option(
    "--concurrency",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    metavar="N",
    help="Tasks that run at the same time; without a broker it is 1.",
)
def worker(*, queues: tuple[str, ...], concurrency: int) -> None:
    """Run background work: Celery's worker, or without a broker the embedded runner.

    On SIGTERM it takes up nothing more, finishes what it has begun, and ends.
    """
    configure()
    from django.conf import settings

    from sentry.runner.embedded import known_queues, run_embedded, run_worker

    chosen = known_queues(queues) if queues else None
    if settings.TASK_BROKER != "EMBEDDED":
        run_worker(queues=chosen, concurrency=concurrency)
    elif concurrency > 1:
        raise click.UsageError("--concurrency: the embedded runner is one; start several workers")
    else:
        run_embedded(queues=chosen)


@run.command("beat", epilog=examples("sentry run beat"))
def beat() -> None:
    """Start the tasks of the schedule, and send the messages of tasks that have none.

    Needed beside `sentry run worker` where a broker is configured; of several, one leads.
    """
    from sentry.runner.embedded import run_beat

    run_beat()
