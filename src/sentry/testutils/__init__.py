"""What tests are made of: cases, factories, a client for both doors.

Public: other packages' tests use it.

The names below are loaded on first use, because the plugin of this package prepares the
environment before Django's settings are read.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentry.testutils.cases import APITestCase, TestCase, TransactionTestCase
    from sentry.testutils.factories import Factories

__all__ = ["APITestCase", "Factories", "TestCase", "TransactionTestCase"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sentry.testutils import cases, factories  # noqa: PLC0415 - see the module's docstring

    value: object = getattr(factories if name == "Factories" else cases, name)
    return value
