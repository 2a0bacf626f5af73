"""How a mutation is made safe to repeat.

A door that was given an idempotency key sets a ``Mutation`` around the action. The action calls
``record_effect`` inside the transaction that stores its effect, so that the outcome is saved with
it or not at all. An action that acts on a host before it stores anything leaves ``marker`` there,
and looks for it first when ``is_retry`` says that an earlier attempt may have got that far.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutation:
    """One call with an idempotency key.

    Attributes:
        marker: a hash of the key; to be left on a host.
        is_retry: whether an earlier attempt was broken off.
        started_at: when the first attempt began (UTC).
        save_outcome: saves the action's result; called inside the effect's transaction.
    """

    marker: str
    is_retry: bool
    started_at: datetime
    save_outcome: Callable[[object], None]


_current: ContextVar[Mutation | None] = ContextVar("mutation", default=None)


def current_mutation() -> Mutation | None:
    """The mutation at hand; None where the caller gave no key."""
    return _current.get()


@contextmanager
def mutation(value: Mutation) -> Iterator[None]:
    """Sets the mutation inside the block."""
    token = _current.set(value)
    try:
        yield
    finally:
        _current.reset(token)


def record_effect(result: object) -> None:
    """Saves the result as the outcome of the mutation at hand, if there is one."""
    at_hand = _current.get()
    if at_hand is not None:
        at_hand.save_outcome(result)
