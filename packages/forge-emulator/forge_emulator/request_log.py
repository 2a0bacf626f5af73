"""What was asked of the emulator, without the secrets."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from forge_emulator.json_types import JsonObject

Kind = Literal["rest", "graphql", "git", "other"]

_REDACTED = "[redacted]"
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "private-token"})
_SECRET_WORDS = ("token", "secret", "password", "signature", "api-key", "apikey")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedRequest:
    """One request; header names are lower case, `query` is the query string.

    `path` is decoded, `encoded_path` is what was sent.

    `status` is what was answered, 0 where the connection was closed without an answer, and
    `fault` the kind of the fault that was injected.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    status: int
    kind: Kind
    fault: str | None = None
    encoded_path: str = ""

    def as_json(self) -> JsonObject:
        return {
            "method": self.method,
            "path": self.path,
            "encoded_path": self.encoded_path,
            "query": self.query,
            "headers": dict(self.headers),
            "status": self.status,
            "kind": self.kind,
            "fault": self.fault,
        }


class RequestLog:
    """The requests so far, oldest first; the oldest leave beyond `size`."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._entries: list[RecordedRequest] = []

    def add(self, entry: RecordedRequest) -> None:
        with self._lock:
            self._entries.append(entry)
            del self._entries[: -self._size]

    def entries(self) -> list[RecordedRequest]:
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


def redact_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers with lower-case names, the values of those that carry secrets replaced."""
    return {name.lower(): _REDACTED if _is_secret(name) else value for name, value in headers}


def redact_query(query: str) -> str:
    """The query string, with the values of secret-looking arguments replaced."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(_is_secret(name) for name, _ in pairs):
        return query
    return urlencode([(name, _REDACTED if _is_secret(name) else value) for name, value in pairs])


def _is_secret(name: str) -> bool:
    lowered = name.lower().replace("_", "-")
    return lowered in _SECRET_HEADERS or any(word in lowered for word in _SECRET_WORDS)
