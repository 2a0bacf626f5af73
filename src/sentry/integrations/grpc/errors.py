"""The one table from the domain's errors to gRPC statuses, and the statuses' form.

Every failure carries ``google.rpc.ErrorInfo`` with a reason of the closed set, and ``RetryInfo`` or
``BadRequest`` where there is something to say. No text leaves that is not ours.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from django.db import DatabaseError, OperationalError
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from protobuf.wkt import Any

from sentry.integrations.source_code_management import errors
from sentry.integrations.source_code_management.database_errors import database_error
from sentry.integrations.source_code_management.errors import Reason, ScmError
from sentry.utils.reporting import report_exception

logger = logging.getLogger(__name__)

DOMAIN = "scm.sentry"
INTERNAL_MESSAGE = "an internal error occurred"

_NUMBERS = {
    code: int(code_pb2.Code.Value(code.name.replace("CANCELED", "CANCELLED"))) for code in Code
}


def code_from_number(number: int) -> Code:
    """The code with this number."""
    return next(code for code, value in _NUMBERS.items() if value == number)


class ProtocolError(ScmError):
    """A request that is not of the protocol: UNIMPLEMENTED.

    ``http_status`` is the HTTP status line where the form of the call allows one.
    """

    def __init__(self, reason: Reason, message: str, *, http_status: str) -> None:
        """Takes one of our own texts."""
        super().__init__(message, reason=reason)
        self.http_status = http_status


_CODES: tuple[tuple[type[ScmError], Code], ...] = (
    (errors.Unauthenticated, Code.UNAUTHENTICATED),
    (errors.PermissionDenied, Code.PERMISSION_DENIED),
    (errors.InvalidArgument, Code.INVALID_ARGUMENT),
    (errors.NotFound, Code.NOT_FOUND),
    (errors.AlreadyExists, Code.ALREADY_EXISTS),
    (errors.RequestInFlight, Code.ABORTED),
    (errors.PreconditionFailed, Code.FAILED_PRECONDITION),
    (errors.RateLimited, Code.RESOURCE_EXHAUSTED),
    (errors.TooLarge, Code.RESOURCE_EXHAUSTED),
    (errors.DeadlineExceeded, Code.DEADLINE_EXCEEDED),
    (errors.Unsupported, Code.UNIMPLEMENTED),
    (errors.ServiceUnavailable, Code.UNAVAILABLE),
    (errors.HostRateLimited, Code.RESOURCE_EXHAUSTED),
    (errors.HostRejected, Code.INVALID_ARGUMENT),
    (errors.HostForbidden, Code.FAILED_PRECONDITION),
    (errors.HostError, Code.UNAVAILABLE),
    (ProtocolError, Code.UNIMPLEMENTED),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RpcStatus:
    """A failure as it goes out: code, text and details."""

    code: Code
    message: str
    details: tuple[Message, ...]

    @property
    def number(self) -> int:
        """The code's number."""
        return _NUMBERS[self.code]

    def to_proto(self) -> status_pb2.Status:
        """The status as ``google.rpc.Status``."""
        status = status_pb2.Status(code=self.number, message=self.message)
        for detail in self.details:
            status.details.add().Pack(detail)
        return status

    def to_connect_error(self) -> ConnectError:
        """The status as what the RPC library sends."""
        packed = self.to_proto().details
        details = [Any(type_url=detail.type_url, value=detail.value) for detail in packed]
        return ConnectError(self.code, self.message, details)


class ReplayedError(Exception):
    """A failure that an earlier call with the same idempotency key had; goes out as it did then."""

    def __init__(self, status: RpcStatus) -> None:
        """Takes the kept status."""
        super().__init__(status.message)
        self.status = status


def code_of(error: ScmError) -> Code:
    """The gRPC code of a domain error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Code.INTERNAL)


def is_permanent(error: ScmError) -> bool:
    """Whether the same request would fail again, so that the failure may be replayed."""
    return code_of(error) in {
        Code.INVALID_ARGUMENT,
        Code.NOT_FOUND,
        Code.ALREADY_EXISTS,
    }


def status_of(error: ScmError) -> RpcStatus:
    """The status of a domain error, with its details."""
    details = _details(error.reason, error.retry_after)
    if isinstance(error, errors.InvalidArgument):
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=error.field, description=error.description
        )
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    return RpcStatus(code=code_of(error), message=error.message, details=tuple(details))


def status_of_reason(reason: Reason, message: str, retry_after: float | None) -> RpcStatus:
    """The status of an error of which only this was kept."""
    code = next((code for kind, code in _kinds() if kind.reason is reason), Code.INTERNAL)
    return RpcStatus(code=code, message=message, details=tuple(_details(reason, retry_after)))


def _kinds() -> Iterator[tuple[type[ScmError], Code]]:
    """Every kind of domain error with its code, the most general ones last."""
    for kind, code in _CODES:
        for special in kind.__subclasses__():
            yield special, code
        yield kind, code


def _details(reason: Reason, retry_after: float | None) -> list[Message]:
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=reason.value, domain=DOMAIN)]
    if retry_after is not None:
        info = error_details_pb2.RetryInfo()
        info.retry_delay.FromNanoseconds(int(retry_after * 1_000_000_000))
        details.append(info)
    return details


def status_of_exception(error: BaseException, method: str) -> RpcStatus:
    """The status of whatever a call raised. What is not the domain's own is logged, not told."""
    if isinstance(error, ScmError):
        return status_of(error)
    if isinstance(error, ReplayedError):
        return error.status
    if isinstance(error, ConnectError):
        return status_of(_of_library(error))
    if isinstance(error, OperationalError):
        return status_of(_of_database(error, method))
    name = "rpc.database_error" if isinstance(error, DatabaseError) else "rpc.unhandled_error"
    event_id = report_exception(name, error=error, logger=logger, method=method)
    message = f"{INTERNAL_MESSAGE} (event {event_id})"
    info = error_details_pb2.ErrorInfo(
        reason=Reason.INTERNAL.value, domain=DOMAIN, metadata={"event_id": event_id}
    )
    return RpcStatus(code=Code.INTERNAL, message=message, details=(info,))


def _of_database(error: OperationalError, method: str) -> ScmError:
    """A statement that the deadline stopped, or a database that is down or too busy: logged."""
    told = database_error()
    if isinstance(told, errors.ServiceUnavailable):
        logger.error("rpc.database_failed", exc_info=error, extra={"method": method})
    return told


def _of_library(error: ConnectError) -> ScmError:
    """What the RPC library found wrong with a message, in our words."""
    if isinstance(error.__cause__, ScmError):
        return error.__cause__  # ours, from the reading of the body
    if error.code is Code.RESOURCE_EXHAUSTED:
        return errors.TooLarge("the message is larger than this server takes")
    return malformed_message()


def malformed_message(description: str = "cannot be read") -> errors.InvalidArgument:
    """The error for bytes that are no message of the RPC, or not of the protocol."""
    return errors.InvalidArgument("message", description, reason=Reason.MESSAGE_MALFORMED)
