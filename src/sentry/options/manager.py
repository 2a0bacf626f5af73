"""Keeps the registered options and their values."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

type OptionValue = bool | int | float | str | list[str]


class UnknownOptionError(KeyError):
    """No option of this name is registered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One option: its name, its default, which also gives its type, and what it does."""

    name: str
    default: OptionValue
    help: str

    @property
    def environment_name(self) -> str:
        """The variable by which an operator sets it."""
        return "SENTRY_OPTION_" + self.name.upper().replace(".", "_").replace("-", "_")


def _parse(option: Option, text: str) -> OptionValue:
    if isinstance(option.default, str):
        return text
    if isinstance(option.default, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(option.default, bool) and isinstance(value, bool):
        return value
    if isinstance(option.default, float) and isinstance(value, int | float):
        return float(value)
    if type(value) is type(option.default):
        parsed: OptionValue = value
        return parsed
    kind = type(option.default).__name__
    raise ValueError(f"{option.environment_name}: expected a value of type {kind}, got {text!r}")


class OptionsManager:
    """Registers options and gives their values: overridden, set by the environment, or default."""

    def __init__(self) -> None:
        """Starts empty; ``options/defaults.py`` fills it."""
        self._options: dict[str, Option] = {}
        self._values: dict[str, OptionValue] = {}

    def register(self, name: str, *, default: OptionValue, help: str) -> None:  # noqa: A002
        """Adds an option.

        Raises:
            ValueError: the name is taken, or the environment holds a value of another type.
        """
        if name in self._options:
            raise ValueError(f"the option {name} is registered twice")
        option = Option(name=name, default=default, help=help)
        self._options[name] = option
        text = os.environ.get(option.environment_name)
        self._values[name] = default if text is None else _parse(option, text)

    def get(self, name: str) -> OptionValue:
        """The value of an option.

        Raises:
            UnknownOptionError: no such option is registered.
        """
        try:
            return self._values[name]
        except KeyError:
            raise UnknownOptionError(name) from None

    def get_int(self, name: str) -> int:
        """The value of a whole-number option."""
        value = self.get(name)
        if not isinstance(value, int):
            raise TypeError(name)
        return value

    def get_float(self, name: str) -> float:
        """The value of a number option."""
        value = self.get(name)
        if not isinstance(value, int | float):
            raise TypeError(name)
        return float(value)

    def all_options(self) -> list[Option]:
        """Every registered option, by name."""
        return sorted(self._options.values(), key=lambda option: option.name)

    @contextmanager
    def override(self, values: Mapping[str, OptionValue]) -> Iterator[None]:
        """Sets options inside the block, in this process.

        Raises:
            UnknownOptionError: no such option is registered.
        """
        for name in values:
            if name not in self._options:
                raise UnknownOptionError(name)
        before = self._values
        self._values = {**before, **values}
        try:
            yield
        finally:
            self._values = before
