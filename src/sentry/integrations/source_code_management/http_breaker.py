"""Leaves a host alone that fails again and again, and looks now and then whether it is back. Pure.

After the circuit breaker of Nygard's "Release It!": closed, calls pass; open, they fail at once;
half open, one call at a time passes and its outcome decides.
"""

import threading
from dataclasses import dataclass

_PROBE_SECONDS = 30.0  # a probe of which nothing is heard stands in nobody's way longer
_PROBE_WAIT = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class BreakerRule:
    """When a circuit opens.

    Attributes:
        failures: so many in a row open it; 0: never.
        window: seconds in which they must lie.
        pause: seconds that it then stays open.
    """

    failures: int
    window: float
    pause: float


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    first: float = 0.0
    open_until: float | None = None
    probe_until: float = 0.0


class Breaker:
    """The circuits of all hosts, by name. Safe for use by many threads; times are monotonic."""

    def __init__(self) -> None:
        """All are closed."""
        self._circuits: dict[str, _Circuit] = {}
        self._lock = threading.Lock()

    def admit(self, host: str, *, now: float) -> float:
        """0 where a call may go out, whose outcome must then be told; else seconds to wait."""
        with self._lock:
            circuit = self._circuits.get(host)
            if circuit is None or circuit.open_until is None:
                return 0.0
            if circuit.open_until > now:
                return circuit.open_until - now
            if circuit.probe_until > now:
                return _PROBE_WAIT
            circuit.probe_until = now + _PROBE_SECONDS
            return 0.0

    def failed(self, host: str, rule: BreakerRule, *, now: float) -> bool:
        """A call met a host that is not well; whether this opens the circuit."""
        if rule.failures <= 0:
            return False
        with self._lock:
            circuit = self._circuits.setdefault(host, _Circuit())
            if circuit.open_until is not None:
                circuit.open_until, circuit.probe_until = now + rule.pause, 0.0
                return False
            if circuit.failures == 0 or now - circuit.first > rule.window:
                circuit.failures, circuit.first = 0, now
            circuit.failures += 1
            if circuit.failures < rule.failures:
                return False
            circuit.open_until = now + rule.pause
            return True

    def succeeded(self, host: str) -> bool:
        """A host answered; whether this closes the circuit."""
        with self._lock:
            circuit = self._circuits.pop(host, None)
            return circuit is not None and circuit.open_until is not None

    def undecided(self, host: str) -> None:
        """A call ended without a word about the host; another probe may go out."""
        with self._lock:
            circuit = self._circuits.get(host)
            if circuit is not None:
                circuit.probe_until = 0.0
