"""The service through which credentials and memberships are read."""

from sentry.auth.services.credential.impl import DatabaseBackedCredentialService
from sentry.auth.services.credential.model import RpcCredential, RpcMembership
from sentry.auth.services.credential.service import CredentialService

# Local until the silos are split.
credential_service: CredentialService = DatabaseBackedCredentialService()

__all__ = ["RpcCredential", "RpcMembership", "credential_service"]
