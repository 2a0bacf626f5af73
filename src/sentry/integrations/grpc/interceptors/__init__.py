"""What every RPC passes through, in this order: errors, authentication, messages, idempotency."""

from sentry.runner import configure

configure()

from sentry.integrations.grpc.interceptors.auth import AuthenticationInterceptor  # noqa: E402
from sentry.integrations.grpc.interceptors.errors import ErrorInterceptor  # noqa: E402
from sentry.integrations.grpc.interceptors.idempotency import IdempotencyInterceptor  # noqa: E402
from sentry.integrations.grpc.interceptors.messages import MessageInterceptor  # noqa: E402

__all__ = [
    "AuthenticationInterceptor",
    "ErrorInterceptor",
    "IdempotencyInterceptor",
    "MessageInterceptor",
]
