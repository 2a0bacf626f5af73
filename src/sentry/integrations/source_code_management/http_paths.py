"""Builds request paths in which no value can reach another place. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from sentry.integrations.source_code_management.errors import InvalidArgument

_HOLE = re.compile(r"\{(?P<many>\+?)(?P<name>[a-z_]+)\}")
_MAX_LENGTH = 8000


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A path to ask, percent-encoded, and the template it was made from, which logs may name."""

    template: str
    path: str


def route(template: str, **values: str | int) -> Route:
    """Fills a template: ``{name}`` takes one segment, ``{+name}`` several with "/" between them.

    Every segment is percent-encoded, so that "?", "#", "%2e" or a newline stay data.

    Raises:
        InvalidArgument: a segment is empty, "." or "..", or holds NUL or a lone surrogate; or
            the path is too long. The field is the hole's name.
    """

    def fill(match: re.Match[str]) -> str:
        name, text = match["name"], str(values[match["name"]])
        segments = text.split("/") if match["many"] else [text]
        return "/".join(_encoded(name, segment) for segment in segments)

    path = _HOLE.sub(fill, template)
    if len(path) > _MAX_LENGTH:
        raise InvalidArgument("path", "is too long")
    return Route(template=template, path=path)


def _encoded(name: str, segment: str) -> str:
    if segment in ("", ".", ".."):
        raise InvalidArgument(name, 'must have no empty part and no part that is "." or ".."')
    if "\0" in segment:
        raise InvalidArgument(name, "must not hold NUL")
    try:
        return quote(segment, safe="")
    except UnicodeEncodeError:
        raise InvalidArgument(name, "must be valid Unicode") from None
