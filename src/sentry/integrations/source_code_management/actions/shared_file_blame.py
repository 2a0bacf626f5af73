"""Blames whole files once for all who ask together, and remembers them as lines are.

A file is given piece by piece; only one that is small enough is read to its end before, so that
others can be told of it. What is remembered here answers questions about the file's lines, too.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from sentry.integrations.base import Integration
from sentry.integrations.source_code_management.actions.shared_blame import (
    BlameKeys,
    told_error,
)
from sentry.integrations.source_code_management.blame_codec import (
    WholeBlame,
    decode_whole,
    encode_whole,
)
from sentry.integrations.source_code_management.errors import ScmError
from sentry.integrations.source_code_management.shared_store import shared_store
from sentry.integrations.source_code_management.single_flight import Answers, Found, SingleFlight
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    BlameSource,
    RepositoryRef,
)
from sentry.utils.redis import store_errors

logger = logging.getLogger(__name__)

_LARGEST = 2 * 1024 * 1024  # characters of lines and messages to read before the first is given
_OVERHEAD = 256  # that a range takes beside them, roughly
_TOO_LARGE = b""  # what is told of a file that each must ask for by itself

type AskFile = Callable[[], Iterable[BlameRangeInfo]]


def blame_file_once(
    installation: Integration,
    repo: RepositoryRef,
    ask: AskFile,
    *,
    path: str,
    sha: str,
    source: BlameSource,
) -> Iterator[BlameRangeInfo]:
    """The ranges of a file in order, from memory, from who asks already, or from ``ask``.

    Args:
        installation: whose host is asked.
        repo: the repository.
        ask: asks the host or the mirror, as ``CommitContextIntegration.get_file_blame`` does.
        path: the file's.
        sha: a full commit id.
        source: which of the two ``ask`` asks; what one said is not met by who asks the other.

    Raises:
        DeadlineExceeded: the caller's time was up. Else what ``ask`` raises.
    """
    keys = BlameKeys(installation, source)
    key = keys.file(repo, path=path, sha=sha)
    value = _remembered(key) if keys.ttl > 0 else None
    if value is None:
        reading = _Reading(keys, ask)
        answer = SingleFlight(shared_store()).run([key], reading.find_out)[key]
        if reading.failure is not None:
            raise reading.failure
        if reading.pieces is not None:
            yield from reading.pieces
            return
        if isinstance(answer, ScmError):
            raise answer
        value = answer.value
    if value == _TOO_LARGE:
        yield from ask()
        return
    whole = decode_whole(value)
    if isinstance(whole, ScmError):
        raise whole
    yield from whole.ranges


def _remembered(key: str) -> bytes | None:
    try:
        entry = shared_store().read([key]).get(key)
    except store_errors():
        logger.exception("scm.shared.store_failed")
        return None
    return None if entry is None else entry.value


class _Reading:
    """Asks, and reads as much as others may be told.

    ``pieces`` are then what this caller gives, those that were read and those that follow, or
    ``failure`` is why there are none.
    """

    def __init__(self, keys: BlameKeys, ask: AskFile) -> None:
        self.pieces: Iterable[BlameRangeInfo] | None = None
        self.failure: ScmError | None = None
        self._keys = keys
        self._ask = ask

    def find_out(self, names: Sequence[str]) -> Answers:
        (key,) = names
        read: list[BlameRangeInfo] = []
        try:
            ranges = iter(self._ask())
            size = 0
            for piece in ranges:
                read.append(piece)
                size += _size(piece)
                if size > _LARGEST:
                    self.pieces = chain(read, ranges)
                    return {key: Found(value=_TOO_LARGE)}
        except ScmError as error:
            self.failure = error
            return {key: told_error(error)}
        self.pieces = read
        whole = WholeBlame(ranges=tuple(read), has_ignore_revs=None)
        return {key: self._keys.found(encode_whole(whole))}


def _size(piece: BlameRangeInfo) -> int:
    return _OVERHEAD + len(piece.commit.message) + sum(len(line) + 1 for line in piece.lines)
