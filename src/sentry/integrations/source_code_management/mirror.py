"""Blame by git itself, on a bare mirror of the repository: for every host that git can fetch from.

A mirror is made when a blame first asks for it and refreshed when it lacks a commit. It holds all
commits and trees; of files' contents what blames have asked for, fetched at once before git reads
them, or all of them where the host cannot filter. ``docs/decisions/011-mirrors.md`` says why.
"""

import functools
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from django.conf import settings

from sentry import options
from sentry.integrations.source_code_management import mirror_upkeep
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostUnavailable,
    MirrorRefused,
    NotFound,
    ScmError,
    TooLarge,
)
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.mirror_blame import (
    AskedFile,
    FileBlame,
    FoundFile,
    blame_file,
    find_file,
    has_commit,
    read_commits,
)
from sentry.integrations.source_code_management.mirror_git import (
    Git,
    GitFailedError,
    SizeExceededError,
    SizeWatch,
    why_no_git,
)
from sentry.integrations.source_code_management.mirror_history import missing_objects
from sentry.integrations.source_code_management.mirror_parse import (
    BlamedLine,
    OtherFormatError,
    object_ids,
)
from sentry.integrations.source_code_management.mirror_remote import MirrorRemote
from sentry.integrations.source_code_management.mirror_store import (
    MirrorStore,
    adding_contents,
    clear_leftovers,
    is_without_contents,
    mark_without_contents,
    why_unsafe,
)
from sentry.integrations.source_code_management.repository import MirrorIntegration
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    BlameSource,
    CommitInfo,
    FileBlameInfo,
    RepositoryRef,
    SourceLineInfo,
)
from sentry.utils.deadline import deadline_at, deadline_end

logger = logging.getLogger(__name__)

_FETCHES_PER_FILE = 5
_YOUNG = 3600.0  # a mirror that git cannot read is made anew, but not over and over
_SHA256_DIGITS = 64
_MOST_MADE_ANEW = 2  # in one call, for contents that have no room beside others


@dataclass(frozen=True, kw_only=True, slots=True)
class MirrorPlace:
    """Whose mirror it is.

    Attributes:
        provider: the provider's key, for errors.
        tenant: the organization and integration: no other one ever reads the mirror.
        host: gives the repository's address and credential.
        repo: the repository.
    """

    provider: str
    tenant: str
    host: MirrorIntegration
    repo: RepositoryRef


def blame_lines(
    place: MirrorPlace, lines: Sequence[SourceLineInfo]
) -> list[FileBlameInfo | ScmError]:
    """The blame of lines of one repository, each at its place; their refs are full ids.

    On a mirror that has all it needs, no request is made; where only contents are missing, all of
    them are fetched together.

    Raises:
        MirrorRefused: the repository is too large for a mirror, also without any file's contents,
            or there is no git.
        MirrorNotMadeError: there was no mirror, and no time to make one.
        HostError, IntegrationBroken, NotFound, DeadlineExceeded: the host did not give the
            repository.
    """
    asked: dict[AskedFile, list[int]] = {}
    for line in lines:
        asked.setdefault(AskedFile(sha=line.ref, path=line.path), []).append(line.lineno)
    blamed = _on_mirror(place, asked)
    return [blamed.line(line) for line in lines]


def blame_whole_file(place: MirrorPlace, *, path: str, sha: str) -> list[BlameRangeInfo]:
    """The ranges of a file in order, as of commit ``sha`` (a full id).

    Raises:
        As ``blame_lines``. NotFound: no such commit or file. TooLarge: the file, or its past.
    """
    file = AskedFile(sha=sha, path=path)
    return _on_mirror(place, {file: None}).ranges(file)


def prepare(place: MirrorPlace) -> None:
    """Makes the mirror, unless it is there.

    Raises:
        As ``blame_lines``.
    """
    _on_mirror(place, {})


class MirrorNotMadeError(DeadlineExceeded):
    """The caller's time was up before there was a mirror; with more of it there would be one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Blamed:
    files: Mapping[AskedFile, FileBlame | ScmError]
    commits: Mapping[str, CommitInfo]

    def line(self, asked: SourceLineInfo) -> FileBlameInfo | ScmError:
        blame = self.files[AskedFile(sha=asked.ref, path=asked.path)]
        if isinstance(blame, ScmError):
            return blame
        found = blame.lines.get(asked.lineno)
        if found is None:
            return NotFound("line")
        return FileBlameInfo(
            line=asked,
            commit=self.commits[found.sha],
            code=found.text,
            source=BlameSource.MIRROR,
            ignore_revs_applied=blame.ignore_revs_applied,
        )

    def ranges(self, file: AskedFile) -> list[BlameRangeInfo]:
        blame = self.files[file]
        if isinstance(blame, ScmError):
            raise blame
        ordered = sorted(blame.lines.values(), key=lambda line: line.number)
        return [
            self._range(list(lines), blame) for _, lines in groupby(ordered, lambda line: line.sha)
        ]

    def _range(self, lines: Sequence[BlamedLine], blame: FileBlame) -> BlameRangeInfo:
        return BlameRangeInfo(
            start=lines[0].number,
            end=lines[-1].number,
            commit=self.commits[lines[0].sha],
            lines=tuple(line.text for line in lines),
            source=BlameSource.MIRROR,
            ignore_revs_applied=blame.ignore_revs_applied,
        )


type _Asked = Mapping[AskedFile, Sequence[int] | None]


def _on_mirror(place: MirrorPlace, asked: _Asked) -> _Blamed:
    """Blames on the place's mirror, under a deadline in any case."""
    why = why_no_git()
    if why:
        raise MirrorRefused(place.provider, why)
    if unsafe := why_unsafe(Path(settings.SCM_MIRRORS_DIR)):
        logger.error("mirror.unsafe_folder", extra={"why": unsafe})
        raise MirrorRefused(place.provider, "this server's folder of mirrors is not its own")
    end = deadline_end() or time.monotonic() + options.get_float("scm.mirrors.total-timeout")
    with deadline_at(end):
        parts = [_in_format(place, name, part) for name, part in _by_format(asked).items()]
    return _joined(parts)


def _joined(parts: Sequence[_Blamed]) -> _Blamed:
    return _Blamed(
        files={file: blame for part in parts for file, blame in part.files.items()},
        commits={sha: commit for part in parts for sha, commit in part.commits.items()},
    )


def _by_format(asked: _Asked) -> dict[str, dict[AskedFile, Sequence[int] | None]]:
    """What is asked for, by the format of its ids, which a mirror has one of; nothing in SHA-1."""
    parts: dict[str, dict[AskedFile, Sequence[int] | None]] = {} if asked else {"sha1": {}}
    for file, lines in asked.items():
        name = "sha256" if len(file.sha) == _SHA256_DIGITS else "sha1"
        parts.setdefault(name, {})[file] = lines
    return parts


def _in_format(place: MirrorPlace, object_format: str, asked: _Asked) -> _Blamed:
    try:
        return _Keeper(place, object_format).blame(asked)
    except OtherFormatError:
        if not asked:
            raise
        return _Blamed(files={file: NotFound("commit") for file in asked}, commits={})


class _UnreadableError(Exception):
    """git cannot read the mirror, though nothing that it needs is missing."""


class _NoRoomError(Exception):
    """Contents do not fit into the mirror. ``was_empty``: though no others were there before."""

    def __init__(self, *, was_empty: bool) -> None:
        super().__init__("contents do not fit into the mirror")
        self.was_empty = was_empty


def _file_too_large() -> TooLarge:
    return TooLarge("the file with its past is larger than this platform mirrors (scm.mirrors)")


class _Keeper:
    """Makes, opens and drops one mirror."""

    def __init__(self, place: MirrorPlace, object_format: str) -> None:
        self._provider = place.provider
        self._remote = MirrorRemote(place.host, place.repo)
        self._format = object_format
        self._key = digest(*_owner_of(place), self._format)[:40]
        self._store = MirrorStore(Path(settings.SCM_MIRRORS_DIR))
        self._made_anew = 0

    def blame(self, asked: _Asked) -> _Blamed:
        if self._is_refused():
            raise self._refusal()
        try:
            return self._fitting(asked)
        except SizeExceededError:
            # Contents of many files fill a mirror up; a new one begins without any.
            self._drop("mirror.full")
        except _UnreadableError:
            self._drop("mirror.unreadable")
        try:
            return self._fitting(asked)
        except SizeExceededError:
            self._drop("mirror.outgrown")
            raise self._refused() from None
        except _UnreadableError:
            raise HostUnavailable("git could not blame the file") from None

    def _fitting(self, asked: _Asked) -> _Blamed:
        """Blames; files that fit only apart, each by itself, and none that never fits."""
        try:
            return self._try(asked)
        except _NoRoomError as error:
            was_empty = error.was_empty
        if not was_empty and self._made_anew < _MOST_MADE_ANEW:
            self._made_anew += 1
            self._drop("mirror.full")
            return self._fitting(asked)
        if len(asked) > 1:
            return _joined([self._fitting({file: lines}) for file, lines in asked.items()])
        (file,) = asked
        if was_empty:
            logger.warning("mirror.file_refused", extra={"mirror": self._key})
            self._store.refuse(self._key, file.path)
        return _Blamed(files={file: _file_too_large()}, commits={})

    def _refused(self) -> MirrorRefused:
        """Refuses the repository from now on, for a while."""
        logger.warning("mirror.refused", extra={"mirror": self._key})
        self._store.refuse(self._key)
        return self._refusal()

    def _is_refused(self) -> bool:
        return self._store.is_refused(self._key, within=_refused_ttl())

    def _refusal(self) -> MirrorRefused:
        return MirrorRefused(
            self._provider, "the repository is larger than this platform mirrors (scm.mirrors)"
        )

    def _try(self, asked: _Asked) -> _Blamed:
        with self._store.using(self._key) as folder:
            git = Git(git_dir=folder, home=self._store.home)
            try:
                if not self._store.has(self._key):
                    self._make()
                return _Mirror(git, self._remote, self._store, self._key).blame(asked)
            except GitFailedError as failure:
                facts = {"mirror": self._key, "status": failure.status}
                logger.warning("mirror.git_failed", extra={**facts, "said": failure.stderr[-300:]})
                if _age(folder) < _YOUNG:
                    raise HostUnavailable("git could not blame the file") from None
                raise _UnreadableError from None

    def _drop(self, event: str) -> None:
        logger.warning(event, extra={"mirror": self._key})
        self._store.remove(self._key)

    def _make(self) -> None:
        with self._store.fetching(self._key):
            if self._store.has(self._key):
                return  # another one made it meanwhile
            if self._is_refused():
                raise self._refusal()  # or tried to
            try:
                self._store.make(self._key, self._fill)
            except DeadlineExceeded:
                raise MirrorNotMadeError from None
            except SizeExceededError:
                raise self._refused() from None  # without contents: there is nothing to leave out
        self._store.make_room(options.get_int("scm.mirrors.total-bytes"))

    def _fill(self, folder: Path) -> None:
        git = Git(git_dir=folder, home=self._store.home)
        git("init", "--quiet", "--bare", "--template=", f"--object-format={self._format}")
        self._remote.fetch_refs(git, _watch(folder))
        mirror_upkeep.after_refs(git)
        mark_without_contents(folder)


def _owner_of(place: MirrorPlace) -> tuple[str, ...]:
    """What a mirror belongs to: a repository's name may be another one's by now, its id is not."""
    repo = place.repo
    named = ("id", repo.external_id) if repo.external_id else ("name", repo.identifier)
    return (place.tenant, place.host.get_mirror_identity(), *named)


def _age(folder: Path) -> float:
    """Seconds since a mirror was made; 0 where there is none."""
    try:
        return time.time() - (folder / "HEAD").stat().st_mtime
    except OSError:
        return 0.0


def _refused_ttl() -> float:
    return options.get_float("scm.mirrors.refused-ttl")


def _watch(folder: Path) -> SizeWatch:
    return SizeWatch(
        folder,
        options.get_int("scm.mirrors.max-bytes"),
        unfiltered_limit=options.get_int("scm.mirrors.full-max-bytes"),
    )


class _Mirror:
    """A mirror that is kept from removal while it is read."""

    def __init__(self, git: Git, remote: MirrorRemote, store: MirrorStore, key: str) -> None:
        self._git = git
        self._remote = remote
        self._store = store
        self._key = key
        self._was_empty: bool | None = None  # before the first contents that were fetched here

    def blame(self, asked: _Asked) -> _Blamed:
        absent = self._absent_commits({file.sha for file in asked})
        results: dict[AskedFile, FileBlame | ScmError] = {}
        found: dict[AskedFile, FoundFile] = {}
        for file in asked:
            try:
                if file.sha in absent:
                    raise NotFound("commit")
                where = find_file(self._git, file)
                if where.missing and self._is_too_large(file):
                    raise _file_too_large()
                found[file] = where
            except ScmError as error:
                results[file] = error
        self._complete(found)
        for file, where in found.items():
            results[file] = self._blame_file(file, where, asked[file])
        blamed = [blame for blame in results.values() if isinstance(blame, FileBlame)]
        shas = {line.sha for blame in blamed for line in blame.lines.values()}
        return _Blamed(files=results, commits=read_commits(self._git, shas))

    # --- commits -----------------------------------------------------------------------------

    def _absent_commits(self, shas: Iterable[str]) -> set[str]:
        """Those that the host has not either, after at most one refresh."""
        absent = {sha for sha in shas if not has_commit(self._git, sha)}
        if not absent:
            return absent
        with self._store.fetching(self._key):
            absent = {sha for sha in absent if not has_commit(self._git, sha)}
            if absent:
                clear_leftovers(self._git.git_dir)
                self._remote.fetch_refs(self._git, _watch(self._git.git_dir))
                mirror_upkeep.after_refs(self._git)
                absent = {sha for sha in absent if not self._reaches(sha)}
        self._make_room()
        return absent

    def _reaches(self, sha: str) -> bool:
        """Whether a commit came with the branches and tags, or comes when asked for by its id."""
        if not has_commit(self._git, sha):
            with suppress(NotFound):
                self._remote.fetch_commit(self._git, _watch(self._git.git_dir), sha)
        return has_commit(self._git, sha)

    # --- contents ----------------------------------------------------------------------------

    def _is_too_large(self, file: AskedFile) -> bool:
        """Whether what the file lacks would not fit; what is here is blamed all the same."""
        return self._store.is_refused(self._key, file.path, within=_refused_ttl())

    def _complete(self, found: Mapping[AskedFile, FoundFile]) -> None:
        """Fetches what the blames of files lack, all at once; a file that is here is complete."""
        lacking = {file: where for file, where in found.items() if where.missing}
        if lacking:
            known = [each for where in lacking.values() for each in where.missing]
            self._fetch(lambda: self._missing(lacking, known))

    def _missing(
        self, files: Iterable[AskedFile], known: Iterable[str], *, again: bool = False
    ) -> list[str]:
        starts = [(file.sha, file.git_path) for file in files]
        return missing_objects(self._git, starts, known=known, contents_are_there=again)

    def _fetch(self, missing: Callable[[], Sequence[str]]) -> bool:
        """Fetches objects; whether there were any to fetch."""
        with self._store.fetching(self._key):
            ids = missing()
            if not ids:
                return False
            clear_leftovers(self._git.git_dir)
            if self._was_empty is None:
                self._was_empty = is_without_contents(self._git.git_dir)
            self._fetch_within(_watch(self._git.git_dir), ids, was_empty=self._was_empty)
            mirror_upkeep.after_contents(self._git)
        self._make_room()
        return True

    def _fetch_within(self, watch: SizeWatch, ids: Sequence[str], *, was_empty: bool) -> None:
        """Fetches all of these objects or, where they do not fit, none.

        Raises:
            SizeExceededError: the mirror is too large without them, too.
        """
        try:
            with adding_contents(self._git.git_dir):
                self._remote.fetch_objects(self._git, watch, ids)
        except SizeExceededError:
            watch.judge(watch.measure())
            raise _NoRoomError(was_empty=was_empty) from None

    def _blame_file(
        self, file: AskedFile, found: FoundFile, lines: Sequence[int] | None
    ) -> FileBlame | ScmError:
        """Blames; where something in the file's past is missing after all, fetches it first."""
        for _ in range(_FETCHES_PER_FILE):
            try:
                if found.missing:
                    found = find_file(self._git, file)  # now that it is here, it has a size
                if found.missing and self._is_too_large(file):
                    return _file_too_large()
                if found.missing:  # what a link leads to, now that the link is here
                    self._fetch(functools.partial(self._missing, [], found.missing))
                    continue
                return blame_file(self._git, file, found, lines=lines)
            except TooLarge as error:
                return error
            except GitFailedError as failure:
                if self._is_too_large(file):
                    return _file_too_large()
                named = object_ids(failure.stderr)
                if not self._fetch(functools.partial(self._missing, [file], named, again=True)):
                    raise
        return HostUnavailable("the file's history could not be fetched")

    def _make_room(self) -> None:
        self._store.make_room(options.get_int("scm.mirrors.total-bytes"))
