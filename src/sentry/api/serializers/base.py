"""Serializers: from a value and its extra data to a JSON object.

Names are camelCase, ids are strings, times are aware and rendered with ``Z``. ``user`` is the
caller: a program has no user, and what may be shown depends on scopes and role.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NotRequired, TypedDict, overload

from sentry.auth.caller import Caller


class ErrorBody(TypedDict):
    """What every error answers."""

    detail: str
    errors: NotRequired[dict[str, list[str]]]
    eventId: NotRequired[str]


class Serializer[T, A, R](ABC):
    """Turns values of type T with extra data of type A into JSON objects of type R."""

    def get_attrs(self, item_list: Sequence[T], user: Caller, **kwargs: object) -> dict[T, A]:
        """The extra data by item, fetched for all at once. Without it ``attrs`` is empty."""
        return {}

    @abstractmethod
    def serialize(self, obj: T, attrs: A, user: Caller, **kwargs: object) -> R:
        """One item. Reads nothing: what it needs is in ``attrs``."""


class PlainSerializer[T, R](Serializer[T, object, R]):
    """A serializer that needs nothing but the value."""

    def serialize(self, obj: T, attrs: object, user: Caller, **kwargs: object) -> R:
        """One item."""
        return self.render(obj, user)

    @abstractmethod
    def render(self, obj: T, user: Caller) -> R:
        """One item."""


@overload
def serialize[T, A, R](
    obj: list[T] | tuple[T, ...],  # guide: concrete-input - one value may be a Sequence too
    user: Caller,
    serializer: Serializer[T, A, R],
    **kwargs: object,
) -> list[R]: ...
@overload
def serialize[T, A, R](
    obj: T, user: Caller, serializer: Serializer[T, A, R], **kwargs: object
) -> R: ...
def serialize[T, A, R](
    obj: T | list[T] | tuple[T, ...],  # guide: concrete-input - likewise
    user: Caller,
    serializer: Serializer[T, A, R],
    **kwargs: object,
) -> R | list[R]:
    """A value as a JSON object, or a list (or tuple) of values as a list of them.

    ``get_attrs`` is called once, with all values; then ``serialize`` once for each.

    Args:
        obj: a value, or a list or tuple of values.
        user: the caller (``request.user``).
        serializer: how to do it.
        kwargs: handed on to the serializer.
    """
    items = obj if isinstance(obj, list | tuple) else (obj,)
    attrs = serializer.get_attrs(items, user, **kwargs)
    nothing: dict[str, object] = {}
    done = [
        serializer.serialize(item, attrs.get(item, nothing), user, **kwargs)  # type: ignore[arg-type] # A is what get_attrs gives, or empty
        for item in items
    ]
    return done if isinstance(obj, list | tuple) else done[0]
