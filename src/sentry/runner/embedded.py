"""Runs background work in the foreground: ``python -m sentry.runner.embedded``, ``sentry run …``.

The embedded runner looks for due rows itself; a worker and the beat need a broker.
"""
# ruff: noqa: PLC0415 - Django is loaded when it runs, after configure()

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

import click

from sentry.runner import configure
from sentry.runner.journal import Journal

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


def run_embedded(*, queues: Sequence[str] | None = None, journal: Journal | None = None) -> None:
    """Runs due records and the schedule until SIGTERM, SIGINT, or the end of the parent.

    A task that ignores its time limit ends the process, with status 1, some seconds later; whoever
    started it starts it again. ``journal`` is where the supervisor reads what runs.
    """
    configure()
    from sentry.taskqueue.embedded import EmbeddedRunner
    from sentry.taskqueue.limits import killed_when_stuck
    from sentry.taskqueue.scheduler import Scheduler
    from sentry.tasks.schedule import SCHEDULE

    @contextmanager
    def around(record_id: int, time_limit: float) -> Iterator[None]:
        with (
            killed_when_stuck(time_limit),
            nullcontext() if journal is None else journal.running(record_id),
        ):
            yield

    parent = os.getppid()
    runner = EmbeddedRunner(
        queues=queues,
        scheduler=Scheduler(SCHEDULE),
        may_go_on=lambda: os.getppid() == parent,
        around=around,
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
        SystemExit: with status 1 where it ended by itself; Celery's log says why.
        ImproperlyConfigured: the broker has no address, or refuses what is configured.
    """
    configure()
    from sentry.runner.database import close_connections
    from sentry.taskqueue import broker, messenger, registry

    messenger.check()
    names = registry.queues() if queues is None else queues
    # The processes are forked from here: a connection must not be shared with them.
    close_connections()
    broker.work(names, concurrency=concurrency)


def main() -> None:
    """The program: the argument, which may be missing, is the open file of the journal."""
    run_embedded(journal=Journal(int(sys.argv[1])) if len(sys.argv) > 1 else None)


if __name__ == "__main__":
    main()
