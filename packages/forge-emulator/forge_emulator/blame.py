"""Which commit last touched each line of a file, grouped to ranges and remembered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_emulator.git import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class BlameRange:
    """Lines `start` to `end` (1-based, both included) come from commit `oid`."""

    start: int
    end: int
    oid: str


def blame(git_dir: Path, commit: str, path: str) -> tuple[BlameRange, ...]:
    """Ranges of a whole file at a commit (full id), in order, neighbours of one commit joined.

    Raises `GitError` when there is no such file.
    """
    # `git blame` knows no --end-of-options; the full id cannot be taken for an option
    out = run(git_dir, "blame", "--porcelain", "--no-textconv", commit, "--", path)
    ranges: list[BlameRange] = []
    for line, oid in _lines(out):
        if ranges and ranges[-1].oid == oid:
            ranges[-1] = BlameRange(start=ranges[-1].start, end=line, oid=oid)
        else:
            ranges.append(BlameRange(start=line, end=line, oid=oid))
    return tuple(ranges)


def _lines(porcelain: bytes) -> Iterator[tuple[int, str]]:
    """(final line number, commit id) of each line; a header is what follows a content line."""
    header = True
    for row in porcelain.split(b"\n"):
        if header and row:
            oid, _original, final = row.split(b" ")[:3]
            yield int(final), oid.decode()
            header = False
        elif row.startswith(b"\t"):
            header = True


class BlameMemo:
    """Remembers blame by (git directory, commit, path); each is computed once, even in a rush.

    A commit never changes, so nothing is ever stale; the oldest entries leave beyond `size`.
    """

    def __init__(self, size: int = 2048) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[Path, str, str], tuple[BlameRange, ...]] = OrderedDict()
        self._running: dict[tuple[Path, str, str], threading.Lock] = {}

    def get(self, git_dir: Path, commit: str, path: str) -> tuple[BlameRange, ...]:
        """Like `blame`, from memory where possible."""
        key = (git_dir, commit, path)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
            mine = self._running.setdefault(key, threading.Lock())
        with mine:
            return self._compute(key)

    def _compute(self, key: tuple[Path, str, str]) -> tuple[BlameRange, ...]:
        with self._lock:
            if key in self._known:  # another thread was first
                return self._known[key]
        try:
            ranges = blame(*key)
        finally:
            with self._lock:
                self._running.pop(key, None)
        with self._lock:
            self._known[key] = ranges
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return ranges

    def __len__(self) -> int:
        with self._lock:
            return len(self._known)
