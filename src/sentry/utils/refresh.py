"""Keeps what this process remembers of the database fresh, in a thread of its own.

Values that every request reads (options, flags) are read from memory. One thread per process loads
them again every few seconds: never inside somebody's transaction, never in the time of a request,
and never twice at once. While the database is down the last known values stay.
"""

import logging
import os
from collections.abc import Callable
from threading import Event, Lock, Thread, current_thread

from django.apps import apps
from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)

# Seconds between two loads until somebody says otherwise (``repeat_every``).
_USUAL_INTERVAL = 10.0
# How long the first reader of a process waits for the first load.
_PATIENCE = 2.0


class Refresher:
    """Calls its loads in turn, at once and then every ``interval()`` seconds.

    Safe to share between threads.
    """

    def __init__(self, interval: Callable[[], float]) -> None:
        """Does nothing yet."""
        self._interval = interval
        self._loads: list[Callable[[], None]] = []
        self._is_by_hand = False
        self.reset()

    def reset(self) -> None:
        """Begins anew; a forked process must, for it has none of its parent's threads."""
        self._is_started = self._is_by_hand
        self._lock = Lock()
        self._starting = Lock()
        self._loaded = Event()
        self._stopped = Event()
        self._thread: Thread | None = None
        self._has_failed = False

    def by_hand(self) -> None:
        """Starts no thread in this process: ``load_all`` is called where it is wanted (tests)."""
        self._is_by_hand = self._is_started = True

    def add(self, load: Callable[[], None]) -> None:
        """Adds a load: it reads from the database and remembers what it read."""
        self._loads.append(load)

    def repeat_every(self, interval: Callable[[], float]) -> None:
        """Takes another ``interval``, which is asked anew before each pause."""
        self._interval = interval

    def ensure_started(self) -> None:
        """Starts the thread, once; returns when the first load is over, or takes too long.

        Does nothing while Django is being set up. Asked before every read: it costs next to
        nothing from the second time on.
        """
        if not self._is_started:
            self._start()

    def _start(self) -> None:
        if not apps.ready or current_thread() is self._thread:
            return
        with self._starting:
            if self._is_started:
                return
            self._thread = Thread(target=self._run, name="sentry-refresh", daemon=True)
            self._thread.start()
            self._loaded.wait(_PATIENCE)
            self._is_started = True

    def stop(self) -> None:
        """Ends the thread and waits for it; the next reader starts another."""
        thread = self._thread
        self._stopped.set()
        if thread is not None:
            thread.join()
        self.reset()

    def load_all(self) -> None:
        """Loads everything now, in this thread.

        A load that has begun elsewhere is waited for, so that no older values overwrite these.

        Raises:
            DatabaseError: the database does not answer, or is not up to date.
        """
        with self._lock:
            for load in self._loads:
                load()

    def _run(self) -> None:
        # This thread's own: after a fork, the child's refresher has others.
        stopped, loaded = self._stopped, self._loaded
        while not stopped.is_set():
            self._try()
            loaded.set()
            stopped.wait(self._interval())

    def _try(self) -> None:
        try:
            self.load_all()
        except DatabaseError as error:
            self._tell(error)
        else:
            self._has_failed = False
        finally:
            # back to the pool: nothing of the database is held between two loads
            connection.close()

    def _tell(self, error: DatabaseError) -> None:
        """Logs the first failure of a row; a table that is yet to be made is none."""
        if not self._has_failed and not is_missing_table(error):
            logger.warning("refresh.failed", extra={"cause": type(error).__name__})
        self._has_failed = True


def is_missing_table(error: DatabaseError) -> bool:
    """Whether a statement failed because the database has not been migrated."""
    return type(error.__cause__).__name__ == "UndefinedTable" or "no such table" in str(error)


refresher = Refresher(lambda: _USUAL_INTERVAL)
os.register_at_fork(after_in_child=refresher.reset)
