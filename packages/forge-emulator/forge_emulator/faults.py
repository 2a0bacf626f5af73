"""Faults that are injected on request: which there are, and which request they meet.

What a fault looks like on the wire is in `fault_effects` and, where the host has a form of its
own for it, in the dialect.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forge_emulator.request_log import Kind

FaultKind = Literal[
    "latency",
    "status",
    "rate_limit_primary",
    "rate_limit_secondary",
    "graphql_errors",
    "resource_limits_exceeded",
    "html",
    "truncated",
    "empty",
    "drop",
    "slow_drip",
    "oversized",
    "gzip_bomb",
    "redirect",
    "refuse_partial_clone",
]
FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault and the requests that it meets.

    `match` is "rest", "graphql" or "git" for all requests of that kind, else a part of the path;
    empty matches everything. `method` narrows it. `times` is how often it strikes, None for ever.

    `status` (status, html, redirect, rate_limit_secondary), `headers`, `body` and `content_type`
    (status, html, graphql_errors, truncated, slow_drip) shape the answer; `seconds` is the wait of
    latency, the whole length of slow_drip, and `retry-after` of rate_limit_secondary; `size` is
    how many bytes oversized and gzip_bomb give when unpacked; `location` is where redirect points.
    """

    kind: FaultKind
    match: str = ""
    method: str | None = None
    times: int | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str | None = None
    seconds: float | None = None
    size: int = 64 * 1024 * 1024
    location: str = ""

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"there is no fault {self.kind!r}")
        if self.kind == "status" and self.status is None:
            raise ValueError("a fault of kind 'status' needs a status")
        if self.kind == "redirect" and not self.location:
            raise ValueError("a fault of kind 'redirect' needs a location")
        if self.times is not None and self.times < 1:
            raise ValueError("times must be 1 or more")

    def meets(self, method: str, path: str, kind: Kind) -> bool:
        if self.method is not None and self.method.upper() != method:
            return False
        if self.match in {"rest", "graphql", "git"}:
            return self.match == kind
        return self.match in path


class Faults:
    """The faults that wait. The first that meets a request strikes; the others go on waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def pending(self) -> list[Fault]:
        """Those that may still strike."""
        with self._lock:
            return [fault for fault, _ in self._waiting]

    def take(self, method: str, path: str, kind: Kind) -> Fault | None:
        """The fault that strikes this request, counted."""
        with self._lock:
            for index, (fault, left) in enumerate(self._waiting):
                if not fault.meets(method, path, kind):
                    continue
                if left == 1:
                    del self._waiting[index]
                elif left is not None:
                    self._waiting[index] = (fault, left - 1)
                return fault
        return None
