"""Remembers answers with an ETag, so that a host need not send again what did not change."""

import hashlib
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from sentry.integrations.source_code_management.http_answers import HostResponse

_OVERHEAD = 512  # bytes that an entry takes beside its body, roughly
_WORTH_PACKING = 4096  # bytes; a list's page of 600 KB becomes one of 30, in some milliseconds


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheKey:
    """What an answer belongs to. Another credential never sees it: ``identity`` is its digest."""

    identity: str
    method: str
    url: str
    accept: str


def digest(*parts: str) -> str:
    """Names a credential without telling it: a SHA-256 over its parts."""
    joined = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Entry:
    """An answer as it is kept: its body packed, where that makes it smaller."""

    answer: HostResponse
    is_packed: bool

    @classmethod
    def of(cls, answer: HostResponse) -> "_Entry":
        if len(answer.body) >= _WORTH_PACKING:
            packed = zlib.compress(answer.body, level=1)
            if len(packed) < len(answer.body):
                return cls(replace(answer, body=packed), is_packed=True)
        return cls(answer, is_packed=False)

    def unpacked(self) -> HostResponse:
        if not self.is_packed:
            return self.answer
        return replace(self.answer, body=zlib.decompress(self.answer.body))

    def size(self) -> int:
        return len(self.answer.body) + _OVERHEAD


class ResponseCache:
    """The answers last used, bounded by entries and by bytes. Safe for use by many threads.

    Bodies are kept compressed: a walk through all the pages of a long list takes little room.
    """

    def __init__(self, *, max_entries: Callable[[], int], max_bytes: Callable[[], int]) -> None:
        """Takes the bounds as functions, since an operator may change them at run time."""
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: OrderedDict[CacheKey, _Entry] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: CacheKey) -> HostResponse | None:
        """The remembered answer. It must be confirmed with its ETag before it is used."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
        return None if entry is None else entry.unpacked()

    def put(self, key: CacheKey, response: HostResponse) -> None:
        """Remembers an answer; forgets the ones used longest ago. One too large is not kept."""
        entry = _Entry.of(response)
        with self._lock:
            self._drop(key)
            if entry.size() <= self._max_bytes() // 8 and self._max_entries() > 0:
                self._entries[key] = entry
                self._bytes += entry.size()
            while len(self._entries) > self._max_entries() or self._bytes > self._max_bytes():
                self._drop(next(iter(self._entries)))

    def _drop(self, key: CacheKey) -> None:
        gone = self._entries.pop(key, None)
        if gone is not None:
            self._bytes -= gone.size()

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0
