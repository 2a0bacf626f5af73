"""SIGTERM unwinds the demonstration, so that nothing it started or made is left behind."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STATUS = 128 + signal.SIGTERM


def _leave(number: int, frame: FrameType | None) -> None:
    del number, frame
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not stop the unwinding
    raise SystemExit(STATUS)


@contextmanager
def sigterm_unwinds() -> Iterator[None]:
    """Raises ``SystemExit(143)`` in the block at SIGTERM. For the main thread only."""
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def sigterm_waits() -> Iterator[None]:
    """Holds SIGTERM back until the block ends, for what must not be left half done."""
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if came:
            signal.raise_signal(signal.SIGTERM)
