"""One option: its type, its bounds, and what values it takes."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum

type OptionValue = bool | int | float | str | list[str]


# What fits into 32 bits with a sign: no count, size or time here is near it.
MOST = 2**31 - 1


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
        maximum: the greatest number that it takes; without one, the most that 32 bits hold.
        choices: the texts that it takes; empty: all.
        pattern: what each of its texts must match from end to end; empty: anything.
    """

    name: str
    default: OptionValue
    help: str
    settable: bool = True
    minimum: float | None = None
    above: float | None = None
    maximum: float = MOST
    choices: tuple[str, ...] = ()
    pattern: str = ""

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
        value: object = text
        if isinstance(self.default, list):
            value = [part.strip() for part in text.split(",") if part.strip()]
        elif not isinstance(self.default, str):
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

    def typed(self, value: object) -> OptionValue:
        """As ``check``, whatever the bounds are: what a test sets.

        Raises:
            ValueError: it has another type.
        """
        typed = self._typed(value)
        if typed is None:
            raise ValueError(
                f"{self.name}: expected a {type(self.default).__name__}, got {value!r}"
            )
        return typed

    def _checked(self, value: object, wrong_type: str) -> OptionValue:
        checked = self._typed(value)
        if checked is None:
            raise ValueError(wrong_type)
        if isinstance(checked, str):
            self._check_text(checked)
        elif isinstance(checked, list):
            for word in checked:
                self._check_text(word)
        elif not isinstance(checked, bool):
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
        if not value <= self.maximum:
            raise ValueError(f"expected a number of at most {self.maximum:,g}, got {value:g}")

    def _check_text(self, text: str) -> None:
        if self.choices and text not in self.choices:
            raise ValueError(f"expected one of {', '.join(self.choices)}, got {text!r}")
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise ValueError(f"{text!r} is not what is expected: {self.help}")
