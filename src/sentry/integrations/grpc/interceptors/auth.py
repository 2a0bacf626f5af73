"""Who calls, whether they may, and how often."""

from connectrpc.request import RequestContext

from sentry.auth.ratelimit import RateLimitState, limiter
from sentry.integrations.grpc.call import current_call
from sentry.integrations.source_code_management.errors import PermissionDenied, RateLimited


class AuthenticationInterceptor:
    """Authenticates the call, checks its scope, then counts it, before its message is read."""

    def on_start_sync(self, _ctx: RequestContext, /) -> None:  # type: ignore[type-arg]
        """Sets the caller of the call at hand.

        Raises:
            Unauthenticated, PermissionDenied, RateLimited: in this order.
            ServiceUnavailable: a signed request's nonce could not be checked.
        """
        call = current_call()
        caller = call.authenticate()
        try:
            state = limiter.hit(caller.credential)
        except RateLimited as error:
            call.headers += _told(RateLimitState(error.limit, 0, error.reset_at))
            raise
        if state is not None:
            call.headers += _told(state)
        if call.policy.scope not in caller.scopes:
            raise PermissionDenied(call.policy.scope)
        call.caller = caller

    def on_end_sync(self, token: None, ctx: RequestContext, error: Exception | None, /) -> None:  # type: ignore[type-arg]
        """Nothing to do after the call."""


def _told(state: RateLimitState) -> list[tuple[str, str]]:
    return [
        ("x-ratelimit-limit", str(state.limit)),
        ("x-ratelimit-remaining", str(state.remaining)),
        ("x-ratelimit-reset", str(state.reset_at)),
    ]
