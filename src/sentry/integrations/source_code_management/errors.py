"""The one error tree of the domain. Every error carries its data; a door turns it into a status.

::

    ScmError
    ├── Unauthenticated              no credential, or one that is not accepted
    ├── PermissionDenied             the credential lacks a scope
    ├── InvalidArgument              an input that can never work
    │   └── IdempotencyKeyReused     the same key came with another request
    ├── NotFound                     absent, or another organization's
    │   └── RepositoryReplaced       another repository has its name on the host by now
    ├── AlreadyExists                would break a uniqueness rule
    ├── RequestInFlight              the same idempotency key is being worked on
    ├── PreconditionFailed           the state of an integration forbids it
    │   ├── ProviderDisabled         the provider's feature flag is off
    │   ├── IntegrationDisabled      switched off by an operator
    │   └── IntegrationBroken        the host refuses our credential
    │       └── AddressRefused       the host's address is one that we must not reach
    ├── RateLimited                  our own limit
    ├── TooLarge                     a message or a file beyond our limits
    ├── DeadlineExceeded             the caller's time is up
    ├── Unsupported                  the host has no such capability
    │   └── MirrorRefused            the repository is not mirrored here
    ├── ServiceUnavailable           a part of our own that the call needs is down
    └── HostError                    what a host answered, or did not
        ├── HostRateLimited          its limit
        │   └── HostShareUsed        the caller's share of what is left of it
        ├── HostUnavailable          down, refusing, breaking off, or answering nonsense
        │   └── HostGaveUp           it gave up on this one question
        ├── HostRejected             it understood and said no (400, 409, 422)
        └── HostForbidden            our credential may not do this (403)

A host's 404 becomes NotFound and its 401 IntegrationBroken where the request is made.
``message`` is made of our own words and of the caller's own input: it may be shown to the caller.
"""

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """Why a call failed: the closed set behind ``google.rpc.ErrorInfo.reason``."""

    CREDENTIAL_MISSING = "CREDENTIAL_MISSING"
    CREDENTIAL_INVALID = "CREDENTIAL_INVALID"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    SIGNATURE_EXPIRED = "SIGNATURE_EXPIRED"
    SIGNATURE_REPLAYED = "SIGNATURE_REPLAYED"
    SCOPE_MISSING = "SCOPE_MISSING"
    ARGUMENT_INVALID = "ARGUMENT_INVALID"
    MESSAGE_MALFORMED = "MESSAGE_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    RESOURCE_NOT_FOUND = "RESOURCE_NOT_FOUND"
    RESOURCE_EXISTS = "RESOURCE_EXISTS"
    REQUEST_IN_FLIGHT = "REQUEST_IN_FLIGHT"
    INTEGRATION_DISABLED = "INTEGRATION_DISABLED"
    INTEGRATION_BROKEN = "INTEGRATION_BROKEN"
    PROVIDER_DISABLED = "PROVIDER_DISABLED"
    HOST_FORBIDDEN = "HOST_FORBIDDEN"
    RATE_LIMITED = "RATE_LIMITED"
    HOST_RATE_LIMITED = "HOST_RATE_LIMITED"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    HOST_UNAVAILABLE = "HOST_UNAVAILABLE"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    CAPABILITY_MISSING = "CAPABILITY_MISSING"
    METHOD_UNKNOWN = "METHOD_UNKNOWN"
    PROTOCOL_UNSUPPORTED = "PROTOCOL_UNSUPPORTED"
    WRONG_SILO = "WRONG_SILO"
    INTERNAL = "INTERNAL"


class ScmError(Exception):
    """Base of the tree.

    Attributes:
        reason: the machine-readable cause.
        message: one sentence that may be shown to the caller.
        retry_after: seconds to wait before a retry makes sense; None where none does or is known.
    """

    reason: Reason = Reason.INTERNAL

    def __init__(
        self, message: str, *, reason: Reason | None = None, retry_after: float | None = None
    ) -> None:
        """Makes an error with a text that may be shown."""
        super().__init__(message)
        self.message = message
        self.reason = reason or type(self).reason
        self.retry_after = retry_after

    def tell_also(self, text: str) -> None:
        """Adds to the message what may be shown too; the kind and the data stay."""
        self.message = f"{self.message}; {text}"
        self.args = (self.message,)

    def again(self) -> Self:
        """The same error for another thread to raise: with its data, without its traceback."""
        fresh = type(self).__new__(type(self), *self.args)
        fresh.__dict__.update(self.__dict__)
        return fresh


class Unauthenticated(ScmError):
    """No credential was given, or it is not accepted."""

    reason = Reason.CREDENTIAL_INVALID


class PermissionDenied(ScmError):
    """The credential lacks ``scope``."""

    reason = Reason.SCOPE_MISSING

    def __init__(self, scope: str) -> None:
        """Names the scope that is needed."""
        super().__init__(f"this needs the scope {scope}")
        self.scope = scope


class InvalidArgument(ScmError):
    """``field`` holds something that can never work; ``description`` says what is expected."""

    reason = Reason.ARGUMENT_INVALID

    def __init__(self, field: str, description: str, *, reason: Reason | None = None) -> None:
        """Names the field as the proto does, and what is wrong with it."""
        super().__init__(f"{field}: {description}", reason=reason)
        self.field = field
        self.description = description

    def tell_also(self, text: str) -> None:
        """Adds it to the description too."""
        super().tell_also(text)
        self.description = f"{self.description}; {text}"


class IdempotencyKeyReused(InvalidArgument):
    """The idempotency key was used before, with another request."""

    reason = Reason.IDEMPOTENCY_KEY_REUSED

    def __init__(self) -> None:
        """Needs no data."""
        super().__init__("x-idempotency-key", "was used before with another request")


class NotFound(ScmError):
    """There is no such ``resource`` in the caller's organization or on the host."""

    reason = Reason.RESOURCE_NOT_FOUND

    def __init__(self, resource: str) -> None:
        """Names the kind of thing ("repository"), never an id of another organization."""
        super().__init__(f"{resource} not found")
        self.resource = resource


class RepositoryReplaced(NotFound):
    """On the host another repository has the name by now under which this one is known."""

    def __init__(self) -> None:
        """Needs no data."""
        super().__init__("repository")
        self.message = (
            "repository not found under the name that is stored: the host's repository of that"
            " name is another one by now; synchronize the repositories (SyncRepositories)"
        )
        self.args = (self.message,)


class AlreadyExists(ScmError):
    """A ``resource`` of this identity exists."""

    reason = Reason.RESOURCE_EXISTS

    def __init__(self, resource: str) -> None:
        """Names the kind of thing."""
        super().__init__(f"{resource} exists already")
        self.resource = resource


class RequestInFlight(ScmError):
    """A call with the same idempotency key is being worked on."""

    reason = Reason.REQUEST_IN_FLIGHT

    def __init__(self, retry_after: float) -> None:
        """Says how many seconds the first call may still take."""
        super().__init__("a call with this idempotency key is in progress", retry_after=retry_after)


class PreconditionFailed(ScmError):
    """The state of an integration forbids the call."""


class ProviderDisabled(PreconditionFailed):
    """The provider is switched off on this platform."""

    reason = Reason.PROVIDER_DISABLED

    def __init__(self, provider: str) -> None:
        """Names the provider's key."""
        super().__init__(f"the provider {provider} is switched off")
        self.provider = provider


class IntegrationDisabled(PreconditionFailed):
    """The integration is switched off, or the repository has none."""

    reason = Reason.INTEGRATION_DISABLED

    def __init__(self, message: str = "the integration is disabled") -> None:
        """The text says which of the two."""
        super().__init__(message)


class IntegrationBroken(PreconditionFailed):
    """The host does not accept the integration's credential."""

    reason = Reason.INTEGRATION_BROKEN

    def __init__(self, message: str = "the host rejected the integration's credential") -> None:
        """The text says what the host rejected."""
        super().__init__(message)


class AddressRefused(IntegrationBroken):
    """The operator does not allow the integration's address, or it is none."""


class RateLimited(ScmError):
    """A limit of this platform is used up: ``limit`` requests in a window.

    ``reset_at`` is when the window ends, in unix seconds.
    """

    reason = Reason.RATE_LIMITED

    def __init__(
        self,
        *,
        limit: int,
        reset_at: int,
        retry_after: float,
        what: str = "the credential's rate limit",
    ) -> None:
        """Says which limit it is, how many requests it allows and when the next window begins."""
        super().__init__(f"{what} is used up", retry_after=retry_after)
        self.limit = limit
        self.reset_at = reset_at


class TooLarge(ScmError):
    """A message beyond our limits, or a file with its past."""

    reason = Reason.MESSAGE_TOO_LARGE


class DeadlineExceeded(ScmError):
    """The caller's time was up before the work was done."""

    reason = Reason.DEADLINE_EXCEEDED

    def __init__(self) -> None:
        """Needs no data."""
        super().__init__("the deadline passed before the work was done")


class Unsupported(ScmError):
    """The host, or this platform for that host, cannot do ``capability``."""

    reason = Reason.CAPABILITY_MISSING

    def __init__(self, provider: str, capability: str, why: str = "") -> None:
        """Names the provider's key and the capability, and says why where that is known."""
        text = f"{provider} does not support {capability}"
        super().__init__(f"{text}: {why}" if why else text)
        self.provider = provider
        self.capability = capability


class MirrorRefused(Unsupported):
    """The repository is not mirrored: an operator's cap refuses it, or this server has no git."""

    def __init__(self, provider: str, why: str) -> None:
        """Names the provider's key, and says why."""
        super().__init__(provider, "blame on a mirror", why)


class ServiceUnavailable(ScmError):
    """A part of this platform that the call needs does not answer."""

    reason = Reason.SERVICE_UNAVAILABLE

    def __init__(self, part: str) -> None:
        """Names the part in the field's own words ("the nonce store")."""
        super().__init__(f"{part} is not available", retry_after=1.0)


class HostError(ScmError):
    """Something that a host answered, or did not. ``status`` is its HTTP status, if any."""

    reason = Reason.HOST_UNAVAILABLE

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        """The message is ours: a host's own text is logged, never passed on."""
        super().__init__(message, retry_after=retry_after)
        self.status = status


class HostRateLimited(HostError):
    """The host's limit is used up."""

    reason = Reason.HOST_RATE_LIMITED

    def __init__(self, retry_after: float | None, *, status: int | None = None) -> None:
        """Says when the host will accept requests again, in seconds from now."""
        super().__init__("the host's rate limit is used up", status=status, retry_after=retry_after)


class HostShareUsed(HostRateLimited):
    """Little is left of the host's limit, and this caller has had its share."""

    reason = Reason.RATE_LIMITED

    def __init__(self, retry_after: float | None) -> None:
        """Says when the host's limit begins anew, in seconds from now."""
        super().__init__(retry_after)
        self.message = "this caller's share of the host's rate limit is used up"
        self.args = (self.message,)


class HostUnavailable(HostError):
    """The host is down, refuses, breaks off, or answers what cannot be read."""


class HostGaveUp(HostUnavailable):
    """The host gave up on one question that was too much for it; another way may answer."""


class HostRejected(HostError):
    """The host understood the request and declined it (400, 409, 422)."""

    reason = Reason.ARGUMENT_INVALID


class HostForbidden(HostError):
    """The integration's credential may not do this on the host (403); else it works on."""

    reason = Reason.HOST_FORBIDDEN

    def __init__(
        self, deed: str = "do this", *, needs: str = "", status: int | None = None
    ) -> None:
        """Says what it may not do, and the permission that it needs where the host names one."""
        text = f"the integration's credential may not {deed}"
        super().__init__(f"{text}: it needs {needs}" if needs else text, status=status)
