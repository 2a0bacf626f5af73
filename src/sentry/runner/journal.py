"""What a runner of background work tells its supervisor: a file of two numbers, shared by both.

A write never waits, and what was written last stays when the runner is killed.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager

_NUMBERS = struct.Struct("=qq")


class Journal:
    """The record at hand, 0 for none, and how many records the runner has ended, well or badly."""

    def __init__(self, descriptor: int) -> None:
        """Takes the open file."""
        self._descriptor = descriptor
        self._ended = 0
        self._write(0)

    @contextmanager
    def running(self, record_id: int) -> Iterator[None]:
        """Around the run of a record."""
        self._write(record_id)
        yield
        self._ended += 1
        self._write(0)

    def _write(self, record_id: int) -> None:
        os.pwrite(self._descriptor, _NUMBERS.pack(record_id, self._ended), 0)


def read(descriptor: int) -> tuple[int, int]:
    """The record at hand, and the number of those that ended; zeros before the first write."""
    found = os.pread(descriptor, _NUMBERS.size, 0)
    if len(found) < _NUMBERS.size:
        return 0, 0
    at_hand, ended = _NUMBERS.unpack(found)
    return at_hand, ended
