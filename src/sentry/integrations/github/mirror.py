"""How git fetches from GitHub: over HTTPS, with the token as a Basic password."""

import base64

from sentry.integrations.github.endpoints import Endpoints
from sentry.integrations.github.parse import RepositoryName
from sentry.integrations.source_code_management.errors import IntegrationBroken
from sentry.integrations.source_code_management.http import HostAuth
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.types import MirrorSource

# The user that GitHub documents for an App's tokens; for others it takes any.
_USER = "x-access-token"
_BEARER = "Bearer "


def mirror_source(
    auth: HostAuth,
    endpoints: Endpoints,
    name: RepositoryName,
    *,
    rejected: MirrorSource | None,
) -> MirrorSource:
    """See ``MirrorIntegration``; ``name`` is the present one.

    An App's token is asked for anew where GitHub refused it.

    Raises:
        IntegrationBroken: GitHub refused the only credential there is.
    """
    if rejected is not None and not auth.renew(_api_headers(rejected)):
        raise IntegrationBroken
    path = route("/{owner}/{name}", owner=name.owner, name=f"{name.name}.git").path
    token = auth.headers()["authorization"].removeprefix(_BEARER)
    basic = base64.b64encode(f"{_USER}:{token}".encode()).decode("ascii")
    return MirrorSource(
        url=endpoints.web + path,
        headers={"authorization": f"Basic {basic}"},
        identity=auth.identity,
    )


def _api_headers(source: MirrorSource) -> dict[str, str]:
    """The headers that a request to the API with the same credential has."""
    basic = source.headers["authorization"].removeprefix("Basic ")
    token = base64.b64decode(basic).decode().partition(":")[2]
    return {"authorization": f"{_BEARER}{token}"}
