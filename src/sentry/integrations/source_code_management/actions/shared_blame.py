"""Blames on a host or a mirror once for all who ask together, and remembers it for a minute.

Only what will never change is remembered: who last changed a line, as of a commit by its full id.
What is not there may come, so that it is told only to those who ask at the same moment.
"""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sentry import options
from sentry.integrations.base import Integration
from sentry.integrations.source_code_management.blame_codec import (
    VERSION,
    WholeBlame,
    decode_line,
    decode_whole,
    encode_error,
    encode_line,
    encode_whole,
    is_permanent,
)
from sentry.integrations.source_code_management.errors import ScmError
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.shared_store import shared_store
from sentry.integrations.source_code_management.single_flight import Answers, Found, SingleFlight
from sentry.integrations.source_code_management.types import (
    BlameSource,
    FileBlameInfo,
    RepositoryRef,
    SourceLineInfo,
)
from sentry.utils.redis import store_errors

logger = logging.getLogger(__name__)

_OVERHEAD = 256  # bytes that an entry takes beside its value, roughly
_LARGEST = 512 * 1024

type LineAnswer = FileBlameInfo | ScmError
type Ask = Callable[[Sequence[SourceLineInfo]], list[LineAnswer]]


def blame_once(
    installation: Integration, lines: Sequence[SourceLineInfo], ask: Ask, *, source: BlameSource
) -> list[LineAnswer]:
    """The blame of each line at its place, from memory, from who asks already, or from ``ask``.

    What is shared stays within the organization and its credential: replaced, it begins anew.

    Args:
        installation: whose host is asked.
        lines: their ``ref`` are full commit ids.
        ask: asks the host or the mirror, as ``CommitContextIntegration.get_blame_for_files`` does.
        source: which of the two it asks; what one said is not met by who asks the other.

    Raises:
        DeadlineExceeded: the caller's time was up. Else what ``ask`` raises, where no line has
            another answer.
    """
    question = _Question(BlameKeys(installation, source), ask)
    keys = [question.keys.line(line) for line in lines]
    asked = dict(zip(keys, lines, strict=True))
    answers = question.remembered(asked)
    missing = [key for key in asked if key not in answers]
    if missing:
        flown = SingleFlight(question.store).run(
            missing, lambda mine: question.find_out({key: asked[key] for key in mine})
        )
        told = {key: _opened(flown[key], asked[key]) for key in missing if key not in question.own}
        answers |= told | question.own
    results = [answers[key] for key in keys]
    if question.failure is not None and all(result is question.failure for result in results):
        raise question.failure
    return results


class BlameKeys:
    """Names lines and files for who may meet the same answers, and says what may be kept."""

    def __init__(self, installation: Integration, source: BlameSource) -> None:
        """Takes whose host it is, and whom is asked. ``ttl``: seconds to remember; 0: nothing."""
        self.ttl = options.get_float("scm.blame.cache-ttl")
        # Where nothing is to be remembered, what was remembered before is not met either.
        kind = "kept" if self.ttl > 0 else "told"
        self._scope = digest(VERSION, _scope(installation), source.value, kind)

    def line(self, line: SourceLineInfo) -> str:
        """Names a line."""
        return digest(self.of_file(line), str(line.lineno))

    def of_file(self, line: SourceLineInfo) -> str:
        """Names the file that a line is of."""
        return self.file(line.repo, path=line.path, sha=line.ref)

    def file(self, repo: RepositoryRef, *, path: str, sha: str) -> str:
        """Names a file as of a commit."""
        # A repository's name alone may be another one's by now.
        named = ("id", repo.external_id) if repo.external_id else ("name", repo.identifier)
        return digest(self._scope, *named, sha, path)

    def found(self, value: bytes) -> Found:
        """An answer, kept where there is room for it."""
        return Found(value=value, keep=self.ttl if self.may_keep(value) else 0.0)

    def may_keep(self, value: bytes) -> bool:
        """Whether an answer is to be kept; counts it then."""
        return self.ttl > 0 and len(value) <= _LARGEST and allowance.take(len(value), self.ttl)


class _Question:
    """One call: the names of its answers, the store, and what it found out itself."""

    def __init__(self, keys: BlameKeys, ask: Ask) -> None:
        self.keys = keys
        self.store = shared_store()
        self.own: dict[str, LineAnswer] = {}
        self.failure: ScmError | None = None
        self._ask = ask

    def remembered(self, asked: Mapping[str, SourceLineInfo]) -> dict[str, LineAnswer]:
        """What is known already: of the lines themselves, else of their whole files."""
        if self.keys.ttl <= 0:
            return {}
        try:
            entries = self.store.read(asked)
            answers = {
                key: decode_line(entry.value, asked[key])
                for key, entry in entries.items()
                if entry.value is not None
            }
            rest = {key: line for key, line in asked.items() if key not in answers}
            return answers | self._of_whole_files(rest) if rest else answers
        except store_errors():
            logger.exception("scm.shared.store_failed")
            return {}

    def _of_whole_files(self, asked: Mapping[str, SourceLineInfo]) -> dict[str, LineAnswer]:
        entries = self.store.read({self.keys.of_file(line) for line in asked.values()})
        files = {
            key: whole
            for key, entry in entries.items()
            if entry.value and isinstance(whole := decode_whole(entry.value), WholeBlame)
        }
        return {
            key: files[file].of_line(line)
            for key, line in asked.items()
            if (file := self.keys.of_file(line)) in files
        }

    def find_out(self, asked: Mapping[str, SourceLineInfo]) -> Answers:
        """Asks; gives the lines, and the whole files that came with them."""
        results: Sequence[LineAnswer]
        try:
            results = self._ask(list(asked.values()))
        except ScmError as error:
            self.failure = error
            results = [error] * len(asked)
        answers: Answers = {}
        for (key, line), result in zip(asked.items(), results, strict=True):
            self.own[key] = result
            answers[key] = self._line(result)
            if isinstance(result, FileBlameInfo) and result.whole and self.keys.ttl > 0:
                answers |= self._whole(self.keys.of_file(line), result, answers)
        return answers

    def _line(self, result: LineAnswer) -> Found | ScmError:
        if isinstance(result, ScmError):
            return told_error(result)
        return self.keys.found(encode_line(result))

    def _whole(self, key: str, result: FileBlameInfo, known: Answers) -> Answers:
        if key in known:
            return {}
        value = encode_whole(
            WholeBlame(ranges=result.whole, has_ignore_revs=result.has_ignore_revs)
        )
        return {key: Found(value=value, keep=self.keys.ttl)} if self.keys.may_keep(value) else {}


def told_error(error: ScmError) -> Found | ScmError:
    """What others are told of an error: one that they would meet, too, and no other."""
    return Found(value=encode_error(error)) if is_permanent(error) else error


def _opened(answer: Found | ScmError, line: SourceLineInfo) -> LineAnswer:
    return answer if isinstance(answer, ScmError) else decode_line(answer.value, line)


def _scope(installation: Integration) -> str:
    """Names the organization and the credential that it asks with, without telling either."""
    credential = json.dumps(installation.metadata, sort_keys=True, default=str)
    return digest(str(installation.organization_id), str(installation.model.id), credential)


@dataclass(slots=True)
class _Kept:
    until: float
    size: int


class Allowance:
    """How much this process has in the store: what it puts there is counted until it expires."""

    def __init__(self) -> None:
        """Has nothing there."""
        self._kept: deque[_Kept] = deque()
        self._size = 0
        self._lock = threading.Lock()

    def take(self, size: int, seconds: float) -> bool:
        """Counts a value, if there is room for it under ``scm.blame.cache-bytes``."""
        now = time.monotonic()
        with self._lock:
            while self._kept and self._kept[0].until <= now:
                self._size -= self._kept.popleft().size
            if self._size + size + _OVERHEAD > options.get_int("scm.blame.cache-bytes"):
                return False
            self._kept.append(_Kept(now + seconds, size + _OVERHEAD))
            self._size += size + _OVERHEAD
            return True

    def forget(self) -> None:
        """Counts from nothing again."""
        with self._lock:
            self._kept.clear()
            self._size = 0


allowance = Allowance()
