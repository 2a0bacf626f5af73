"""One request over the wire and its whole answer, bounded in time and size."""

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from sentry import options
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostGaveUp,
    HostUnavailable,
)
from sentry.integrations.source_code_management.http_answers import (
    BodyReader,
    HostResponse,
    Transient,
)
from sentry.integrations.source_code_management.http_runtime import HttpRuntime
from sentry.integrations.source_code_management.http_transport import call_until
from sentry.utils import deadline, metrics

logger = logging.getLogger(__name__)

_MAX_ERROR_BYTES = 256 * 1024
_FIRST_ERROR = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What to ask, without the credential.

    Attributes:
        provider: whose host it is, for metrics.
        method: the HTTP method.
        url: the whole URL.
        template: what logs may say of its path.
        resource: what a 404 means was not found.
        repeatable: whether it may be sent again after a failure.
        headers: beside the credential's and the dialect's.
        content: the body.
        passed: error statuses that the caller reads itself; they say nothing of the host's health.
        read_at_most: bytes to read of a longer body, in place of refusing it.
        heavy: whether it may be too much for the host: too slow an answer is HostGaveUp, and it is
            not sent again.
    """

    provider: str
    method: str
    url: str
    template: str
    resource: str
    repeatable: bool
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)
    passed: frozenset[int] = frozenset()
    read_at_most: int | None = None
    heavy: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeLimit:
    """Until when (on the runtime's clock) a call may take, all tries together.

    ``by_caller`` says that this is the caller's own deadline and not only our total.
    """

    end: float
    by_caller: bool

    @classmethod
    def now(cls, runtime: HttpRuntime) -> "TimeLimit":
        """The limit of a call that begins now."""
        total = options.get_float("scm.http.total-timeout")
        left = deadline.remaining(math.inf)
        return cls(end=runtime.clock() + min(total, left), by_caller=left <= total)

    def left(self, runtime: HttpRuntime) -> float:
        """Seconds that are left, more than 0.

        Raises:
            DeadlineExceeded: the caller's deadline has passed.
            HostUnavailable: our own total has.
        """
        left = self.end - runtime.clock()
        if left > 0:
            return left
        if self.by_caller:
            raise DeadlineExceeded
        raise HostUnavailable("the host did not answer in time")


def send(
    call: Call, headers: Mapping[str, str], limit: TimeLimit, runtime: HttpRuntime
) -> HostResponse:
    """Sends one request and reads its answer, whatever its status.

    Raises:
        Transient: the connection failed or was too slow.
        HostUnavailable: the answer is too large, or not what its headers say.
        DeadlineExceeded: the caller's time was up.
        IntegrationBroken: the guard refuses the host's address.
    """
    request = _request(call, headers, limit.left(runtime))
    started, status = runtime.clock(), 0
    try:
        with call_until(time.monotonic() + limit.left(runtime)):
            response = runtime.transport().handle_request(request)
            status = response.status_code
            try:
                return _read(call, response, limit, runtime)
            finally:
                response.close()
    except httpx.TransportError as failure:
        limit.left(runtime)
        slow = isinstance(failure, httpx.TimeoutException)
        text = "the host did not answer in time" if slow else "the connection to the host failed"
        is_read = isinstance(failure, httpx.ReadTimeout)
        error = HostGaveUp(text) if is_read and call.heavy else HostUnavailable(text)
        raise Transient(error) from None
    finally:
        _note(call, request.url.host, status, runtime.clock() - started)


def _request(call: Call, headers: Mapping[str, str], left: float) -> httpx.Request:
    read = min(left, options.get_float("scm.http.read-timeout"))
    connect = min(left, options.get_float("scm.http.connect-timeout"))
    timeout = httpx.Timeout(connect=connect, read=read, write=read, pool=connect)
    # A bounded read wants the file's own length in Content-Length.
    encoding = "gzip" if call.read_at_most is None else "identity"
    return httpx.Request(
        call.method,
        call.url,
        headers={"accept-encoding": encoding, **headers, **call.headers},
        content=call.content or None,
        extensions={"timeout": timeout.as_dict()},
    )


def _read(
    call: Call, response: httpx.Response, limit: TimeLimit, runtime: HttpRuntime
) -> HostResponse:
    failed = response.status_code >= _FIRST_ERROR
    cap = _cap(call, failed=failed)
    reader = BodyReader(encoding=response.headers.get("content-encoding", ""), limit=cap)
    try:
        if call.method != "HEAD":
            # The stream itself: httpx's own decoding has no bound.
            for chunk in response.stream:  # type: ignore[union-attr]  # a sync transport's
                limit.left(runtime)
                reader.feed(chunk)
                if reader.full:
                    break
        if reader.full and not failed and call.read_at_most is None:
            raise HostUnavailable(
                f"the host's answer is larger than {cap} bytes", status=response.status_code
            )
        return HostResponse(
            status=response.status_code,
            headers=dict(response.headers),
            body=reader.close(),
            url=call.url,
            truncated=reader.full,
        )
    finally:
        reader.drop()  # whoever keeps an error keeps the frames that it passed


def _cap(call: Call, *, failed: bool) -> int:
    most = options.get_int("scm.http.max-response-bytes")
    if failed:
        return min(most, _MAX_ERROR_BYTES)
    return most if call.read_at_most is None else min(most, call.read_at_most)


def _note(call: Call, host: str, status: int, seconds: float) -> None:
    metrics.host_finished(call.provider, status, seconds)
    logger.debug(
        "scm.http.request",
        extra={
            "method": call.method,
            "host": host,
            "route": call.template,
            "status": status,
            "duration": round(seconds, 4),
        },
    )
