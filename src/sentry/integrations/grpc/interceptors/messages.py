"""Guards what goes out: the deadline and the answer's size."""

from collections.abc import Callable, Iterator

from connectrpc.request import RequestContext
from google.protobuf.message import Message

from sentry import options
from sentry.integrations.grpc.call import current_call
from sentry.integrations.source_code_management.errors import DeadlineExceeded, TooLarge


class MessageInterceptor:
    """Ends a call at its deadline and bounds every answer by ``grpc.max-response-bytes``."""

    def intercept_unary_sync[Q, A](
        self,
        call_next: Callable[[Q, RequestContext], A],  # type: ignore[type-arg]
        request: Q,
        ctx: RequestContext,  # type: ignore[type-arg]
        /,
    ) -> A:
        """Runs a unary call.

        Raises:
            TooLarge: the answer is too large to be sent.
            DeadlineExceeded: the caller's time was up before the message was read.
        """
        _check_deadline()
        return _bounded(call_next(request, ctx))

    def intercept_server_stream_sync[Q, A](
        self,
        call_next: Callable[[Q, RequestContext], Iterator[A]],  # type: ignore[type-arg]
        request: Q,
        ctx: RequestContext,  # type: ignore[type-arg]
        /,
    ) -> Iterator[A]:
        """Runs a server stream; the same holds for each of its messages."""
        _check_deadline()
        for answer in call_next(request, ctx):
            _check_deadline()
            yield _bounded(answer)


def _check_deadline() -> None:
    if current_call().seconds_left() <= 0:
        raise DeadlineExceeded


def _bounded[A](answer: A) -> A:
    if isinstance(answer, Message) and answer.ByteSize() > options.get_int(
        "grpc.max-response-bytes"
    ):
        raise TooLarge("the answer is larger than this server sends; ask for less")
    return answer
