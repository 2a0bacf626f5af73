"""How bodies of requests are read."""

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from sentry.integrations.source_code_management.errors import InvalidArgument

# What no text may hold: PostgreSQL has no NUL, UTF-8 no half of a surrogate pair.
_UNUSABLE = re.compile("[\0\ud800-\udfff]")


class BoundedJSONParser(JSONParser):
    """Reads JSON; a body nested too deeply, or with characters of no text, is none for us."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The body's value.

        Raises:
            ParseError: it is not valid JSON, or nested too deeply.
            InvalidArgument: a name or a text in it holds NUL or a lone surrogate.
        """
        try:
            value = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError from None
        if any(_UNUSABLE.search(text) for text in _texts(value)):
            raise InvalidArgument("", "must not hold the character NUL or a lone surrogate")
        return value


def _texts(value: object) -> Iterator[str]:
    """Every text of a JSON value, names of fields too, however deep."""
    pending = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, list):
            pending.extend(inner)
        elif isinstance(inner, dict):
            pending.extend(inner)
            pending.extend(inner.values())
