"""The id of the request at hand, carried in a context variable.

A door binds it; log lines, tasks and reports of errors carry it on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of the request at hand; empty outside of one."""
    return _request_id.get()


@contextmanager
def bound(request_id: str) -> Iterator[None]:
    """Sets the id inside the block."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)
