"""Stored integrations with an OAuth credential, and processes that renew it."""

import subprocess

from sentry.integrations.services.integration import RpcIntegration, integration_service
from sentry.integrations.source_code_management.http_runtime import HttpRuntime
from sentry.integrations.source_code_management.oauth import OAuthAuth
from sentry.integrations.source_code_management.oauth_endpoint import ClientForm, TokenEndpoint
from sentry.models import Integration
from sentry.testutils.factories import Factories

from .http_fakes import FakeDialect
from .processes import python
from .token_server import CLIENT_ID, CLIENT_SECRET, TokenServer

ORGANIZATION = 7
FIRST = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "access_token": "access-0",
    "refresh_token": "refresh-0",
    "expires_at": None,
}


def make_model(**credential: object) -> RpcIntegration:
    """A stored integration with a credential that differs from the first one in these fields."""
    organization = Factories.create_organization()
    row = Factories.create_integration(
        organization=organization,
        external_id="git.example:user-1",
        metadata={"base_url": "https://git.example", "oauth": {**FIRST, **credential}},
    )
    return read(row, organization.id)


def read(row: Integration, organization_id: int) -> RpcIntegration:
    found = integration_service.get_installed(
        organization_id=organization_id, integration_id=row.pk
    )
    assert found is not None
    return found.integration


def organization_of(model: RpcIntegration) -> int:
    return Integration.objects.get(pk=model.id).organizationintegration_set.get().organization_id


def auth_of(model: RpcIntegration, server: TokenServer, runtime: HttpRuntime | None = None):
    organization_id = organization_of(model) if model.id else ORGANIZATION
    form = ClientForm.BASIC if server.basic else ClientForm.BODY
    endpoint = TokenEndpoint(url=server.url, client_form=form)
    return OAuthAuth(
        model, organization_id, endpoint, dialect=FakeDialect(), runtime=runtime or HttpRuntime()
    )


def stored() -> dict[str, object]:
    found: dict[str, object] = Integration.objects.get().plain_metadata()["oauth"]
    return found


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


_CHILD = """
import sys
from sentry.runner import configure
configure()
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.oauth import OAuthAuth
from sentry.integrations.source_code_management.oauth_endpoint import TokenEndpoint
from tests.sentry.integrations.source_code_management.http_fakes import FakeDialect
url, organization, integration = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
installed = integration_service.get_installed(
    organization_id=organization, integration_id=integration
)
auth = OAuthAuth(installed.integration, organization, TokenEndpoint(url=url), dialect=FakeDialect())
print("ready", flush=True)
sys.stdin.readline()
auth.renew(auth.headers())
print(auth.headers()["authorization"], flush=True)
"""


def child(server: TokenServer, model: RpcIntegration) -> "subprocess.Popen[str]":
    """A process of its own that waits for a line before it renews."""
    return python(_CHILD, server.url, str(organization_of(model)), str(model.id))
