"""Raises when product code reaches for the network, a process or a sleep inside ``atomic()``.

A transaction that waits for something outside holds its locks, on SQLite the only write lock,
for as long as the other side likes. The transaction that a TestCase wraps around a test does not
count. The interpreter's audit events show every way out (PEP 578); ``httpx`` is watched by itself,
because its requests may end in a transport that a test has put there.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

_EVENTS = frozenset(
    {"socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "time.sleep"}
)


class OutsideCallInTransactionError(AssertionError):
    """Something outside was called inside a transaction of product code."""


class _Guard:
    def __init__(self) -> None:
        self.active = False
        self.installed = False
        self.violations: list[str] = []

    def audit(self, event: str, _arguments: tuple[object, ...]) -> None:
        if self.active and event in _EVENTS:
            self.check(event)

    def check(self, event: str) -> None:
        if self.active and in_product_transaction():
            self.violations.append(event)
            raise OutsideCallInTransactionError(f"{event} inside transaction.atomic()")


_guard = _Guard()


def in_product_transaction() -> bool:
    """Whether this thread is inside an ``atomic()`` other than the one of a TestCase."""
    from django.db import connections  # noqa: PLC0415 - this module is loaded before the settings

    return any(
        not getattr(block, "_from_testcase", False)
        for connection in connections.all(initialized_only=True)
        for block in connection.atomic_blocks
    )


@contextmanager
def transactions_stay_inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Watches a test.

    Raises:
        OutsideCallInTransactionError: at the call, and again at the end where product code
            swallowed it.
    """
    if not _guard.installed:
        sys.addaudithook(_guard.audit)
        _guard.installed = True
    _watch_httpx(monkeypatch)
    _guard.violations.clear()
    _guard.active = True
    try:
        yield
    finally:
        _guard.active = False
    if _guard.violations:
        raise OutsideCallInTransactionError(
            f"inside transaction.atomic(): {', '.join(_guard.violations)}"
        )


@contextmanager
def expected_violation() -> Iterator[None]:
    """For the guard's own tests: what happens inside is forgotten at the end."""
    try:
        yield
    finally:
        _guard.violations.clear()


def _watch_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    send = httpx.Client.send

    def watched(self: httpx.Client, *args: Any, **kwargs: Any) -> httpx.Response:
        _guard.check("httpx.Client.send")
        return send(self, *args, **kwargs)

    monkeypatch.setattr(httpx.Client, "send", watched)
