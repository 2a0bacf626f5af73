"""What a call may raise.

    ScmError
    ├── Cancelled            ├── ResourceExhausted     ├── Internal
    ├── Unknown              ├── FailedPrecondition    ├── Unavailable
    ├── InvalidArgument      ├── Aborted               ├── DataLoss
    ├── DeadlineExceeded     ├── OutOfRange            └── Unauthenticated
    ├── NotFound             ├── Unimplemented
    ├── AlreadyExists
    └── PermissionDenied

One class stands for one status of gRPC. Wrong arguments that never reach the server (two
credentials, a negative timeout) are ValueError.
"""

from typing import ClassVar

from google.protobuf.any_pb2 import Any as PackedMessage
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2 as rpc
from google.rpc import status_pb2

from .status import StatusCode

# The messages that google/rpc/error_details.proto defines for details.
_KNOWN: dict[str, type[Message]] = {
    f"google.rpc.{kind.__name__}": kind
    for kind in (
        rpc.BadRequest,
        rpc.DebugInfo,
        rpc.ErrorInfo,
        rpc.Help,
        rpc.LocalizedMessage,
        rpc.PreconditionFailure,
        rpc.QuotaFailure,
        rpc.RequestInfo,
        rpc.ResourceInfo,
        rpc.RetryInfo,
    )
}


class ScmError(Exception):
    """A call that did not succeed.

    `details()` is the message for people; `reason`, `domain` and `metadata` come from the
    server's google.rpc.ErrorInfo and are for programs (`reason` is the name of an ErrorReason
    without its prefix, such as "RESOURCE_NOT_FOUND"; empty where the client itself found the
    failure). Errors can be copied and pickled; they hold no credential.
    """

    status: ClassVar[StatusCode] = StatusCode.UNKNOWN

    def __init__(self, details: str = "", status_details: bytes = b"") -> None:
        """Take the message and the serialized google.rpc.Status that came with it, if any."""
        super().__init__(details, status_details)
        self._details = details
        self._decoded = decode_details(status_details)

    def __str__(self) -> str:
        """STATUS (REASON): message."""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.status.name}{reason}: {self._details}"

    def __repr__(self) -> str:
        """The class and the text of the error."""
        return f"<{type(self).__name__} {self}>"

    def code(self) -> StatusCode:
        """The status of gRPC."""
        return self.status

    def details(self) -> str:
        """The message for people."""
        return self._details

    @property
    def error_details(self) -> tuple[Message, ...]:
        """The google.rpc messages of the error, in order; of an unknown type: the Any itself."""
        return self._decoded

    @property
    def reason(self) -> str:
        """Why the call failed, for programs; empty where the server did not say."""
        info = self._first_info()
        return info.reason if info else ""

    @property
    def domain(self) -> str:
        """Who gave the reason; empty where nobody did."""
        info = self._first_info()
        return info.domain if info else ""

    @property
    def metadata(self) -> dict[str, str]:
        """Further facts that belong to the reason."""
        info = self._first_info()
        return dict(info.metadata) if info else {}

    @property
    def retry_after(self) -> float | None:
        """After how many seconds the server would have the call repeated; None: it did not say."""
        for detail in self._decoded:
            if isinstance(detail, rpc.RetryInfo):
                delay = detail.retry_delay
                seconds: float = delay.seconds + delay.nanos / 1e9
                return max(0.0, seconds)
        return None

    @property
    def field_violations(self) -> dict[str, str]:
        """The request's fields that the server refused, each with what is wrong with it."""
        return {
            violation.field: violation.description
            for detail in self._decoded
            if isinstance(detail, rpc.BadRequest)
            for violation in detail.field_violations
        }

    def _first_info(self) -> rpc.ErrorInfo | None:
        return next((d for d in self._decoded if isinstance(d, rpc.ErrorInfo)), None)


class Cancelled(ScmError):
    """The call was cancelled, by the server or on the way to it."""

    status = StatusCode.CANCELLED


class Unknown(ScmError):
    """The answer told no status that gRPC knows."""

    status = StatusCode.UNKNOWN


class InvalidArgument(ScmError):
    """The request is wrong by itself; `field_violations` says where."""

    status = StatusCode.INVALID_ARGUMENT


class DeadlineExceeded(ScmError):
    """The time for the call was over, here or at the server."""

    status = StatusCode.DEADLINE_EXCEEDED


class NotFound(ScmError):
    """There is no such thing, or it belongs to another organization."""

    status = StatusCode.NOT_FOUND


class AlreadyExists(ScmError):
    """What should be created is there already."""

    status = StatusCode.ALREADY_EXISTS


class PermissionDenied(ScmError):
    """The credential is good but lacks the scope."""

    status = StatusCode.PERMISSION_DENIED


class ResourceExhausted(ScmError):
    """A limit is reached, the platform's or the host's; `retry_after` says for how long."""

    status = StatusCode.RESOURCE_EXHAUSTED


class FailedPrecondition(ScmError):
    """The integration is disabled or broken, or its provider is turned off."""

    status = StatusCode.FAILED_PRECONDITION


class Aborted(ScmError):
    """The same mutation is still running."""

    status = StatusCode.ABORTED


class OutOfRange(ScmError):
    """The request reaches beyond what there is."""

    status = StatusCode.OUT_OF_RANGE


class Unimplemented(ScmError):
    """The server or the host behind the repository cannot do this."""

    status = StatusCode.UNIMPLEMENTED


class Internal(ScmError):
    """The server failed, or its answer is not well-formed gRPC-Web."""

    status = StatusCode.INTERNAL


class Unavailable(ScmError):
    """The server or the host behind it cannot be reached at present."""

    status = StatusCode.UNAVAILABLE


class DataLoss(ScmError):
    """Data is lost or damaged."""

    status = StatusCode.DATA_LOSS


class Unauthenticated(ScmError):
    """The credential is missing, unknown or revoked, or the signature does not hold."""

    status = StatusCode.UNAUTHENTICATED


_BY_CODE: dict[int, type[ScmError]] = {
    kind.status.value: kind for kind in ScmError.__subclasses__()
}


def error_for(code: int, message: str, status_details: bytes = b"") -> ScmError:
    """Build the error for a `grpc-status` number other than 0; a number gRPC lacks is Unknown."""
    return _BY_CODE.get(code, Unknown)(message, status_details)


def decode_details(status_details: bytes) -> tuple[Message, ...]:
    """Decode the details of a serialized google.rpc.Status; nothing where it is malformed.

    A failure must not hide behind its own broken description, so bad bytes raise nothing.
    """
    status = status_pb2.Status()
    try:
        status.ParseFromString(status_details)
    except DecodeError:
        return ()
    return tuple(_unpack(packed) for packed in status.details)


def _unpack(packed: PackedMessage) -> Message:
    kind = _KNOWN.get(packed.type_url.rpartition("/")[2])
    if kind is None:
        return packed
    message = kind()
    try:
        message.ParseFromString(packed.value)
    except DecodeError:
        return packed
    return message
