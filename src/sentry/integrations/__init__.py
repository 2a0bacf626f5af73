"""Integrations with hosts: the domain, the providers and the RPC door.

The names below are loaded on first use, so that the pure parts of this package can be imported
without Django.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentry.integrations.base import Integration, IntegrationProvider

__all__ = ["Integration", "IntegrationProvider"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from sentry.integrations import base  # noqa: PLC0415 - see the module's docstring

        value: object = getattr(base, name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
