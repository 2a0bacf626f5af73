"""Serializers: pure functions from a value and its extra data to a JSON object.

Names are camelCase, ids are strings, times are aware and rendered with ``Z``.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NotRequired, TypedDict

from sentry.auth.caller import Caller


class ErrorBody(TypedDict):
    """What every error answers."""

    detail: str
    errors: NotRequired[dict[str, list[str]]]
    eventId: NotRequired[str]


class Serializer[T, A, R](ABC):
    """Turns values of type T with extra data of type A into JSON objects of type R."""

    @abstractmethod
    def get_attrs(self, items: Sequence[T], caller: Caller) -> list[A]:
        """The extra data of each item, in order, fetched for all of them at once."""

    @abstractmethod
    def serialize(self, obj: T, attrs: A, caller: Caller) -> R:
        """One item. Reads nothing: what it needs is in ``attrs``."""


class PlainSerializer[T, R](Serializer[T, None, R]):
    """A serializer that needs nothing but the value."""

    def get_attrs(self, items: Sequence[T], caller: Caller) -> list[None]:  # noqa: ARG002
        """Nothing."""
        return [None] * len(items)

    def serialize(self, obj: T, attrs: None, caller: Caller) -> R:  # noqa: ARG002
        """One item."""
        return self.render(obj, caller)

    @abstractmethod
    def render(self, obj: T, caller: Caller) -> R:
        """One item."""


def serialize[T, A, R](
    items: Sequence[T], caller: Caller, serializer: Serializer[T, A, R]
) -> list[R]:
    """The items as JSON objects; one call of ``get_attrs`` for all."""
    attrs = serializer.get_attrs(items, caller)
    return [
        serializer.serialize(item, extra, caller) for item, extra in zip(items, attrs, strict=True)
    ]


def serialize_one[T, A, R](obj: T, caller: Caller, serializer: Serializer[T, A, R]) -> R:
    """One value as a JSON object."""
    (result,) = serialize([obj], caller, serializer)
    return result
