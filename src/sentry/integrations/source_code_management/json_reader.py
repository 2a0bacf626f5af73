"""Reads JSON that a host sent: typed, and with one error for every shape that was not expected.

Pure: imports nothing that does IO, so that every provider's ``parse.py`` may use it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NoReturn

from sentry.integrations.source_code_management.errors import HostUnavailable

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

_REPLACEMENT = "\ufffd"


def decode_json(body: bytes) -> Json:
    """The value of a JSON text.

    Raises:
        HostUnavailable: it is none, or nested too deep; NaN and Infinity are none.
    """
    try:
        value: Json = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise unexpected("the body") from None
    return value


def json_or_none(body: bytes) -> Json:
    """The value of a JSON text; None where it is no such text."""
    try:
        return decode_json(body)
    except HostUnavailable:
        return None


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def clean_text(text: str) -> str:
    """The text as the platform keeps it: NUL and lone surrogates become U+FFFD."""
    if text.isascii():
        return text.replace("\0", _REPLACEMENT)
    return "".join(
        _REPLACEMENT if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in text
    )


def unexpected(where: str) -> HostUnavailable:
    """The error for an answer that has not the shape that the host's own description promises."""
    return HostUnavailable(f"the host's answer could not be read: {where} has an unexpected shape")


def as_text(value: Json, where: str) -> str:
    """A string, cleaned.

    Raises:
        HostUnavailable: it is something else.
    """
    if not isinstance(value, str):
        raise unexpected(where)
    return clean_text(value)


def as_integer(value: Json, where: str) -> int:
    """A whole number; true and false are none.

    Raises:
        HostUnavailable: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise unexpected(where)
    return value


def as_boolean(value: Json, where: str) -> bool:
    """True or false.

    Raises:
        HostUnavailable: it is something else.
    """
    if not isinstance(value, bool):
        raise unexpected(where)
    return value


def as_time(value: Json, where: str) -> datetime:
    """A moment from its ISO 8601 text, as an aware UTC time; a text without a zone is UTC.

    Raises:
        HostUnavailable: it is something else.
    """
    try:
        moment = datetime.fromisoformat(as_text(value, where))
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise unexpected(where) from None


def as_list(value: Json, where: str) -> list[Json]:
    """A list.

    Raises:
        HostUnavailable: it is something else.
    """
    if not isinstance(value, list):
        raise unexpected(where)
    return value


def as_object(value: Json, where: str) -> "JsonObject":
    """An object.

    Raises:
        HostUnavailable: it is something else.
    """
    if not isinstance(value, dict):
        raise unexpected(where)
    return JsonObject(where=where, fields=value)


def as_objects(value: Json, where: str) -> "list[JsonObject]":
    """A list of objects.

    Raises:
        HostUnavailable: it is something else, or one of its members is.
    """
    return [
        as_object(item, f"{where}[{index}]") for index, item in enumerate(as_list(value, where))
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class JsonObject:
    """An object and where it stands in the answer ("commit.author").

    Every method named after a type raises HostUnavailable where the member is absent or of
    another type; the ``optional_`` ones give None for a member that is absent or null.
    """

    where: str
    fields: Mapping[str, Json] = field(repr=False)

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def get(self, name: str) -> Json:
        """The member as it came; None where it is absent."""
        return self.fields.get(name)

    def path(self, name: str) -> str:
        """Where the member stands in the answer."""
        return f"{self.where}.{name}"

    def text(self, name: str) -> str:
        """A string."""
        return as_text(self.get(name), self.path(name))

    def integer(self, name: str) -> int:
        """A whole number."""
        return as_integer(self.get(name), self.path(name))

    def boolean(self, name: str) -> bool:
        """True or false."""
        return as_boolean(self.get(name), self.path(name))

    def time(self, name: str) -> datetime:
        """A moment, in UTC."""
        return as_time(self.get(name), self.path(name))

    def object(self, name: str) -> "JsonObject":
        """An object."""
        return as_object(self.get(name), self.path(name))

    def objects(self, name: str) -> "list[JsonObject]":
        """A list of objects."""
        return as_objects(self.get(name), self.path(name))

    def optional_text(self, name: str) -> str | None:
        """A string or None."""
        return None if self.get(name) is None else self.text(name)

    def optional_integer(self, name: str) -> int | None:
        """A whole number or None."""
        return None if self.get(name) is None else self.integer(name)

    def optional_boolean(self, name: str) -> bool | None:
        """True, false or None."""
        return None if self.get(name) is None else self.boolean(name)

    def optional_time(self, name: str) -> datetime | None:
        """A moment or None."""
        return None if self.get(name) is None else self.time(name)

    def optional_object(self, name: str) -> "JsonObject | None":
        """An object or None."""
        return None if self.get(name) is None else self.object(name)
