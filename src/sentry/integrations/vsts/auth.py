"""Azure DevOps' credentials: a personal access token, or an application of Entra."""

import base64
from collections.abc import Mapping

from sentry.integrations.source_code_management.http import HostAuth
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.oauth_client import (
    ClientCredential,
    client_credentials_auth,
)
from sentry.integrations.source_code_management.oauth_endpoint import TokenEndpoint
from sentry.integrations.vsts.dialect import VstsDialect
from sentry.integrations.vsts.endpoints import Endpoints

# Azure DevOps' own application in Entra, which every token must be for.
_SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"


class PersonalTokenAuth:
    """A personal access token: the password of a Basic credential without a user."""

    def __init__(self, token: str) -> None:
        """Takes the token."""
        self._token = token

    @property
    def identity(self) -> str:
        """The token's digest."""
        return digest("vsts-token", self._token)

    def headers(self) -> dict[str, str]:
        """The token as a Basic password."""
        pair = base64.b64encode(f":{self._token}".encode("ascii")).decode("ascii")
        return {"authorization": f"Basic {pair}"}

    def renew(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002 -- the Protocol's
        """There is no other."""
        return False


def entra_auth(credential: ClientCredential, *, tenant: str, endpoints: Endpoints) -> HostAuth:
    """An application of a tenant, by the token that Entra gives it; one for the whole process."""
    path = route("/{tenant}/oauth2/v2.0/token", tenant=tenant).path
    endpoint = TokenEndpoint(url=endpoints.login + path, fields={"scope": _SCOPE})
    return client_credentials_auth(credential, endpoint, dialect=VstsDialect())
