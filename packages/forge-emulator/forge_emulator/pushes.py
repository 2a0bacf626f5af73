"""Which refs a push changed: they are compared before and after `git receive-pack`."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.changes import Pushed, RefUpdate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from forge_emulator.changes import Change
    from forge_emulator.repositories import Repository


@dataclass(slots=True)
class _Watched:
    """What the refs were when they were last compared, and how many pushes are under way."""

    refs: dict[str, str]
    pushes: int = 0


class PushWatch:
    """Announces each change of a ref once, however many pushes run side by side."""

    def __init__(self, announce: Callable[[Change], None], clock: Callable[[], datetime]) -> None:
        self._announce = announce
        self._clock = clock
        self._lock = threading.Lock()
        self._watched: dict[Path, _Watched] = {}

    def begin(self, repository: Repository, login: str) -> Callable[[], None]:
        """Look at the refs; call what comes back when the push is over."""
        with self._lock:
            watched = self._watched.get(repository.git_dir)
            if watched is None:
                watched = _Watched(refs=git.all_refs(repository.git_dir))
                self._watched[repository.git_dir] = watched
            watched.pushes += 1
        return lambda: self._end(repository, login)

    def _end(self, repository: Repository, login: str) -> None:
        with self._lock:
            watched = self._watched[repository.git_dir]
            before, after = watched.refs, git.all_refs(repository.git_dir)
            watched.refs = after
            watched.pushes -= 1
            if watched.pushes == 0:
                del self._watched[repository.git_dir]
        updates = _compare(before, after)
        if updates:
            self._announce(
                Pushed(
                    repository=repository,
                    updates=updates,
                    known=frozenset(before.values()),
                    login=login,
                    when=self._clock(),
                )
            )


def _compare(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[RefUpdate, ...]:
    return tuple(
        RefUpdate(name=name, before=before.get(name, ""), after=after.get(name, ""))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )
