"""Checks of names and slugs, shared by the use cases that create things."""

import difflib
import re
import unicodedata
from collections.abc import Iterable

from django.utils.text import slugify

from sentry.integrations.source_code_management.errors import InvalidArgument

SLUG_PATTERN = r"\A(?![0-9]+\Z)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\Z"
SLUG_TEXT = "must be lower-case letters, digits, hyphens and underscores, not digits alone"
_SLUG = re.compile(SLUG_PATTERN)
# Unicode's Bidi_Control: they show the text beside them in another order than it has.
_BIDI = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def check_characters(field: str, value: str) -> str:
    """The text, unchanged.

    Raises:
        InvalidArgument: it holds control characters, those of bidirectional text too, or lone
            surrogates.
    """
    controls = any(unicodedata.category(character) in {"Cc", "Cs"} for character in value)
    if controls or _BIDI.search(value):
        raise InvalidArgument(field, "must not hold control characters")
    return value


def check_name(field: str, value: str, *, limit: int) -> str:
    """The name without surrounding white space.

    Raises:
        InvalidArgument: it is empty, longer than ``limit`` characters, or holds what
            ``check_characters`` refuses.
    """
    name = value.strip()
    if not name:
        raise InvalidArgument(field, "must not be empty")
    if len(name) > limit:
        raise InvalidArgument(field, f"must have at most {limit} characters")
    return check_characters(field, name)


def check_slug(field: str, value: str, *, limit: int) -> str:
    """The slug, unchanged.

    A slug of digits alone is refused: where a URL takes an id or a slug, it would be an id.

    Raises:
        InvalidArgument: it is no slug, or longer than ``limit`` characters.
    """
    if len(value) > limit:
        raise InvalidArgument(field, f"must have at most {limit} characters")
    if not _SLUG.match(value):
        raise InvalidArgument(field, SLUG_TEXT)
    return value


def slug_for(name: str, slug: str | None, *, field: str, limit: int) -> str:
    """The given slug, checked; where there is none, one made of the name.

    Raises:
        InvalidArgument: the slug is none, or the name gives none.
    """
    if slug is not None:
        return check_slug(field, slug, limit=limit)
    made = slugify(name)[:limit].strip("-")
    if not made or made.isdigit():
        raise InvalidArgument(field, "cannot be made of this name: give one")
    return check_slug(field, made, limit=limit)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> InvalidArgument:
    """The error for a name that nothing has; it offers those that come near."""
    near = difflib.get_close_matches(name, list(known))
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return InvalidArgument(kind, f"{name!r} is not registered{hint}")
