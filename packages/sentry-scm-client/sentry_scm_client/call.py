"""One call, from its first attempt to its last, without any input or output.

`SyncConnection` and `AsyncConnection` do what a Call says and hand it what they receive.
"""

import math
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import httpx
from google.protobuf.message import Message

from . import __version__
from .answer import AnswerReader, RateLimit, rate_limit
from .endpoint import Endpoint
from .errors import Internal, ScmError, Unavailable
from .frames import encode_message
from .methods import Method
from .retry import Clock, Deadline, RetryPolicy

M = TypeVar("M", bound=Message)

_AGENT = f"sentry-scm-client/{__version__}"
_MOST_MILLISECONDS = 99_999_999  # grpc-timeout has at most eight digits
_KEY_LIMIT = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What all calls of a client share. `timeout` in seconds, `limit` in bytes of one message."""

    endpoint: Endpoint
    timeout: float | None
    policy: RetryPolicy
    compress: bool
    limit: int
    clock: Clock

    def __post_init__(self) -> None:
        self.deadline(None)
        if self.limit < 1:
            raise ValueError("max_response_bytes must be more than 0")

    def deadline(self, timeout: float | None) -> Deadline:
        """Start a deadline; None: the client's own timeout."""
        return Deadline(self.timeout if timeout is None else timeout, self.clock)


class Call(Generic[M]):
    """The state of one call: the bytes to send, the time left, the attempts made."""

    def __init__(
        self,
        settings: Settings,
        method: Method[M],
        request: Message,
        deadline: Deadline,
        *,
        single: bool,
        idempotency_key: str | None = None,
    ) -> None:
        """Prepare a call.

        A mutation without a key gets one of its own, so that the server takes its repetition for
        what it is. Raises ValueError for a key that fits no header.
        """
        self.deadline = deadline
        self.single = single
        self.started = False
        self._settings = settings
        self._method = method
        self._body = encode_message(request.SerializeToString(), compress=settings.compress)
        self._attempts = 0
        self._key = None if method.reads else _checked_key(idempotency_key)

    def request(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """Build the next attempt. Raises DeadlineExceeded where no time is left for it."""
        self._attempts += 1
        remaining = self.deadline.remaining()
        return http.build_request(
            "POST",
            self._settings.endpoint.url(self._method.name),
            content=self._body,
            headers=self._headers(remaining),
            timeout=httpx.Timeout(remaining),
        )

    def reader(self, response: httpx.Response) -> AnswerReader[M]:
        """Judge an answer's head and return the reader of its body."""
        reader = AnswerReader(self._method.answer, limit=self._settings.limit, single=self.single)
        reader.start(response.status_code, response.headers)
        return reader

    def delay_after(self, error: ScmError) -> float | None:
        """Seconds until the next attempt; None: the error is the caller's.

        Repeated are reads and mutations with a key (all have one), while no message has been
        handed out and the deadline allows it.
        """
        if self.started:
            return None
        delay = self._settings.policy.delay(
            attempts=self._attempts, error=error, chance=self._settings.clock.chance()
        )
        return delay if delay is not None and self.deadline.allows(delay) else None

    def failure(self, cause: httpx.TransportError | TimeoutError) -> ScmError:
        """Say what a failure of the connection means, without the texts of lower layers.

        Those may repeat what was sent. Only a failed connect is quoted: nothing was sent yet.
        """
        if isinstance(cause, TimeoutError | httpx.TimeoutException) or self.deadline.passed():
            return self.deadline.exceeded()
        if isinstance(cause, httpx.ConnectError):
            return Unavailable(f"cannot connect to {self._settings.endpoint.origin}: {cause}")
        if isinstance(cause, httpx.ProxyError):
            return Unavailable("the proxy did not connect to the server")
        if isinstance(cause, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
            return Internal("the request cannot be sent over HTTP")
        return Unavailable("the connection broke before the answer was complete")

    def _headers(self, remaining: float | None) -> dict[str, str]:
        headers = {
            "content-type": "application/grpc-web+proto",
            "x-grpc-web": "1",
            "grpc-accept-encoding": "gzip",
            # HTTP's own compression has no bound on what it expands to.
            "accept-encoding": "identity",
            "user-agent": _AGENT,
            "x-user-agent": _AGENT,
        }
        if self._settings.compress:
            headers["grpc-encoding"] = "gzip"
        if remaining is not None:
            headers["grpc-timeout"] = _grpc_timeout(remaining)
        if self._key is not None:
            headers["x-idempotency-key"] = self._key
        return headers


class LastRateLimit:
    """Remembers the newest rate limit that any thread's answer told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value: RateLimit | None = None

    def get(self) -> RateLimit | None:
        """The newest one; None before the first."""
        with self._lock:
            return self._value

    def note(self, headers: Mapping[str, str]) -> None:
        """Take it from an answer's headers, where they tell one."""
        value = rate_limit(headers)
        if value is not None:
            with self._lock:
                self._value = value


def _checked_key(key: str | None) -> str:
    if key is None:
        return str(uuid.uuid4())
    if not key or len(key) > _KEY_LIMIT or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(f"idempotency_key must be 1 to {_KEY_LIMIT} visible ASCII characters")
    return key


def _grpc_timeout(seconds: float) -> str:
    """A timeout as gRPC writes it: eight digits and a unit (doc/PROTOCOL-HTTP2.md)."""
    milliseconds = math.ceil(seconds * 1000)
    if milliseconds <= _MOST_MILLISECONDS:
        return f"{milliseconds}m"
    return f"{min(math.ceil(seconds), _MOST_MILLISECONDS)}S"
