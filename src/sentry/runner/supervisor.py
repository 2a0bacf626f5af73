"""Keeps the embedded runner of background work alive: ``python -m sentry.runner.supervisor``.

A process of its own, small (nothing of Django is loaded), so that it works beside every web server,
one that replaces its starter's program too. It starts the runner anew when that ends, ends it
on SIGTERM, and follows its own parent when that is gone, however that ended.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE = 30.0
# How often the end of the parent is looked for, in seconds.
_LOOK = 0.5
_LONGEST_PAUSE = 30.0
_STEADY = 60.0


class Supervisor:
    """One runner, started again after a pause that grows while it keeps ending at once."""

    def __init__(self, parent: int) -> None:
        """Takes the process id that must stay the parent's."""
        self._parent = parent
        self._is_stopping = False

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """The signal handler."""
        self._is_stopping = True

    def run(self) -> None:
        """Returns when it was told to stop, or the parent has ended, and the runner has too."""
        pause = _LOOK
        while self._goes_on():
            began = time.monotonic()
            runner = subprocess.Popen([sys.executable, "-m", "sentry.runner.embedded"])
            self._watch(runner)
            if not self._goes_on():
                return
            pause = _LOOK if time.monotonic() - began > _STEADY else min(2 * pause, _LONGEST_PAUSE)
            print(  # noqa: T201 - logging is Django's here, and it is not loaded
                f"the runner of background work ended with status {runner.returncode};"
                f" it is started again in {pause:g} s",
                file=sys.stderr,
                flush=True,
            )
            self._wait(pause)

    def _watch(self, runner: "subprocess.Popen[bytes]") -> None:
        while self._goes_on():
            try:
                runner.wait(_LOOK)
            except subprocess.TimeoutExpired:
                continue
            return
        runner.terminate()
        try:
            runner.wait(GRACE)
        except subprocess.TimeoutExpired:
            runner.kill()
            runner.wait()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._goes_on() and time.monotonic() < end:
            time.sleep(min(_LOOK, seconds))

    def _goes_on(self) -> bool:
        return not self._is_stopping and os.getppid() == self._parent


@contextmanager
def supervised(runners: int) -> Iterator[None]:
    """Keeps so many runners beside the block; they finish what they have begun at its end.

    Each has a supervisor, a child of this process, which ends with it in any case.
    """
    command = [sys.executable, "-m", "sentry.runner.supervisor", str(os.getpid())]
    started = [subprocess.Popen(command) for _ in range(runners)]
    try:
        yield
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.wait()


def main() -> None:
    """The program: the argument is the id of the process that started it."""
    supervisor = Supervisor(int(sys.argv[1]))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, supervisor.stop)
    supervisor.run()


if __name__ == "__main__":
    main()
