"""How bodies of requests are read."""

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser

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
            ValidationError: a name or a text in it holds NUL or a lone surrogate.
        """
        try:
            value = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError from None
        _check_texts(value)
        return value


def _check_texts(body: object) -> None:
    """Names the field of the body whose value is wrong, but no name that is wrong itself."""
    fields = body if isinstance(body, dict) else {"": body}
    for field, inner in fields.items():
        is_named = not _UNUSABLE.search(field)
        if not is_named or any(_UNUSABLE.search(text) for text in _texts(inner)):
            text = "must not hold the character NUL or a lone surrogate"
            raise ValidationError({field if is_named else "": [text]})


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
