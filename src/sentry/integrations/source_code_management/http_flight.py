"""Lets one thread ask a host what several of this process want at the same time.

Who is first asks; the others wait, each within its own time, and have the same answer. What failed
is not told on, be it in passing or for want of the first one's time: the next one asks. After a
write nobody joins what was asked before it, so that everybody sees what he has written.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sentry.integrations.source_code_management.http_answers import HostResponse

_FAILED = 500


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
    """A read that is under way; ``done`` is set at its end, with or without an answer."""

    leader: int
    done: threading.Event
    answer: HostResponse | None = None


class Flights:
    """The reads of this process that are under way. Safe for use by many threads."""

    def __init__(self) -> None:
        """None is."""
        self._joinable: dict[Read, _Flight] = {}
        self._lock = threading.Lock()

    def run(
        self, read: Read, ask: Callable[[], HostResponse], left: Callable[[], float]
    ) -> HostResponse:
        """The answer to a read: of ``ask``, or of another thread that is at it already.

        A failure of the host (a status from 500) is the answer of the one who asked alone. No lock
        is held while ``ask`` runs or somebody waits; a read inside of the same read asks by itself.

        Args:
            read: what is asked.
            ask: asks the host.
            left: seconds that this caller may wait, more than 0; raises where there are none.

        Raises:
            What ``ask`` and ``left`` raise.
        """
        while True:
            with self._lock:
                flight = self._joinable.get(read)
                is_first = flight is None
                if flight is None:
                    flight = _Flight(threading.get_ident(), threading.Event())
                    self._joinable[read] = flight
            if is_first:
                return self._lead(read, flight, ask)
            if flight.leader == threading.get_ident():
                return ask()
            while not flight.done.wait(left()):
                pass
            if flight.answer is not None:
                return flight.answer

    def _lead(self, read: Read, flight: _Flight, ask: Callable[[], HostResponse]) -> HostResponse:
        try:
            answer = ask()
            if answer.status < _FAILED:
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
