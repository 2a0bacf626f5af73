"""The call at hand: what the WSGI wrapper, the interceptors and the service share about one RPC.

It is set for the call and again around every message of a stream, because a server may ask for
each in another context.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from sentry.auth.caller import Caller
from sentry.integrations.grpc.policy import RpcPolicy
from sentry.utils import request_id
from sentry.utils.deadline import reset_deadline, set_deadline
from sentry.utils.referrer import reset_referrer, set_referrer


@dataclass(kw_only=True, slots=True)
class RpcCall:
    """One call.

    Attributes:
        policy: the RPC's policy.
        deadline: when it must be done, in ``time.monotonic()`` seconds.
        deadline_sent: whether the caller named the deadline.
        authenticate: tells who calls; raises Unauthenticated.
        idempotency_key: the header's value; "" without one.
        referrer: on whose behalf the caller calls, as its header says; "" without one.
        caller: who calls, once the credential was accepted.
        headers: what the answer's HTTP headers say besides.
        request_id: the id of the request that carries it.
        began: when it came, in ``time.monotonic()`` seconds.
        code: the name of the gRPC code that it ends with.
    """

    policy: RpcPolicy
    deadline: float
    deadline_sent: bool
    authenticate: Callable[[], Caller]
    idempotency_key: str = ""
    referrer: str = ""
    caller: Caller | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    request_id: str = field(default_factory=request_id.current)
    began: float = field(default_factory=time.monotonic)
    code: str = "OK"

    def seconds_left(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - time.monotonic())


_current: ContextVar[RpcCall] = ContextVar("rpc_call")


class active:  # noqa: N801 - reads as a statement: with active(call)
    """Makes a call, its deadline and its referrer current inside a ``with`` block."""

    __slots__ = ("_call", "_call_token", "_deadline_token", "_referrer_token")

    def __init__(self, call: RpcCall) -> None:
        """Takes the call."""
        self._call = call

    def __enter__(self) -> None:
        """Sets all three."""
        self._call_token = _current.set(self._call)
        self._deadline_token = set_deadline(self._call.deadline)
        self._referrer_token = set_referrer(self._call.referrer)

    def __exit__(self, *_: object) -> None:
        """Puts back what was there before."""
        reset_referrer(self._referrer_token)
        reset_deadline(self._deadline_token)
        _current.reset(self._call_token)


def current_call() -> RpcCall:
    """The call at hand."""
    return _current.get()


def current_caller() -> Caller:
    """Who makes the call at hand. Only behind the authentication interceptor."""
    caller = _current.get().caller
    if caller is None:
        raise LookupError("the call has not been authenticated")
    return caller
