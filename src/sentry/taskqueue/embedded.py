"""Runs records without a broker: looks for due rows, one at a time, in the main thread."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from sentry import options
from sentry.taskqueue import records, registry, running
from sentry.taskqueue.loop import Loop
from sentry.taskqueue.scheduler import Scheduler

_ROWS_AT_ONCE = 50
_TICK_SECONDS = 1.0


def _forever() -> bool:
    return True


def _nothing(_record_id: int, _time_limit: float) -> AbstractContextManager[None]:
    return nullcontext()


class EmbeddedRunner:
    """Runs what is due until it is told to stop; then finishes what it has begun."""

    def __init__(
        self,
        *,
        queues: Sequence[str] | None = None,
        scheduler: Scheduler | None = None,
        may_go_on: Callable[[], bool] = _forever,
        around: Callable[[int, float], AbstractContextManager[None]] = _nothing,
    ) -> None:
        """Prepares a runner.

        Args:
            queues: only records of these; None: of all.
            scheduler: the schedule that it helps with; None: none.
            may_go_on: asked between records; False ends it, as ``stop`` does.
            around: entered around each run, with the record's id and the task's time limit.
        """
        self._queues = queues
        self._scheduler = scheduler
        self._loop = Loop(self._look, may_go_on=may_go_on)
        self._around = around
        self._next_tick = 0.0

    def stop(self) -> None:
        """Ends the runner after the record at hand. May be called by a signal's handler."""
        self._loop.stop()

    def run(self) -> None:
        """Runs records until it is stopped. A database that fails is asked again after a pause."""
        self._loop.run(finish=None if self._scheduler is None else self._scheduler.close)

    def _look(self) -> float:
        return 0.0 if self.step() else options.get_float("tasks.poll-interval")

    def step(self) -> int:
        """Does what is due now: the schedule, then some records; how many were run."""
        if self._scheduler is not None and time.monotonic() >= self._next_tick:
            self._scheduler.tick()
            self._next_tick = time.monotonic() + _TICK_SECONDS
        done = 0
        for row in records.due(self._queues, limit=_ROWS_AT_ONCE):
            if not self._loop.goes_on():
                break
            with self._around(row.pk, registry.time_limit_of(row.name)):
                done += running.run_row(row)
        return done
