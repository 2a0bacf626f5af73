"""What a task is, and the one way to declare one."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sentry.silo import SiloMode
from sentry.taskqueue import dispatch, limits, registry
from sentry.taskqueue.errors import TaskArgumentsError, WrongSiloError

# A year: what is to start later than that is no background work, but a fault.
LONGEST_COUNTDOWN = 366 * 86_400.0
_NAME = re.compile(r"[a-z][\w.]{0,127}", re.ASCII)
_QUEUE = re.compile(r"[a-z][a-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied[R]:
    """What a task did that was run on the spot."""

    value: R | None
    error: BaseException | None

    def get(self) -> R | None:
        """What the task's function returned.

        Raises:
            BaseException: what the function raised.
        """
        if self.error is not None:
            raise self.error
        return self.value


@dataclass(frozen=True, kw_only=True)
class Task[**P, R]:
    """A function that can be run in the background.

    Attributes:
        function: what runs. Its arguments are JSON values.
        name: its name in rows and messages; stays the same while rows of it may exist.
        queue: which workers run it.
        max_retries: how often it is tried again after an error, before it is a dead letter.
        default_retry_delay: seconds before the first retry; each further pause is twice as long.
        silo_mode: the silo whose processes may start and run it; None: every one.
        time_limit: seconds that one run may take.
        permanent: errors that no retry mends: the record is a dead letter at once.
    """

    function: Callable[P, R]
    name: str
    queue: str
    max_retries: int
    default_retry_delay: float
    silo_mode: SiloMode | None
    time_limit: float
    permanent: tuple[type[Exception], ...]
    signature: inspect.Signature

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls the function as any other: no row, no retry, no time limit."""
        return self.function(*args, **kwargs)

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> int | None:
        """Starts the task in the background with these arguments; see ``apply_async``."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self,
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
        *,
        countdown: float = 0,
        key: str | None = None,
    ) -> int | None:
        """Writes the call as a row in the caller's transaction; a worker runs it after the commit.

        A broker that is down fails nothing here: the message is sent later.

        Args:
            args: positional arguments, JSON values.
            kwargs: keyword arguments, likewise.
            countdown: seconds to wait before it may run, a year at most.
            key: names the work. Where the task has a record of this key, that one stays the only
                one (a dead letter is tried again). So the task must find by itself what is to do.

        Returns:
            The row's id; None where a record of this key is there.

        Raises:
            TaskArgumentsError: the arguments are no JSON values or not what the function takes, or
                the countdown is out of range.
            WrongSiloError: the task runs in another silo.
        """
        self.check(args, kwargs or {})
        if not 0 <= countdown <= LONGEST_COUNTDOWN:
            raise TaskArgumentsError(f"{self.name}: a countdown is 0 s to a year, not {countdown}")
        return dispatch.enqueue(self, args, kwargs or {}, countdown=countdown, key=key)

    def apply(
        self, args: Sequence[object] = (), kwargs: Mapping[str, object] | None = None
    ) -> Applied[R]:
        """Runs the task now, in this process, once, as a worker does; its row is gone afterwards.

        Raises:
            TaskArgumentsError, WrongSiloError: as in ``apply_async``; what the function raises is
                raised by ``get()`` of the answer.
        """
        self.check(args, kwargs or {})
        outcome = dispatch.run_now(self, args, kwargs or {})
        return Applied(value=outcome.value, error=outcome.error)

    def check(self, args: Sequence[object], kwargs: Mapping[str, object]) -> None:
        """Refuses a call that could never run; see ``apply_async`` for what it raises."""
        mode = SiloMode.get_current_mode()
        if not self.runs_in(mode):
            raise WrongSiloError(f"{self.name} runs in the silo {self.silo_mode}, not in {mode}")
        try:
            self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TaskArgumentsError(f"{self.name}: {error}") from error

    def runs_in(self, mode: SiloMode) -> bool:
        """Whether processes of this silo mode may start and run it."""
        return self.silo_mode in {None, mode} or mode is SiloMode.MONOLITH


def instrumented_task[**P, R](
    *,
    name: str,
    queue: str,
    max_retries: int,
    default_retry_delay: float,
    silo_mode: SiloMode | None = None,
    time_limit: float = limits.DEFAULT_TIME_LIMIT,
    permanent: tuple[type[Exception], ...] = (),
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Declares a function as a task; see ``Task`` for what the arguments mean.

    Raises:
        ValueError: a name that no row or queue can have, a policy that makes no sense, or a name
            that another function has.
    """
    if not _NAME.fullmatch(name) or not _QUEUE.fullmatch(queue):
        raise ValueError(f"a task's name and queue are lower-case words with dots: {name}, {queue}")
    longest = LONGEST_COUNTDOWN
    if not (max_retries >= 0 and 0 <= default_retry_delay <= longest and 0 < time_limit <= longest):
        raise ValueError(
            f"{name}: retries and pauses are not negative, a time limit is positive,"
            " and none is longer than a year"
        )

    def declare(function: Callable[P, R]) -> Task[P, R]:
        task = Task(
            function=function,
            name=name,
            queue=queue,
            max_retries=max_retries,
            default_retry_delay=default_retry_delay,
            silo_mode=silo_mode,
            time_limit=time_limit,
            permanent=permanent,
            signature=inspect.signature(function),
        )
        other = registry.declared.setdefault(name, task)
        if other is not task and other.function.__code__ != function.__code__:
            raise ValueError(f"two tasks are called {name}")
        return task

    return declare
