"""Sets options for a test."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import override

from sentry import options
from sentry.options import OptionValue
from sentry.testutils.helpers.block import Block


class override_options(Block):  # noqa: N801 - used as a context manager
    """Sets options inside a ``with`` block, or while a decorated function runs, in this process.

    ::

        with override_options({"auth.cache-ttl": 0.0}): ...

        @override_options({"auth.cache-ttl": 0.0})
        def test_something(self): ...

    It is stronger than the environment and the database. Bounds are not checked, so that a test may
    set what no operator can. Entering it raises ``UnknownOptionError`` for a name that is not
    registered.
    """

    def __init__(self, values: Mapping[str, OptionValue]) -> None:
        """Takes the options by name; nothing is set yet."""
        super().__init__()
        self._values = dict(values)

    @override
    def _inside(self) -> AbstractContextManager[None]:
        return options.override(self._values)

    @override
    def _recreate_cm(self) -> "override_options":
        return override_options(self._values)
