"""Takes secrets out of what is written down: log lines, tracebacks, reports of errors.

Two nets: values under a name that says "secret", and texts that have a known form of one. What a
message spells out in a form of its own passes both, so that messages must still name none.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Final

FILTERED: Final = "[filtered]"
_MAX_DEPTH = 8

_NAMES = re.compile(
    r"pass(word|wd|phrase)|secret|token|api[-_]?key|private[-_]?key|authori[sz]ation|cookie|"
    r"credential|signature|session|csrf|\bdsn\b|x-key",
    re.IGNORECASE,
)
# Names that hold such a word and still tell nothing.
_HARMLESS = frozenset({"page_token", "next_token", "api_key_id", "credential", "key_id"})

_FORMS: Final = re.compile(
    r"""
      \b (?: sntry[su] | sapk )_ (?: [A-Za-z0-9+/=_-] | %[0-9A-Fa-f]{2} )+   # our own
    | \b gh[pousr]_ [A-Za-z0-9]{16,} | \b github_pat_ \w{20,}         # GitHub's
    | \b gl(?:pat|ptt|dt|rt|cbt|soat|agent)- [\w.-]{10,}              # GitLab's
    | \b ATATT[\w=.-]{20,} | \b ATBB\w{20,} | \b BBDC-[\w+/=-]{20,}   # Atlassian's
    | \b eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*                              # a JSON Web Token
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY----- .*? (?: -----END\ [A-Z ]*PRIVATE\ KEY----- | \Z )
    | (?<=://) [^/\s:@'"]* : [^\s@'"]+ (?=@)                          # user:password in a URL
    | (?<=://) [A-Za-z0-9_]{16,} (?=@)                                # a DSN's key, a token as user
    | (?: (?<=bearer\ ) | (?<=basic\ ) ) [\w.~+/=-]{6,}
    | (?: (?<=x-api-key:\ ) | (?<=private-token:\ ) ) \S+
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# A name and its value in the query of a URL, in JSON, in a repr.
_PAIRS: Final = re.compile(
    r"""(?P<head> ["']? \b
          (?! (?: api_key | org_token | user_token ):[0-9]+ \b )         # the name of a credential
          [\w-]*
          (?: password | passwd | secret | api[_-]?key | token )
          [\w-]* ["']? \s* [=:] \s* )
        (?P<value> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^\s,;&)}\]"']+ )""",
    re.VERBOSE | re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Whether what is kept under this name should never be shown."""
    return _NAMES.search(name) is not None and name.lower() not in _HARMLESS


def scrub_text(text: str) -> str:
    """The text with ``[filtered]`` in place of everything that has the form of a secret."""
    return _PAIRS.sub(rf"\g<head>{FILTERED}", _FORMS.sub(FILTERED, text))


def scrub(value: object, *, depth: int = _MAX_DEPTH) -> object:
    """A copy of a value of plain data, without secrets by name or by form.

    What is no text, number, mapping or list becomes its scrubbed ``repr``; what is nested more
    deeply than ``depth`` is left out. Raises nothing.
    """
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _scrub_inside(value, depth - 1) if depth > 0 else "…"
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):  # JSON has no NaN
        return value
    return scrub_text(value if isinstance(value, str) else _repr(value))


def _scrub_inside(value: Mapping[object, object] | Iterable[object], depth: int) -> object:
    if isinstance(value, Mapping):
        return {str(key): _under(str(key), each, depth) for key, each in value.items()}
    return [scrub(each, depth=depth) for each in value]


def _under(name: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | int):
        return value  # a flag or a count under such a name tells nothing
    return FILTERED if is_secret_name(name) else scrub(value, depth=depth)


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a log line must not fail for an object that cannot be shown
        return f"<{type(value).__name__} that cannot be shown>"
