"""What an event is, and the register of all of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import UnionType
from typing import ClassVar, get_args, get_type_hints

type FieldValue = str | int | float | bool | None

_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_KINDS = frozenset({str, int, float, bool, type(None)})
_kinds_of: dict[type["Event"], Mapping[str, frozenset[type]]] = {}
_by_type: dict[str, type["Event"]] = {}


class UnknownEventError(LookupError):
    """No event of this type is registered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened. Holds ids and counts, never names, texts of users, or secrets.

    Attributes:
        type: the dotted name of what happened, set by ``eventclass``.
        organization_id: where it happened.
        user_id: the user who did it; None where a program did.
    """

    type: ClassVar[str]

    organization_id: int
    user_id: int | None = None

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            TypeError: a field's value is not of its type, or the class is not registered.
        """
        kinds = _kinds_of.get(type(self))
        if kinds is None:
            raise TypeError(f"{type(self).__name__} is no registered event: decorate it")
        for name, allowed in kinds.items():
            value = getattr(self, name)
            if type(value) not in allowed:
                raise TypeError(f"{self.type}: {name} may not be of type {type(value).__name__}")

    def data(self) -> dict[str, FieldValue]:
        """The fields by name, as JSON has them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def eventclass[E: Event](event_type: str) -> Callable[[type[E]], type[E]]:
    """Registers a frozen dataclass as the event of this type ("code_mapping.created").

    Raises:
        ValueError: the type is not dotted lower case, or another class has it.
        TypeError: a field is annotated with something that is no plain value.
    """

    def register(event: type[E]) -> type[E]:
        if not _TYPE.fullmatch(event_type):
            raise ValueError(f"{event_type!r} is no dotted name in lower case")
        if event_type in _by_type:
            raise ValueError(f"the event {event_type} is registered twice")
        kinds = {field.name: _kinds(event, field.name) for field in fields(event)}
        event.type = event_type
        _kinds_of[event] = kinds
        _by_type[event_type] = event
        return event

    return register


def _kinds(event: type[Event], name: str) -> frozenset[type]:
    hint = get_type_hints(event)[name]
    kinds = frozenset(get_args(hint) if isinstance(hint, UnionType) else (hint,))
    if not kinds <= _KINDS:
        raise TypeError(f"{event.__name__}.{name}: expected str, int, float, bool, None or a union")
    return kinds


def event_of(event_type: str, given: Mapping[str, FieldValue]) -> Event:
    """The event of this type with these fields.

    Raises:
        UnknownEventError: no such event is registered.
        TypeError: a field is missing, unknown, or of another type.
    """
    found = _by_type.get(event_type)
    if found is None:
        raise UnknownEventError(event_type)
    make: Callable[..., Event] = found
    return make(**given)


def all_events() -> list[type[Event]]:
    """Every registered event, by type."""
    return [_by_type[name] for name in sorted(_by_type)]
