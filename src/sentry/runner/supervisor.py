"""Keeps the embedded runner of background work alive: ``python -m sentry.runner.supervisor``.

A process of its own, small (nothing of Django is loaded), so that it works beside every web server,
one that replaces its starter's program too. It starts the runner anew when that ends, ends it
on SIGTERM, and follows its own parent when that is gone, however that ended.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sentry.runner import journal

GRACE = 30.0
# How often the end of the parent is looked for, in seconds.
_LOOK = 0.5
_LONGEST_PAUSE = 30.0
_STEADY = 60.0


class Supervisor:
    """One runner, started again after a pause that grows while it ends and has done nothing."""

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
        with tempfile.TemporaryFile() as notes:
            while self._goes_on():
                notes.truncate(0)
                began = time.monotonic()
                runner = _start_runner(notes.fileno())
                self._watch(runner)
                if not self._goes_on():
                    return
                record, ended = journal.read(notes.fileno())
                pause = next_pause(pause, ended=ended, lived=time.monotonic() - began)
                _tell_end(runner.returncode, record, pause)
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


def next_pause(last: float, *, ended: int, lived: float) -> float:
    """Seconds until the next start of a runner that ended ``ended`` records while it lived."""
    return _LOOK if ended or lived > _STEADY else min(2 * last, _LONGEST_PAUSE)


def _start_runner(notes: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "sentry.runner.embedded", str(notes)]
    return subprocess.Popen(command, pass_fds=[notes])


def _tell_end(status: int, record: int, pause: float) -> None:
    doing = f" while it ran record {record}" if record else ""
    _say(
        f"the runner of background work ended with status {status}{doing};"
        f" it is started again in {pause:g} s"
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - logging is Django's, not loaded here


class Keeper:
    """Keeps so many runners beside this process, the web server's first one.

    Each has a supervisor, a child of this process, which ends with it in any case. A thread here
    starts a supervisor again that was killed.
    """

    def __init__(self, runners: int) -> None:
        """Takes how many; nothing is started yet."""
        self._count = runners
        self._started: list[subprocess.Popen[bytes]] = []
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def start(self) -> None:
        """Starts the supervisors."""
        if self._count:
            self._started = [self._supervisor() for _ in range(self._count)]
            self._thread.start()

    def stop(self) -> None:
        """Ends them; they finish what they have begun."""
        self._is_stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for each in self._started:
            each.terminate()
        for each in self._started:
            each.wait()

    def _keep(self) -> None:
        while not self._is_stopping.wait(_LOOK):
            for index, each in enumerate(self._started):
                if each.poll() is not None:
                    _say("the supervisor of background work was killed; it is started again")
                    self._started[index] = self._supervisor()

    def _supervisor(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "sentry.runner.supervisor", str(os.getpid())]
        )


@contextmanager
def supervised(runners: int) -> Iterator[None]:
    """Keeps so many runners beside the block; they finish what they have begun at its end."""
    keeper = Keeper(runners)
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()


def main() -> None:
    """The program: the argument is the id of the process that started it."""
    supervisor = Supervisor(int(sys.argv[1]))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, supervisor.stop)
    supervisor.run()


if __name__ == "__main__":
    main()
