"""What one check of ``sentry doctor`` found."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check: what was looked at, how it came out, and what was found or is to do."""

    name: str
    state: State
    text: str
