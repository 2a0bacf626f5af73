"""The services of the RPC door."""

from sentry.runner import configure

configure()

from sentry.integrations.grpc.services.scm_service import ScmServicer  # noqa: E402

__all__ = ["ScmServicer"]
