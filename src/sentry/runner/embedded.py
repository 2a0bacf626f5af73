"""Runs background work in the foreground: ``python -m sentry.runner.embedded``, ``sentry run …``.

The embedded runner looks for due rows itself; a worker and the beat need a broker.
"""
# ruff: noqa: PLC0415 - Django is loaded when it runs, after configure()

import os
import signal
from collections.abc import Callable, Sequence

import click

from sentry.runner import configure

_TICK = 1.0


def on_stop(stop: Callable[[], None]) -> None:
    """Calls ``stop`` at SIGTERM and SIGINT, instead of ending the process."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())


def known_queues(names: Sequence[str]) -> list[str]:
    """The names, unchanged.

    Raises:
        click.UsageError: no task has one of these queues.
    """
    from sentry.taskqueue import registry

    known = registry.queues()
    if unknown := sorted(set(names) - set(known)):
        raise click.UsageError(
            f"--queue: no task has the queue {', '.join(unknown)}; there are {', '.join(known)}"
        )
    return list(names)


def run_embedded(*, queues: Sequence[str] | None = None) -> None:
    """Runs due records and the schedule until SIGTERM, SIGINT, or the end of the parent."""
    configure()
    from sentry.taskqueue.embedded import EmbeddedRunner
    from sentry.taskqueue.scheduler import Scheduler
    from sentry.tasks.schedule import SCHEDULE

    parent = os.getppid()
    runner = EmbeddedRunner(
        queues=queues,
        scheduler=Scheduler(SCHEDULE),
        may_go_on=lambda: os.getppid() == parent,
    )
    on_stop(runner.stop)
    runner.run()


def run_beat() -> None:
    """Starts the schedule's tasks and sends lost messages again, until SIGTERM or SIGINT.

    Raises:
        ImproperlyConfigured: the broker has no address, or refuses what is configured.
    """
    configure()
    from sentry.taskqueue import messenger
    from sentry.taskqueue.loop import Loop
    from sentry.taskqueue.scheduler import Scheduler
    from sentry.tasks.schedule import SCHEDULE

    messenger.check()
    scheduler = Scheduler(SCHEDULE)

    def tick() -> float:
        scheduler.tick()
        return _TICK

    beat = Loop(tick)
    on_stop(beat.stop)
    beat.run(finish=scheduler.close)


def run_worker(*, queues: Sequence[str] | None, concurrency: int) -> None:
    """Runs Celery's worker for these queues (None: all) until SIGTERM or SIGINT.

    Raises:
        ImproperlyConfigured: the broker has no address, or refuses what is configured.
    """
    configure()
    from sentry.runner.database import close_connections
    from sentry.taskqueue import broker, messenger, registry

    messenger.check()

    names = registry.queues() if queues is None else queues
    app = broker.app()
    # The processes are forked from here: a connection must not be shared with them.
    close_connections()
    app.worker_main(
        [
            "worker",
            *("--queues", ",".join(broker.queue_of(name).name for name in names)),
            *("--concurrency", str(concurrency)),
            *("--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ]
    )


if __name__ == "__main__":
    run_embedded()
