"""Sends webhooks: what a dialect makes of a change, by POST, from a thread of its own.

Only addresses of this machine are sent to. What was sent is on record, without secrets.
"""

from __future__ import annotations

import http.client
import ipaddress
import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from forge_emulator.request_log import redact_headers, redact_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forge_emulator.json_types import JsonObject

_OK = range(200, 300)
_TIMEOUT = 10.0  # seconds for one attempt, as GitHub waits
_FIRST_PAUSE = 0.05  # seconds before the first retry; doubled before each further one


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One webhook request, as the dialect wrote and signed it."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedDelivery:
    """What became of a delivery.

    `headers` have lower-case names and no secrets; `status` is the last answer's, 0 without one;
    `problem` says why there was none. `delivery` is what was sent, for `redeliver`.
    """

    url: str
    headers: Mapping[str, str]
    status: int
    attempts: int
    problem: str = ""
    delivery: Delivery = field(repr=False, compare=False)

    def as_json(self) -> JsonObject:
        return {
            "url": self.url,
            "headers": dict(self.headers),
            "status": self.status,
            "attempts": self.attempts,
            "problem": self.problem,
        }


class Sender:
    """A queue and the thread that empties it; `retries` follow an attempt that was not 2xx."""

    def __init__(self, retries: int = 0) -> None:
        self._retries = retries
        self._waiting: deque[Delivery] = deque()
        self._records: list[RecordedDelivery] = []
        self._changed = threading.Condition()
        self._busy = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish the attempt that runs and send no more; what waits is sent after a `start`."""
        if self._thread is not None:
            self._stop.set()
            with self._changed:
                self._changed.notify_all()
            self._thread.join()
            self._thread = None

    def send(self, delivery: Delivery) -> None:
        """Queue it; deliveries go out in this order, one at a time."""
        with self._changed:
            self._waiting.append(delivery)
            self._changed.notify_all()

    def wait(self, timeout: float) -> list[RecordedDelivery]:
        """All records, once nothing waits any more; raises `TimeoutError`."""
        with self._changed:
            done = self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout)
            if not done:
                raise TimeoutError(f"{len(self._waiting) + self._busy} deliveries are not done")
            return list(self._records)

    def records(self) -> list[RecordedDelivery]:
        with self._changed:
            return list(self._records)

    def clear(self) -> None:
        with self._changed:
            self._records.clear()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or self._stop.is_set())
                if self._stop.is_set():
                    return
                delivery = self._waiting.popleft()
                self._busy = True
            record = self._deliver(delivery)
            with self._changed:
                self._records.append(record)
                self._busy = False
                self._changed.notify_all()

    def _deliver(self, delivery: Delivery) -> RecordedDelivery:
        pause, record = _FIRST_PAUSE, _attempt(delivery)
        while record.status not in _OK and record.attempts <= self._retries and is_local(delivery):
            if self._stop.wait(pause):
                break
            pause *= 2
            record = replace(_attempt(delivery), attempts=record.attempts + 1)
        return record


def is_local(delivery: Delivery) -> bool:
    """Whether a delivery goes to this machine, over plain HTTP."""
    try:
        parts = urlsplit(delivery.url)
        host = parts.hostname or ""
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    return local and parts.scheme == "http"


def _attempt(delivery: Delivery) -> RecordedDelivery:
    """Send it once."""
    status, problem = 0, ""
    if is_local(delivery):
        try:
            status = _post(delivery)
        except (OSError, http.client.HTTPException, ValueError) as error:
            problem = type(error).__name__
    else:
        problem = "not an http address of this machine"
    return RecordedDelivery(
        url=_shown(delivery.url),
        headers=redact_headers(delivery.headers.items()),
        status=status,
        attempts=1,
        problem=problem,
        delivery=delivery,
    )


def _post(delivery: Delivery) -> int:
    """The status of the answer; redirects are not followed, as on the hosts."""
    parts = urlsplit(delivery.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, delivery.body, dict(delivery.headers))
        answer = connection.getresponse()
        answer.read(1 << 16)
        return answer.status
    finally:
        connection.close()


def _shown(url: str) -> str:
    """The URL without an account and without secret-looking arguments."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "?"
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query=redact_query(parts.query)).geturl()
