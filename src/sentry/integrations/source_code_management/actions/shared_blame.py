"""Blames lines on a host once for all who ask at the same time, and remembers it for a minute.

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
    encode_line,
    encode_whole,
    is_permanent,
)
from sentry.integrations.source_code_management.errors import ScmError
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.shared_store import SharedStore, shared_store
from sentry.integrations.source_code_management.single_flight import Answers, Found, SingleFlight
from sentry.integrations.source_code_management.types import FileBlameInfo, SourceLineInfo
from sentry.utils.redis import store_errors

logger = logging.getLogger(__name__)

_OVERHEAD = 256  # bytes that an entry takes beside its value, roughly
_LARGEST = 512 * 1024

type LineAnswer = FileBlameInfo | ScmError
type Ask = Callable[[Sequence[SourceLineInfo]], list[LineAnswer]]


def blame_once(
    installation: Integration, lines: Sequence[SourceLineInfo], ask: Ask
) -> list[LineAnswer]:
    """The blame of each line at its place, from memory, from who asks already, or from the host.

    What is shared stays within the organization and its credential: replaced, it begins anew.

    Args:
        installation: whose host is asked.
        lines: their ``ref`` are full commit ids.
        ask: asks the host, as ``CommitContextIntegration.get_blame_for_files`` does.

    Raises:
        DeadlineExceeded: the caller's time was up. Else what ``ask`` raises, where no line has
            another answer.
    """
    question = _Question(_scope(installation), shared_store(), ask)
    keys = [question.key(line) for line in lines]
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


class _Question:
    """One call: the scope of its keys, the store, and what the host said to it itself."""

    def __init__(self, scope: str, store: SharedStore, ask: Ask) -> None:
        self.store = store
        self.own: dict[str, LineAnswer] = {}
        self.failure: ScmError | None = None
        self._ask = ask
        self._ttl = options.get_float("scm.blame.cache-ttl")
        # Where nothing is to be remembered, what was remembered before is not met either.
        self._scope = digest(VERSION, scope, "kept" if self._ttl > 0 else "told")

    def key(self, line: SourceLineInfo) -> str:
        return digest(self._file_key(line), str(line.lineno))

    def _file_key(self, line: SourceLineInfo) -> str:
        return digest(self._scope, line.repo.identifier, line.ref, line.path)

    def remembered(self, asked: Mapping[str, SourceLineInfo]) -> dict[str, LineAnswer]:
        """What is known already: of the lines themselves, else of their whole files."""
        if self._ttl <= 0:
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
        entries = self.store.read({self._file_key(line) for line in asked.values()})
        files = {
            key: decode_whole(entry.value)
            for key, entry in entries.items()
            if entry.value is not None
        }
        return {
            key: files[file].of_line(line)
            for key, line in asked.items()
            if (file := self._file_key(line)) in files
        }

    def find_out(self, asked: Mapping[str, SourceLineInfo]) -> Answers:
        """Asks the host; gives the lines, and the whole files that it told of."""
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
            if isinstance(result, FileBlameInfo) and result.whole and self._ttl > 0:
                answers |= self._whole(self._file_key(line), result, answers)
        return answers

    def _line(self, result: LineAnswer) -> Found | ScmError:
        if isinstance(result, ScmError):
            return Found(value=encode_line(result)) if is_permanent(result) else result
        value = encode_line(result)
        return Found(value=value, keep=self._ttl if self._may_keep(value) else 0.0)

    def _whole(self, key: str, result: FileBlameInfo, known: Answers) -> Answers:
        if key in known:
            return {}
        value = encode_whole(
            WholeBlame(ranges=result.whole, has_ignore_revs=result.has_ignore_revs)
        )
        return {key: Found(value=value, keep=self._ttl)} if self._may_keep(value) else {}

    def _may_keep(self, value: bytes) -> bool:
        return self._ttl > 0 and len(value) <= _LARGEST and allowance.take(len(value), self._ttl)


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
