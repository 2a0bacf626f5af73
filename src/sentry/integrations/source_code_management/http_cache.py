"""Remembers answers with an ETag, so that a host need not send again what did not change."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sentry.integrations.source_code_management.http_answers import HostResponse

_OVERHEAD = 512  # bytes that an entry takes beside its body, roughly


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


class ResponseCache:
    """The answers last used, bounded by entries and by bytes. Safe for use by many threads."""

    def __init__(self, *, max_entries: Callable[[], int], max_bytes: Callable[[], int]) -> None:
        """Takes the bounds as functions, since an operator may change them at run time."""
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: OrderedDict[CacheKey, HostResponse] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: CacheKey) -> HostResponse | None:
        """The remembered answer. It must be confirmed with its ETag before it is used."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: CacheKey, response: HostResponse) -> None:
        """Remembers an answer; forgets the ones used longest ago. One too large is not kept."""
        with self._lock:
            self._drop(key)
            if _size(response) <= self._max_bytes() // 8 and self._max_entries() > 0:
                self._entries[key] = response
                self._bytes += _size(response)
            while len(self._entries) > self._max_entries() or self._bytes > self._max_bytes():
                self._drop(next(iter(self._entries)))

    def _drop(self, key: CacheKey) -> None:
        gone = self._entries.pop(key, None)
        if gone is not None:
            self._bytes -= _size(gone)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0


def _size(response: HostResponse) -> int:
    return len(response.body) + _OVERHEAD
