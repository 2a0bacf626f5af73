"""Which way lines are blamed: by their host, or by git on a mirror of the repository.

The host answers where it can, unless the operator chose mirrors for its provider, the commit has a
``.git-blame-ignore-revs``, which no host honours, or the host gave up on the file.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast

from sentry import options
from sentry.integrations.base import Integration
from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management import mirror
from sentry.integrations.source_code_management.actions.credential_health import (
    Watched,
    watching,
)
from sentry.integrations.source_code_management.actions.installations import provider_key, ref_of
from sentry.integrations.source_code_management.actions.mirrors import (
    MIRRORS_OFF,
    mirror_place,
    prepare_mirror_later,
)
from sentry.integrations.source_code_management.actions.shared_blame import blame_once
from sentry.integrations.source_code_management.actions.shared_file_blame import (
    AskFile,
    blame_file_once,
)
from sentry.integrations.source_code_management.commit_context import CommitContextIntegration
from sentry.integrations.source_code_management.errors import (
    HostError,
    HostGaveUp,
    MirrorRefused,
    NotFound,
    PreconditionFailed,
    ScmError,
    TooLarge,
    Unsupported,
)
from sentry.integrations.source_code_management.mirror_blame import IGNORE_REVS
from sentry.integrations.source_code_management.repository import (
    FileIntegration,
    MirrorIntegration,
)
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    BlameSource,
    Capability,
    FileBlameInfo,
    Repository,
    SourceLineInfo,
)
from sentry.utils.deadline import deadline_at, deadline_end

logger = logging.getLogger(__name__)

_MOST_REMEMBERED = 10_000
# What an answer that is already there needs to leave, of the time that is left.
_RESERVED = 0.1

type Answer = FileBlameInfo | ScmError


class BlameSources:
    """The ways to blame files of one repository."""

    def __init__(self, installation: Integration, repository: Repository) -> None:
        """Makes no request.

        Raises:
            Unsupported: there is no way.
        """
        self._installation = installation
        self._repository = repository
        self._repo = ref_of(repository)
        watched = Watched(installation)
        self._native = (
            cast("CommitContextIntegration", watched)
            if isinstance(installation, CommitContextIntegration)
            else None
        )
        self._files = (
            cast("FileIntegration", watched) if isinstance(installation, FileIntegration) else None
        )
        self._place = mirror_place(installation, repository)
        if self._native is None and self._place is None:
            raise self._unsupported()

    def blame_lines(self, lines: Sequence[SourceLineInfo]) -> list[Answer]:
        """The blame of each line at its place; their refs are full ids.

        Where a mirror should answer and cannot, the host does, and says so
        (``ignore_revs_applied`` is false).

        Raises:
            HostError, PreconditionFailed, Unsupported, DeadlineExceeded: nothing could be asked.
        """
        if self._place is None or self._native is None:
            return self._only_way(lines)
        if self._is_chosen():
            return self._chosen_way(self._native, self._place, lines)
        return self._best_way(self._native, self._place, lines)

    def blame_whole_file(self, *, path: str, sha: str) -> Iterator[BlameRangeInfo]:
        """The ranges of a file in order, as of commit ``sha`` (a full id).

        Raises:
            NotFound: no such commit or file. TooLarge: the file, or its past, and no host blames
                it. Else as ``blame_lines``.
        """
        if self._place is not None and self._wants_mirror(sha):
            try:
                yield from self._whole_on_mirror(self._place, path, sha)
            except (MirrorRefused, TooLarge):
                if self._native is None:
                    raise
            except (HostError, PreconditionFailed) as error:
                if self._native is None or self._is_chosen():
                    raise
                self._log_fallback(error)
            else:
                return
        if self._native is None:
            raise self._unsupported()
        try:
            yield from self._whole_on_host(self._native, path, sha)
        except HostGaveUp:
            if self._place is None:
                raise
            yield from self._whole_on_mirror(self._place, path, sha)

    # --- ways --------------------------------------------------------------------------------

    def _unsupported(self) -> Unsupported:
        provider = integrations.get(self._installation.model.provider)
        why = provider.reason_against(Capability.BLAME)
        if isinstance(self._installation, MirrorIntegration):
            why = MIRRORS_OFF
        return Unsupported(provider.key, Capability.BLAME, why)

    def _only_way(self, lines: Sequence[SourceLineInfo]) -> list[Answer]:
        if self._place is not None:
            return self._on_mirror(self._place, lines)
        if self._native is not None:
            return self._once(self._native, lines)
        raise self._unsupported()

    def _on_mirror(
        self, place: mirror.MirrorPlace, lines: Sequence[SourceLineInfo]
    ) -> list[Answer]:
        """The mirror's answers, which others who ask the same share."""

        def ask(lines: Sequence[SourceLineInfo]) -> list[Answer]:
            with self._mirroring():
                return mirror.blame_lines(place, lines)

        return blame_once(self._installation, lines, ask, source=BlameSource.MIRROR)

    def _whole_on_mirror(
        self, place: mirror.MirrorPlace, path: str, sha: str
    ) -> Iterator[BlameRangeInfo]:
        def ask() -> list[BlameRangeInfo]:
            with self._mirroring():
                return mirror.blame_whole_file(place, path=path, sha=sha)

        return self._whole_once(ask, path, sha, BlameSource.MIRROR)

    def _whole_on_host(
        self, native: CommitContextIntegration, path: str, sha: str
    ) -> Iterator[BlameRangeInfo]:
        def ask() -> Iterator[BlameRangeInfo]:
            return native.get_file_blame(self._repo, path=path, sha=sha)

        return self._whole_once(ask, path, sha, BlameSource.NATIVE)

    def _whole_once(
        self, ask: AskFile, path: str, sha: str, source: BlameSource
    ) -> Iterator[BlameRangeInfo]:
        """A file's ranges, which others who ask the same share."""
        return blame_file_once(
            self._installation, self._repo, ask, path=path, sha=sha, source=source
        )

    @contextmanager
    def _mirroring(self) -> Iterator[None]:
        """Watches the credential; a mirror for which there was no time is made by a task."""
        try:
            with watching(self._installation):
                yield
        except mirror.MirrorNotMadeError:
            prepare_mirror_later(self._repository)
            raise

    def _is_chosen(self) -> bool:
        chosen = options.get("scm.mirrors.use-for")
        return isinstance(chosen, list) and provider_key(self._installation) in chosen

    def _wants_mirror(self, sha: str) -> bool:
        return self._native is None or self._is_chosen() or self._has_ignore_revs(sha)

    def _best_way(
        self,
        native: CommitContextIntegration,
        place: mirror.MirrorPlace,
        lines: Sequence[SourceLineInfo],
    ) -> list[Answer]:
        """The host's answers, and the mirror's where the host's are not good enough."""
        known = [_remembered.get(line.ref) is True for line in lines]
        if not all(known):
            answers = self._host_answers(native, lines)
            wanting = [self._is_wanting(answer) for answer in answers]
            return self._improved(place, lines, answers, wanting)
        try:
            with _time_for_answers():
                answers = self._on_mirror(place, lines)
        except ScmError as error:
            self._log_fallback(error)
            return self._once(native, lines)
        failed = [isinstance(each, ScmError) and not isinstance(each, NotFound) for each in answers]
        return self._with_the_hosts(native, lines, answers, failed)

    def _chosen_way(
        self,
        native: CommitContextIntegration,
        place: mirror.MirrorPlace,
        lines: Sequence[SourceLineInfo],
    ) -> list[Answer]:
        """The mirror's answers, and the host's where there may be no mirror, or not of the file."""
        try:
            answers = self._on_mirror(place, lines)
        except MirrorRefused:
            return self._once(native, lines)
        refused = [isinstance(answer, (MirrorRefused, TooLarge)) for answer in answers]
        return self._with_the_hosts(native, lines, answers, refused)

    def _with_the_hosts(
        self,
        native: CommitContextIntegration,
        lines: Sequence[SourceLineInfo],
        answers: Sequence[Answer],
        wanting: Sequence[bool],
    ) -> list[Answer]:
        """The answers, the host's in the place of each wanting one."""
        asked = _chosen_of(lines, wanting)
        better = iter(self._once(native, asked) if asked else [])
        return [
            next(better) if wanted else answer
            for answer, wanted in zip(answers, wanting, strict=True)
        ]

    def _host_answers(
        self, native: CommitContextIntegration, lines: Sequence[SourceLineInfo]
    ) -> list[Answer]:
        try:
            return self._once(native, lines)
        except HostGaveUp as error:
            return [error] * len(lines)

    def _once(
        self, native: CommitContextIntegration, lines: Sequence[SourceLineInfo]
    ) -> list[Answer]:
        """The host's answers, which others who ask the same share."""
        ask = native.get_blame_for_files
        return blame_once(self._installation, lines, ask, source=BlameSource.NATIVE)

    def _is_wanting(self, answer: Answer) -> bool:
        """Whether the mirror would answer better than the host did."""
        if isinstance(answer, ScmError):
            return isinstance(answer, HostGaveUp)
        if answer.has_ignore_revs is not None:
            _remembered.put(answer.line.ref, answer.has_ignore_revs)
            return answer.has_ignore_revs
        return self._has_ignore_revs(answer.line.ref)

    def _improved(
        self,
        place: mirror.MirrorPlace,
        lines: Sequence[SourceLineInfo],
        answers: Sequence[Answer],
        wanting: Sequence[bool],
    ) -> list[Answer]:
        """The answers, each wanting one replaced where the mirror has a better one."""
        asked = _chosen_of(lines, wanting)
        if not asked:
            return list(answers)
        try:
            with _time_for_answers():
                better = iter(self._on_mirror(place, asked))
        except ScmError as error:
            self._log_fallback(error)
            return list(answers)
        merged: list[Answer] = []
        for answer, wanted in zip(answers, wanting, strict=True):
            found = next(better) if wanted else answer
            merged.append(found if isinstance(found, FileBlameInfo) else answer)
        return merged

    def _log_fallback(self, error: ScmError) -> None:
        facts = {"repository": self._repo.identifier, "error": type(error).__name__}
        logger.info("blame.mirror_failed", extra=facts)

    # --- revisions to ignore -----------------------------------------------------------------

    def _has_ignore_revs(self, sha: str) -> bool:
        """Whether a commit has a file of revisions to ignore; the host is asked once."""
        remembered = _remembered.get(sha)
        if remembered is not None:
            return remembered
        if self._files is None:
            return False
        try:
            self._files.get_file(self._repo, path=IGNORE_REVS, sha=sha, max_bytes=1)
        except NotFound:
            found = False
        except ScmError:
            return False
        else:
            found = True
        _remembered.put(sha, found)
        return found


class _IgnoreRevsMemory:
    """Which commits have a file of revisions to ignore. A commit's id is that of its files, too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, tuple[bool, float]] = OrderedDict()

    def get(self, sha: str) -> bool | None:
        with self._lock:
            found, at = self._entries.get(sha, (None, 0.0))
        fresh = time.monotonic() - at < options.get_float("scm.blame.ignore-revs-ttl")
        return found if fresh else None

    def put(self, sha: str, found: bool) -> None:
        with self._lock:
            self._entries[sha] = (found, time.monotonic())
            self._entries.move_to_end(sha)
            if len(self._entries) > _MOST_REMEMBERED:
                self._entries.popitem(last=False)


_remembered = _IgnoreRevsMemory()


def _chosen_of[T](items: Sequence[T], wanted: Sequence[bool]) -> list[T]:
    return [item for item, is_wanted in zip(items, wanted, strict=True) if is_wanted]


def _time_for_answers() -> AbstractContextManager[None]:
    """Leaves a part of the caller's time, so that answers that are there arrive in any case."""
    end = deadline_end()
    if end is None:
        return nullcontext()
    now = time.monotonic()
    return deadline_at(end - min(1.0, _RESERVED * max(0.0, end - now)))
