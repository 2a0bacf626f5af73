"""The id of the request at hand, carried in a context variable.

The porch binds it; log lines, tasks and reports of errors carry it on.
"""

import re
import secrets
from contextvars import ContextVar

# What a caller may choose: enough for every common form of ids, and nothing that breaks a line.
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RANDOM_BYTES = 16
# The header that every answer tells it in.
HEADER = "x-request-id"

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of the request at hand; empty outside of one."""
    return _request_id.get()


def accepted(offered: str) -> str:
    """The id that a caller offers where it is well-formed, else a new one.

    Well-formed are 1 to 64 letters, digits, ``.``, ``_`` and ``-`` of ASCII, of which the first is
    a letter or a digit.
    """
    if offered and _WELL_FORMED.fullmatch(offered):
        return offered
    return secrets.token_hex(_RANDOM_BYTES)


class bound:  # noqa: N801 - reads as a statement: with bound(request_id)
    """Sets the id inside a ``with`` block."""

    __slots__ = ("_id", "_token")

    def __init__(self, request_id: str) -> None:
        """Takes the id; empty for none."""
        self._id = request_id

    def __enter__(self) -> None:
        """Sets it."""
        self._token = _request_id.set(self._id)

    def __exit__(self, *_: object) -> None:
        """Puts back what was there before."""
        _request_id.reset(self._token)
