"""The service through which credentials and memberships are read."""

from sentry.auth.services.credential.model import RpcCredential, RpcMembership
from sentry.auth.services.credential.service import credential_service

__all__ = ["RpcCredential", "RpcMembership", "credential_service"]
