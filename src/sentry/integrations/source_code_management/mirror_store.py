"""The folder of mirrors: who may use, make and remove which, across threads and processes.

::

    <root>/home/            empty; git's idea of a user's folder
    <root>/locks/<key>      locked while the mirror is used (shared) or removed (exclusive);
                            its time says when the mirror was last used
    <root>/locks/<key>.new  locked while something is fetched into the mirror
    <root>/mirrors/<key>/   a bare repository
    <root>/making/<key>/    one that is not whole yet; never used
    <root>/refused/<key>    exists while the repository counts as too large
    <root>/refused/<key>.<digest of a path>
                            exists while a file of it does

Locks are ``flock``: the kernel gives them back when a process dies.
"""

import contextlib
import fcntl
import logging
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sentry.integrations.source_code_management.errors import DeadlineExceeded
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.mirror_git import SizeExceededError, folder_bytes
from sentry.utils import deadline

logger = logging.getLogger(__name__)

_MODE = 0o700
_OTHERS = 0o077
_OTHERS_WRITE = 0o022
_ROOT_USER = 0
_FOLDERS = ("home", "locks", "mirrors", "making", "refused")
_LOCK_POLL = 0.02
_LONGEST_REFUSAL = 24 * 3600.0  # the most that scm.mirrors.refused-ttl may be
_WITHOUT_CONTENTS = "without-contents"  # a file in the mirror: nothing has filled it up


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredMirror:
    """A mirror on disk: when it was last used (unix seconds) and the bytes that it takes."""

    key: str
    used_at: float
    size: int


class MirrorStore:
    """The mirrors below ``root``. Makes the folders when it needs them."""

    def __init__(self, root: Path) -> None:
        """Takes the folder, which need not exist."""
        self._root = root

    @property
    def home(self) -> Path:
        """The empty folder."""
        return self._folder("home")

    def path(self, key: str) -> Path:
        """Where the mirror is, if there is one."""
        return self._folder("mirrors") / key

    def has(self, key: str) -> bool:
        """Whether the mirror is there, whole."""
        return self.path(key).is_dir()

    @contextlib.contextmanager
    def using(self, key: str) -> Iterator[Path]:
        """Keeps a mirror from being removed inside the block; it need not exist yet.

        Raises:
            DeadlineExceeded: the caller's time was up before the lock was free.
        """
        with self._locked(key, fcntl.LOCK_SH) as lock:
            os.utime(lock)
            yield self.path(key)

    @contextlib.contextmanager
    def fetching(self, key: str) -> Iterator[None]:
        """One fetch at a time into a mirror.

        Raises:
            DeadlineExceeded: the caller's time was up before the lock was free.
        """
        with self._locked(f"{key}.new", fcntl.LOCK_EX):
            yield

    def make(self, key: str, fill: Callable[[Path], None]) -> None:
        """Makes a mirror, inside ``fetching``: filled elsewhere, then put in its place as a whole.

        Whatever ``fill`` raises, nothing is left of it.
        """
        unfinished = self._folder("making") / key
        shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed
        try:
            unfinished.mkdir(mode=_MODE)
            fill(unfinished)
            unfinished.rename(self.path(key))
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def remove(self, key: str) -> None:
        """Removes a mirror, once nobody uses it.

        Raises:
            DeadlineExceeded: it was in use for too long.
        """
        with self._locked(key, fcntl.LOCK_EX):
            self._remove(key)

    # --- what is too large -------------------------------------------------------------------

    def refuse(self, key: str, path: str = "") -> None:
        """Remembers that the repository is too large, or only the past of a file of it."""
        self._refusal(key, path).touch()

    def is_refused(self, key: str, path: str = "", *, within: float) -> bool:
        """Whether it was found too large in the last ``within`` seconds."""
        try:
            age = time.time() - self._refusal(key, path).stat().st_mtime
        except OSError:
            return False
        return age < within

    def accept(self, key: str) -> None:
        """Forgets that the repository was too large."""
        self._refusal(key).unlink(missing_ok=True)

    def _refusal(self, key: str, path: str = "") -> Path:
        return self._folder("refused") / (f"{key}.{digest(path)[:40]}" if path else key)

    # --- room --------------------------------------------------------------------------------

    def stored(self) -> list[StoredMirror]:
        """Every mirror, the one that was not used for the longest time first."""
        found: list[StoredMirror] = []
        for folder in self._folder("mirrors").iterdir():
            with contextlib.suppress(OSError):
                used_at = (self._folder("locks") / folder.name).stat().st_mtime
                size = folder_bytes(folder)
                found.append(StoredMirror(key=folder.name, used_at=used_at, size=size))
        return sorted(found, key=lambda each: each.used_at)

    def make_room(self, total_bytes: int) -> list[StoredMirror]:
        """Removes mirrors until all together take no more; those in use stay. What was removed.

        Also sweeps away what killed processes left half made, and refusals of long ago.
        """
        self._sweep()
        stored = self.stored()
        total = sum(each.size for each in stored)
        removed: list[StoredMirror] = []
        for each in stored:
            if total <= total_bytes:
                break
            if self._remove_unused(each.key):
                total -= each.size
                removed.append(each)
        return removed

    def _sweep(self) -> None:
        for unfinished in self._folder("making").iterdir():
            with (
                contextlib.suppress(BlockingIOError),
                self._locked(f"{unfinished.name}.new", fcntl.LOCK_EX, wait=False),
            ):
                shutil.rmtree(unfinished, ignore_errors=True)
        for refusal in self._folder("refused").iterdir():
            with contextlib.suppress(OSError):
                if time.time() - refusal.stat().st_mtime > _LONGEST_REFUSAL:
                    refusal.unlink()

    def _remove_unused(self, key: str) -> bool:
        try:
            with self._locked(key, fcntl.LOCK_EX, wait=False):
                self._remove(key)
        except BlockingIOError:
            return False
        return True

    def _remove(self, key: str) -> None:
        """Out of its place first, so that no part of it is ever taken for the whole."""
        gone = self._folder("making") / f"{key}.{os.getpid()}.{time.monotonic_ns()}"
        with contextlib.suppress(FileNotFoundError):
            self.path(key).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    # --- locks -------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _locked(self, name: str, kind: int, *, wait: bool = True) -> Iterator[Path]:
        path = self._folder("locks") / name
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if wait:
                _lock_in_time(descriptor, kind)
            else:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            yield path
        finally:
            os.close(descriptor)  # and the lock with it

    def _folder(self, name: str) -> Path:
        # Each by itself: what mkdir makes on the way to a folder does not get the mode.
        self._root.mkdir(parents=True, exist_ok=True, mode=_MODE)
        folder = self._root / name
        folder.mkdir(exist_ok=True, mode=_MODE)
        # The root may be the operator's, with other things in it; what is below is ours alone.
        if folder.stat().st_mode & _OTHERS:
            folder.chmod(_MODE)
            logger.warning("mirror.folder_narrowed", extra={"folder": str(folder)})
        return folder


def why_unsafe(root: Path) -> str:
    """Why others could change what is in the folder of mirrors, and what to do, for the operator.

    "" where they cannot, or where the folder is not there yet. Changes nothing.
    """
    with contextlib.suppress(FileNotFoundError):
        found = root.stat()
        # Its owner may rename what is in it, sticky or not.
        if found.st_uid not in (_ROOT_USER, os.geteuid()):
            return f"{root} belongs to another user: chown it, or choose another folder"
        if found.st_mode & _OTHERS_WRITE and not found.st_mode & stat.S_ISVTX:
            return f"others may write to {root}: chmod go-w {root}"
        for folder in (root / name for name in _FOLDERS):
            with contextlib.suppress(FileNotFoundError):
                if folder.lstat().st_uid != os.geteuid():
                    return f"{folder} belongs to another user: remove it, or choose another folder"
    return ""


def clear_leftovers(git_dir: Path) -> None:
    """Removes what killed commands left in a mirror, inside ``fetching``: locks and half packs."""
    for pattern in ("*.lock", "refs/**/*.lock", "objects/info/**/*.lock", "objects/pack/tmp_*"):
        for leftover in git_dir.glob(pattern):
            leftover.unlink(missing_ok=True)


def mark_without_contents(git_dir: Path) -> None:
    """Says of a new mirror that it holds no more than had to be fetched."""
    (git_dir / _WITHOUT_CONTENTS).touch()


def is_without_contents(git_dir: Path) -> bool:
    """Whether no contents were fetched into the mirror since it was made."""
    return (git_dir / _WITHOUT_CONTENTS).exists()


@contextlib.contextmanager
def adding_contents(git_dir: Path) -> Iterator[None]:
    """Contents are fetched in the block, inside ``fetching``: of those beyond a size none stay."""
    packs = git_dir / "objects/pack"
    before = set(packs.iterdir())
    was_without = is_without_contents(git_dir)
    (git_dir / _WITHOUT_CONTENTS).unlink(missing_ok=True)  # first: this process may be killed
    try:
        yield
    except SizeExceededError:
        for path in set(packs.iterdir()) - before:
            path.unlink(missing_ok=True)
        raise
    finally:
        if was_without and before.issuperset(packs.glob("*.pack")):
            mark_without_contents(git_dir)


def _lock_in_time(descriptor: int, kind: int) -> None:
    """Tries until the caller's time is up: a lock that waits in the kernel knows no time."""
    while True:
        try:
            return fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            left = deadline.remaining(3600.0)
            if left <= 0:
                raise DeadlineExceeded from None
            time.sleep(min(left, _LOCK_POLL))
