"""The loop of a process that looks for work until it is stopped, whatever the database does."""

import logging
import time
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

logger = logging.getLogger(__name__)

_PAUSE_AFTER_FAILURE = 1.0


def _forever() -> bool:
    return True


class Loop:
    """Takes one step after the other. A database that fails is asked again after a pause."""

    def __init__(
        self, step: Callable[[], float], *, may_go_on: Callable[[], bool] = _forever
    ) -> None:
        """Prepares the loop.

        Args:
            step: does what is due; gives the seconds to wait before the next one.
            may_go_on: asked between steps; False ends the loop, as ``stop`` does.
        """
        self._step = step
        self._may_go_on = may_go_on
        self._is_stopping = False

    def stop(self) -> None:
        """Ends the loop after the step at hand. May be called by a signal's handler."""
        self._is_stopping = True

    def goes_on(self) -> bool:
        """Whether there will be a further step."""
        return not self._is_stopping and self._may_go_on()

    def run(self, *, finish: Callable[[], None] | None = None) -> None:
        """Returns when it was stopped; ``finish`` is its last step, where the database lets it."""
        while self.goes_on():
            pause = self._guarded(self._step, otherwise=_PAUSE_AFTER_FAILURE)
            if pause and self.goes_on():
                time.sleep(pause)
        if finish is not None:
            self._guarded(finish, otherwise=None)

    def _guarded[T](self, step: Callable[[], T], *, otherwise: T) -> T:
        try:
            return step()
        except (DatabaseError, InterfaceError):
            logger.exception("tasks.runner.database_failed")
            connection.close()  # the next step gets a new one
            return otherwise
        finally:
            close_old_connections()
