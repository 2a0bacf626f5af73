"""The call at hand: what the WSGI wrapper, the interceptors and the service share about one RPC.

It is set for the call and again around every message of a stream, because a server may ask for
each in another context.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sentry.auth.caller import Caller
from sentry.integrations.grpc.policy import RpcPolicy
from sentry.utils.deadline import deadline_at


@dataclass(kw_only=True, slots=True)
class RpcCall:
    """One call.

    Attributes:
        policy: the RPC's policy.
        deadline: when it must be done, in ``time.monotonic()`` seconds.
        deadline_sent: whether the caller named the deadline.
        authenticate: tells who calls; raises Unauthenticated.
        idempotency_key: the header's value; "" without one.
        caller: who calls, once the credential was accepted.
    """

    policy: RpcPolicy
    deadline: float
    deadline_sent: bool
    authenticate: Callable[[], Caller]
    idempotency_key: str = ""
    caller: Caller | None = None

    def seconds_left(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - time.monotonic())


_current: ContextVar[RpcCall] = ContextVar("rpc_call")


@contextmanager
def active(call: RpcCall) -> Iterator[None]:
    """Makes the call and its deadline current inside the block."""
    token = _current.set(call)
    try:
        with deadline_at(call.deadline):
            yield
    finally:
        _current.reset(token)


def current_call() -> RpcCall:
    """The call at hand."""
    return _current.get()


def current_caller() -> Caller:
    """Who makes the call at hand. Only behind the authentication interceptor."""
    caller = _current.get().caller
    if caller is None:
        raise LookupError("the call has not been authenticated")
    return caller
