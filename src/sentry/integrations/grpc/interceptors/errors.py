"""Turns whatever a call raises into a status of our table. It stands first, so it ends last."""

from connectrpc.request import RequestContext

from sentry.integrations.grpc.call import current_call
from sentry.integrations.grpc.errors import status_of_exception


class ErrorInterceptor:
    """Replaces every error, the RPC library's own included, by a status with our text."""

    def on_start_sync(self, ctx: RequestContext, /) -> None:  # type: ignore[type-arg]
        """Nothing to do before the call."""

    def on_end_sync(self, _token: None, ctx: RequestContext, error: Exception | None, /) -> None:  # type: ignore[type-arg]
        """Raises the status of the error, if there is one."""
        if error is not None:
            status = status_of_exception(error, ctx.method.name)
            current_call().code = status.code.name
            raise status.to_connect_error() from error
