"""Lets one thread ask a host what several of this process want at the same time.

Who is first asks; the others wait, each within its own time, and have the same answer, or the same
failure of the host. What fails for the first one's own reasons (its time is up, its share is used)
is not told on: the next one asks. After a write nobody joins what was asked before it, so that
everybody sees what he has written; nor does anybody join what has been under way for some seconds,
so that a question which hangs is seen to fail again and again, and the host's circuit opens.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from sentry.integrations.source_code_management.errors import DeadlineExceeded, HostUnavailable
from sentry.integrations.source_code_management.http_answers import HostResponse, Transient

_JOINABLE = 2.0  # seconds from a read's beginning


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A GET as it is sent: two that are equal have the same answer.

    Attributes:
        identity: the credential's digest.
        url: the whole URL.
        headers: those that carry the credential, and those of the call.
        read_at_most: bytes to read of a longer body; None for all.
    """

    identity: str
    url: str
    headers: frozenset[tuple[str, str]] = field(repr=False)
    read_at_most: int | None


@dataclass(eq=False, slots=True)
class _Flight:
    """A read that is under way; ``done`` is set at its end, with or without something to tell."""

    leader: int
    began: float
    done: threading.Event
    answer: HostResponse | None = None
    failure: Transient | HostUnavailable | None = None


class Flights:
    """The reads of this process that are under way. Safe for use by many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """None is. The clock gives monotonic seconds."""
        self._clock = clock
        self._joinable: dict[Read, _Flight] = {}
        self._lock = threading.Lock()

    def run(
        self, read: Read, ask: Callable[[], HostResponse], left: Callable[[], float]
    ) -> HostResponse:
        """The answer to a read: of ``ask``, or of another thread that is at it already.

        No lock is held while ``ask`` runs or somebody waits; a read inside of the same read asks by
        itself.

        Args:
            read: what is asked.
            ask: asks the host.
            left: seconds that this caller may wait, more than 0; raises where there are none.

        Raises:
            What ``ask`` and ``left`` raise. Of another thread's ``ask``: Transient and
            HostUnavailable, unless that thread had no time left.
        """
        while True:
            with self._lock:
                flight, now = self._joinable.get(read), self._clock()
                is_first = flight is None or now - flight.began > _JOINABLE
                if flight is None or is_first:
                    flight = _Flight(threading.get_ident(), now, threading.Event())
                    self._joinable[read] = flight
            if is_first:
                return self._lead(read, flight, ask, left)
            if flight.leader == threading.get_ident():
                return ask()
            while not flight.done.wait(left()):
                pass
            if flight.answer is not None:
                return flight.answer
            if flight.failure is not None:
                raise flight.failure.again()

    def _lead(
        self,
        read: Read,
        flight: _Flight,
        ask: Callable[[], HostResponse],
        left: Callable[[], float],
    ) -> HostResponse:
        try:
            answer = ask()
        except (Transient, HostUnavailable) as failure:
            with suppress(DeadlineExceeded, HostUnavailable):
                left()  # without time it failed for this thread alone
                # without its traceback, which leads back to this flight
                flight.failure = failure.again()
            raise
        else:
            flight.answer = answer
            return answer
        finally:
            with self._lock:
                if self._joinable.get(read) is flight:
                    del self._joinable[read]
            flight.done.set()

    def written(self, identity: str) -> None:
        """Something was written with a credential: who reads from now on asks anew."""
        with self._lock:
            for read in [read for read in self._joinable if read.identity == identity]:
                del self._joinable[read]
