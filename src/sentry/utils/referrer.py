"""On whose behalf the work at hand is done, as its caller says it: ``x-referrer``.

A door sets the header's value as it came; it is read only where a host's limit is nearly used up,
so that setting it is all that a request pays.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

HEADER = "x-referrer"
_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/\-]{0,63}")

_referrer: ContextVar[str] = ContextVar("referrer", default="")


def set_referrer(value: str) -> Token[str]:
    """Sets the header's value, "" for none; give the token back."""
    return _referrer.set(value)


def reset_referrer(token: Token[str]) -> None:
    """Puts the referrer back that was there before ``set_referrer``."""
    _referrer.reset(token)


@contextmanager
def referred_by(value: str) -> Iterator[None]:
    """Sets the referrer inside the block."""
    token = _referrer.set(value)
    try:
        yield
    finally:
        _referrer.reset(token)


def current_referrer() -> str:
    """Who asks: 1 to 64 letters, digits, ``.``, ``_``, ``:``, ``/`` or ``-``.

    "" where the caller named nobody, or in another form: all such callers count as one.
    """
    value = _referrer.get()
    return value if _FORM.fullmatch(value) else ""
