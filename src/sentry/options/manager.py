"""Keeps the registered options and their values."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sentry.options.option import MOST, Option, OptionValue, Source, UnknownOptionError

logger = logging.getLogger(__name__)


def _nothing() -> None:
    """A manager of its own has nothing to wait for."""


class OptionsManager:
    """Registers options and gives their values.

    A value is that of the environment, else of the database, else the default; tests override all
    three. ``get`` is one read of a dictionary: what is in the database is put into it from outside
    (``apply_stored``).
    """

    def __init__(self, prepare: Callable[[], None] = _nothing) -> None:
        """Starts empty; ``options/defaults.py`` fills it.

        Args:
            prepare: called before each answer; makes sure that stored values get loaded.
        """
        self._prepare = prepare
        self._options: dict[str, Option] = {}
        self._environment: dict[str, OptionValue] = {}
        self._stored: dict[str, OptionValue] = {}
        self._ignored: dict[str, str] = {}
        self._overridden: dict[str, OptionValue] = {}
        self._values: dict[str, OptionValue] = {}

    def register(
        self,
        name: str,
        *,
        default: OptionValue,
        help: str,  # noqa: A002 - what click and argparse call it
        settable: bool = True,
        minimum: float | None = None,
        above: float | None = None,
        maximum: float = MOST,
        choices: tuple[str, ...] = (),
        pattern: str = "",
    ) -> None:
        """Adds an option; see ``Option`` for the arguments.

        Raises:
            ValueError: the name is taken, or the environment holds what the option does not take.
        """
        if name in self._options:
            raise ValueError(f"the option {name} is registered twice")
        option = Option(
            name=name,
            default=default,
            help=help,
            settable=settable,
            minimum=minimum,
            above=above,
            maximum=maximum,
            choices=choices,
            pattern=pattern,
        )
        self._options[name] = option
        text = os.environ.get(option.environment_name)
        if text is not None:
            try:
                self._environment[name] = option.parse(text)
            except ValueError as error:
                raise ValueError(f"{option.environment_name}: {error}") from None
        self._merge()

    def get(self, name: str) -> OptionValue:
        """The value of an option.

        Raises:
            UnknownOptionError: no such option is registered.
        """
        self._prepare()
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

    def find(self, name: str) -> Option:
        """The option of this name.

        Raises:
            UnknownOptionError: no such option is registered.
        """
        try:
            return self._options[name]
        except KeyError:
            raise UnknownOptionError(name) from None

    def all_options(self) -> list[Option]:
        """Every registered option, by name."""
        return sorted(self._options.values(), key=lambda option: option.name)

    def source_of(self, name: str) -> Source:
        """Where the option's value comes from; overrides of tests do not count."""
        self._prepare()
        if name in self._environment:
            return Source.ENVIRONMENT
        return Source.DATABASE if name in self._stored else Source.DEFAULT

    def apply_stored(self, rows: Mapping[str, object]) -> None:
        """Takes the values that the database holds, all of them.

        What no option takes is left out, and logged when it is first met: another release may
        have stored it.
        """
        stored: dict[str, OptionValue] = {}
        ignored: dict[str, str] = {}
        for name, value in rows.items():
            try:
                stored[name] = self._stored_value(name, value)
            except ValueError as error:
                ignored[name] = str(error)
        for name in ignored.keys() - self._ignored.keys():
            logger.warning(
                "options.stored_value_ignored", extra={"option": name, "cause": ignored[name]}
            )
        self._stored, self._ignored = stored, ignored
        self._merge()

    @property
    def ignored(self) -> dict[str, str]:
        """What the database holds and no option takes: the name, and why."""
        self._prepare()
        return dict(self._ignored)

    @contextmanager
    def override(self, values: Mapping[str, OptionValue]) -> Iterator[None]:
        """Sets options inside the block, in this process. Bounds are not checked.

        Raises:
            UnknownOptionError: no such option is registered.
            ValueError: a value has another type.
        """
        typed = {name: self.find(name).typed(value) for name, value in values.items()}
        before = self._overridden
        self._overridden = {**before, **typed}
        self._merge()
        try:
            yield
        finally:
            self._overridden = before
            self._merge()

    def _stored_value(self, name: str, value: object) -> OptionValue:
        option = self._options.get(name)
        if option is None:
            raise ValueError("no such option is registered")
        if not option.settable:
            raise ValueError("only the environment sets it")
        return option.check(value)

    def _merge(self) -> None:
        defaults = {name: option.default for name, option in self._options.items()}
        # one assignment: a reader sees all the old values or all the new ones
        self._values = {**defaults, **self._stored, **self._environment, **self._overridden}
