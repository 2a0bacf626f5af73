"""Remembers commits by their full ids: what a commit says never changes."""

import functools
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentry.integrations.source_code_management.types import CommitInfo

_MOST = 10_000
_LONGEST_MESSAGE = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """Whose commits: those of one repository as one credential sees them.

    ``identity`` is the credential's digest, so that nobody is told what only another may see.
    """

    api: str
    identity: str
    identifier: str


class CommitMemo:
    """The commits last used. Safe for use by many threads."""

    def __init__(self, most: int = _MOST) -> None:
        """Takes how many to keep."""
        self._most = most
        self._known: OrderedDict[tuple[Shelf, str], CommitInfo] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, shelf: Shelf, shas: Sequence[str]) -> dict[str, CommitInfo]:
        """Those of the commits that are known."""
        with self._lock:
            known = [(shelf, sha) for sha in shas if (shelf, sha) in self._known]
            for key in known:
                self._known.move_to_end(key)
            return {sha: self._known[shelf, sha] for _, sha in known}

    def put(self, shelf: Shelf, commits: Mapping[str, CommitInfo]) -> None:
        """Remembers commits, but none with a long message; forgets the ones used longest ago."""
        with self._lock:
            for sha, commit in commits.items():
                if len(commit.message) <= _LONGEST_MESSAGE:
                    self._known[shelf, sha] = commit
                    self._known.move_to_end((shelf, sha))
            while len(self._known) > self._most:
                self._known.popitem(last=False)


@functools.cache
def shared_commits() -> CommitMemo:
    """The process's own."""
    return CommitMemo()
