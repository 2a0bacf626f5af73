"""Switches feature flags for a test."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import override

from sentry import features
from sentry.testutils.helpers.block import Block

type Flags = str | Sequence[str] | Mapping[str, bool]


class with_feature(Block):  # noqa: N801 - used as a context manager
    """Switches flags inside a ``with`` block, or while a decorated function runs.

    ::

        with with_feature("organizations:some-thing"): ...

        @with_feature({"organizations:some-thing": False})
        def test_something(self): ...

    They hold for every organization, in this process; it is stronger than the environment and the
    database. Entering it raises ``UnknownFeatureError`` for a name that is not registered.
    """

    def __init__(self, flags: Flags) -> None:
        """Takes the names of flags to switch on, or names and whether each is on."""
        super().__init__()
        names = [flags] if isinstance(flags, str) else flags
        if isinstance(names, Mapping):
            self._values = dict(names)
        else:
            self._values = dict.fromkeys(names, True)

    @override
    def _inside(self) -> AbstractContextManager[None]:
        return features.override(self._values)

    @override
    def _recreate_cm(self) -> "with_feature":
        return with_feature(self._values)
