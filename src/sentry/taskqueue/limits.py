"""How long a run may take: until the alarm, until its process is killed, until another may begin.

The alarm raises inside the task. Code in C, or a task that swallows everything, does not hear it:
then the process is killed. A claim lasts longer still, so that no second run starts beside it.
"""

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager

# Seconds, where a task does not say its own.
DEFAULT_TIME_LIMIT = 300.0
_LONGEST_GRACE = 5.0
_SHORTEST_GRACE = 1.0
# To write down how the run ended, and for Celery's look at its processes once a second.
_LEAST_WRITING = 2.0
_WRITING_SHARE = 0.1


def seconds_until_kill(time_limit: float) -> float:
    """When the process of a run is killed that ignores the alarm at its time limit."""
    return time_limit + min(max(time_limit, _SHORTEST_GRACE), _LONGEST_GRACE)


def seconds_of_claim(time_limit: float) -> float:
    """How long a claim lasts."""
    return seconds_until_kill(time_limit) + max(_LEAST_WRITING, _WRITING_SHARE * time_limit)


@contextmanager
def killed_when_stuck(time_limit: float) -> Iterator[None]:
    """Ends this process, with status 1 and its stacks on stderr, if the block does not end.

    A thread without the interpreter's lock does it, so that code in C is no obstacle.
    """
    faulthandler.dump_traceback_later(seconds_until_kill(time_limit), exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
