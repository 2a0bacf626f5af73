"""What can go wrong with background work itself.

::

    Exception
    ├── TaskError
    │   ├── TaskArgumentsError       arguments that no row can hold
    │   ├── UnreadableArgumentsError a row holds no arguments of a call
    │   ├── UnknownTaskError         no task has this name
    │   ├── WrongSiloError           the task runs in another silo than this process
    │   ├── ClaimLostError           another run of the same record took over
    │   └── WorkerLostError          the process that ran it ended, several times
    └── Retry                        raised by a task that wants to be run again
    BaseException
    └── TimeLimitExceededError       the task's time is up; no ``except Exception`` may swallow it
"""


class TaskError(Exception):
    """The base of what this machinery raises by itself."""


class TaskArgumentsError(TaskError):
    """The arguments are no JSON values, too many bytes, or not what the task takes."""


class UnreadableArgumentsError(TaskError):
    """The arguments in a record are no call: something else than this machinery wrote them."""


class UnknownTaskError(TaskError):
    """No task has this name in this process."""


class WrongSiloError(TaskError):
    """The task runs in another silo than this process serves."""


class ClaimLostError(TaskError):
    """The record belongs to another run by now; nothing of this one may stay."""


class WorkerLostError(TaskError):
    """Processes that ran the record ended without a word, more often than is chance."""


class Retry(Exception):  # noqa: N818 - a request, no error
    """Raised inside a task: run it again, after ``countdown`` seconds or the usual back-off.

    Counts as an attempt: after ``max_retries`` of them the record is a dead letter. A pause that is
    no number of seconds from 0 to a year is taken for the nearest one, or for the usual back-off.
    """

    def __init__(self, countdown: float | None = None) -> None:
        """Takes the pause in seconds; None: the task's own back-off."""
        super().__init__("retry")
        self.countdown = countdown


class TimeLimitExceededError(BaseException):
    """The task ran longer than its ``time_limit``."""
