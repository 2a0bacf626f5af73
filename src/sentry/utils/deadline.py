"""The deadline of the work at hand, carried in a context variable.

A door sets it; host calls, subprocesses and statements ask how much time is left.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def set_deadline(end: float | None) -> Token[float | None]:
    """Sets the deadline (``time.monotonic()`` seconds; None: none); give the token back."""
    return _deadline.set(end)


def reset_deadline(token: Token[float | None]) -> None:
    """Puts the deadline back that was there before ``set_deadline``."""
    _deadline.reset(token)


@contextmanager
def deadline_at(end: float | None) -> Iterator[None]:
    """Sets the deadline to ``end`` (``time.monotonic()`` seconds; None: none) inside the block."""
    token = _deadline.set(end)
    try:
        yield
    finally:
        _deadline.reset(token)


def deadline_end() -> float | None:
    """The deadline in ``time.monotonic()`` seconds; None where there is none."""
    return _deadline.get()


def remaining(default: float) -> float:
    """Seconds until the deadline, never negative; ``default`` where there is none."""
    end = _deadline.get()
    return default if end is None else max(0.0, end - time.monotonic())
