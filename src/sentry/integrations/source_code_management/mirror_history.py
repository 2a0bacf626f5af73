"""Which files' contents a blame will read, found out from commits and trees alone.

``git blame`` follows a file through its history and, where a commit added it, looks among the files
that the same commit removed for the one that it was before: first for the same content, then for a
similar one. This walks the same way, so that everything can be fetched at once. Which of several
removed files is similar cannot be known without their contents: those that the name speaks for are
taken, and a second walk, when the contents are there, lets git say it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from posixpath import basename, splitext

from sentry.integrations.source_code_management.mirror_git import Git, GitFailedError, file_of_ids
from sentry.integrations.source_code_management.mirror_parse import (
    Change,
    missing_ids,
    parse_changes,
    parse_renames,
)

_RAW = ("-r", "-z", "-m", "--raw", "--no-renames", "--no-abbrev")
_HEAD = "--format=%H %P"
_MOST_WALKS = 200
# Of the files that a renamed one may have been: so many have their own past fetched too, if it is
# not longer than that; and so many are followed through their own renames.
_MOST_GUESSES = 200
_MOST_GUESSED_IDS = 2000
_FOLLOWED_GUESSES = 5
_LONGEST_COMMAND = 500_000


@dataclass(frozen=True, slots=True)
class _Start:
    """A file as of a commit, whose history is walked from there."""

    commit: str
    path: bytes


type _Pair = tuple[str, str]


class _Walk:
    def __init__(self, git: Git, *, contents_are_there: bool) -> None:
        self._git = git
        self._contents_are_there = contents_are_there
        self._walked: set[_Start] = set()
        self.ids: dict[str, None] = {}

    def need(self, ids: Iterable[str]) -> None:
        self.ids.update(dict.fromkeys(each for each in ids if each))

    def run(self, starts: Iterable[_Start]) -> None:
        pending = list(starts)
        while pending:
            start = pending.pop()
            if start in self._walked or len(self._walked) >= _MOST_WALKS:
                continue
            self._walked.add(start)
            changes = self._history(start.commit, [start.path])
            self.need(_contents(changes))
            pending += self._before(changes, guesses=_FOLLOWED_GUESSES)

    def _history(self, commit: str, paths: Sequence[bytes]) -> list[Change]:
        return list(parse_changes(self._git("log", *_RAW, _HEAD, commit, "--", *paths)))

    def _before(self, changes: Iterable[Change], *, guesses: int) -> list[_Start]:
        """What files were before the commits that added them; none for a guess too many."""
        births = [change for change in changes if change.status == "A" and change.new]
        removed = self._removed(births)
        starts: list[_Start] = []
        for birth in births:
            for parent in birth.parents:
                gone = removed.get((birth.commit, parent), [])
                same = [change for change in gone if change.old == birth.new]
                if same:
                    starts += [_Start(parent, change.path) for change in same]
                elif gone and guesses:
                    self.need(change.old for change in gone)
                    starts += self._similar(birth, parent, gone, guesses=guesses)
        return starts

    def _removed(self, births: Iterable[Change]) -> dict[_Pair, list[Change]]:
        """What commits removed, against each of their parents."""
        pairs = dict.fromkeys((birth.commit, p) for birth in births for p in birth.parents)
        if not pairs:
            return {}
        stdin = "".join(f"{commit} {parent}\n" for commit, parent in pairs).encode("ascii")
        command = ("diff-tree", "--stdin", *_RAW, "--diff-filter=D", _HEAD)
        removed: dict[_Pair, list[Change]] = {}
        for change in parse_changes(self._git(*command, stdin=stdin)):
            if change.old:
                removed.setdefault((change.commit, change.parents[0]), []).append(change)
        return removed

    def _similar(
        self, birth: Change, parent: str, gone: Sequence[Change], *, guesses: int
    ) -> list[_Start]:
        """The removed files that an added one may have been, with the past of further ones."""
        if self._contents_are_there:
            with suppress(GitFailedError):  # not all of them are, after all
                return [_Start(parent, path) for path in self._by_git(birth, parent, gone)]
        likely = sorted(gone, key=lambda change: _unlike(change.path, birth.path))
        starts = [_Start(parent, change.path) for change in likely[:guesses]]
        others = [change.path for change in likely[guesses:_MOST_GUESSES]]
        if others:
            past = self._history(parent, others)
            ids = set(_contents(past))
            if len(ids) <= _MOST_GUESSED_IDS:
                self.need(ids)
                starts += self._before(past, guesses=0)
        return starts

    def _by_git(self, birth: Change, parent: str, gone: Sequence[Change]) -> list[bytes]:
        """What git itself holds the file for, of those removed; it reads their contents."""
        paths = [birth.path, *(change.path for change in gone)]
        if sum(map(len, paths)) > _LONGEST_COMMAND:
            paths = paths[: _MOST_GUESSES + 1]
        command = ("diff-tree", "-r", "-z", "--raw", "-M", "--diff-filter=R", parent, birth.commit)
        return parse_renames(self._git(*command, "--", *paths))


def _contents(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        yield from (change.old, change.new)


def _unlike(path: bytes, other: bytes) -> tuple[bool, bool, float]:
    """Orders paths by how much their names differ from another's."""
    ratio = SequenceMatcher(None, path, other, autojunk=False).quick_ratio()
    other_name = basename(path) != basename(other)
    return other_name, splitext(path)[1] != splitext(other)[1], -ratio


def missing_objects(
    git: Git,
    files: Iterable[tuple[str, bytes]],
    *,
    known: Iterable[str] = (),
    contents_are_there: bool = False,
) -> list[str]:
    """The ids of the contents that blames of files will read and the mirror has not.

    Args:
        git: the mirror.
        files: commit and path of each.
        known: ids that are needed besides.
        contents_are_there: whether a walk before this one had its contents fetched.

    Raises:
        GitFailedError: the mirror lacks a commit or a tree. DeadlineExceeded: there was no time.
    """
    walk = _Walk(git, contents_are_there=contents_are_there)
    walk.need(known)
    walk.run(_Start(commit, path) for commit, path in files)
    if not walk.ids:
        return []
    return missing_ids(git("cat-file", "--batch-check", stdin=file_of_ids(list(walk.ids))))
