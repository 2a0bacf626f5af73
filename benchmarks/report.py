"""The lines that a run prints.

``bench <name> <value> <unit> [<op> <bar> ok|FAIL]``; a precondition that did not hold ends the line
with ``INVALID <why>`` instead.
"""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """What a value must reach: ``op`` is ``<=``, ``>=`` or ``==``."""

    op: str
    value: float

    def holds(self, measured: float) -> bool:
        """Whether the value reaches the bar."""
        return {
            "<=": measured <= self.value,
            ">=": measured >= self.value,
            "==": measured == self.value,
        }[self.op]


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One measured value. ``invalid`` says which precondition did not hold; "" if all did."""

    name: str
    value: float
    unit: str
    bar: Bar | None = None
    invalid: str = ""

    @property
    def good(self) -> bool:
        """Whether the value counts and reaches its bar."""
        return not self.invalid and (self.bar is None or self.bar.holds(self.value))

    def line(self) -> str:
        """The line to print."""
        start = f"bench {self.name} {self.value:.4g} {self.unit}"
        if self.invalid:
            return f"{start} INVALID {self.invalid}"
        if self.bar is None:
            return start
        verdict = "ok" if self.good else "FAIL"
        return f"{start} {self.bar.op} {self.bar.value:g} {verdict}"


def at_most(value: float) -> Bar:
    """The bar of a value that should be small."""
    return Bar(op="<=", value=value)


def at_least(value: float) -> Bar:
    """The bar of a value that should be large."""
    return Bar(op=">=", value=value)


def exactly(value: float) -> Bar:
    """The bar of a value that has one right answer."""
    return Bar(op="==", value=value)


def ratio_of_rounds(rounds: list[tuple[float, float]]) -> float:
    """The median over alternating rounds of the first measurement divided by the second."""
    return median(first / second for first, second in rounds)
