"""One option: its type, its bounds, and what values it takes."""

import json
from dataclasses import dataclass
from enum import StrEnum

type OptionValue = bool | int | float | str | list[str]


class UnknownOptionError(KeyError):
    """No option of this name is registered."""


class Source(StrEnum):
    """Where an option's value comes from. The first that has one wins."""

    ENVIRONMENT = "environment"
    DATABASE = "database"
    DEFAULT = "default"


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One option. Its default gives its type.

    Attributes:
        name: lower-case words, joined by dots and hyphens.
        default: holds where neither the environment nor the database has a value.
        help: what it does, in one sentence.
        settable: whether it may be changed at run time; else only by the environment.
        minimum: the least number that it takes.
        above: a number that its value must be greater than.
    """

    name: str
    default: OptionValue
    help: str
    settable: bool = True
    minimum: float | None = None
    above: float | None = None

    @property
    def environment_name(self) -> str:
        """The variable by which an operator sets it."""
        return "SENTRY_OPTION_" + self.name.upper().replace(".", "_").replace("-", "_")

    def parse(self, text: str) -> OptionValue:
        """The value that a text stands for, checked.

        Numbers and booleans are written as in JSON, lists with commas, texts as they are.

        Raises:
            ValueError: it stands for none; the text says what is expected.
        """
        if isinstance(self.default, str):
            return text
        if isinstance(self.default, list):
            return [part.strip() for part in text.split(",") if part.strip()]
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        kind = type(self.default).__name__
        return self._checked(value, f"expected a value of type {kind}, got {text!r}")

    def check(self, value: object) -> OptionValue:
        """The value in the option's type: a whole number for a float becomes one.

        Raises:
            ValueError: it has another type, or is out of bounds.
        """
        kind = type(self.default).__name__
        return self._checked(value, f"expected a value of type {kind}, got {value!r}")

    def _checked(self, value: object, wrong_type: str) -> OptionValue:
        checked = self._typed(value)
        if checked is None:
            raise ValueError(wrong_type)
        if not isinstance(checked, bool) and isinstance(checked, int | float):
            self._check_bounds(checked)
        return checked

    def _typed(self, value: object) -> OptionValue | None:
        default = self.default
        if isinstance(default, bool):
            return value if isinstance(value, bool) else None
        if isinstance(default, int):
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        if isinstance(default, float):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return float(value) if is_number else None  # type: ignore[arg-type] # a number
        if isinstance(default, str):
            return value if isinstance(value, str) else None
        if not isinstance(value, list):
            return None
        words = [word for word in value if isinstance(word, str)]
        return words if len(words) == len(value) else None

    def _check_bounds(self, value: float) -> None:
        # "not >=" and "not >": NaN fulfils neither
        if self.minimum is not None and not value >= self.minimum:
            raise ValueError(f"expected a number of at least {self.minimum:g}, got {value}")
        if self.above is not None and not value > self.above:
            raise ValueError(f"expected a number above {self.above:g}, got {value}")
        if value == float("inf"):
            raise ValueError("expected a finite number")
