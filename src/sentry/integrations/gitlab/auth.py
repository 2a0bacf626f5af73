"""GitLab's credentials: a token in a header of its own, or OAuth's bearer; and both for git."""

import base64
import binascii
from collections.abc import Mapping

from sentry.integrations.source_code_management.errors import IntegrationBroken
from sentry.integrations.source_code_management.http import HostAuth
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.types import MirrorSource

_HEADER = "private-token"
_BEARER = "Bearer "
_BASIC = "Basic "
# The user that GitLab documents for OAuth's tokens; for others it takes any.
_GIT_USER = "oauth2"


class PrivateTokenAuth:
    """A personal, project or group access token, which is used as it is."""

    def __init__(self, token: str) -> None:
        """Takes the token."""
        self._token = token

    @property
    def identity(self) -> str:
        """The token's digest."""
        return digest("gitlab-token", self._token)

    def headers(self) -> dict[str, str]:
        """The token in ``PRIVATE-TOKEN``."""
        return {_HEADER: self._token}

    def renew(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002 -- the Protocol's
        """There is no other."""
        return False


def mirror_source(auth: HostAuth, url: str, *, rejected: MirrorSource | None) -> MirrorSource:
    """Where git fetches, with the token as a Basic password.

    Raises:
        IntegrationBroken: another credential than the rejected one is asked for, and there is none.
    """
    if rejected is not None and not auth.renew(_api_headers(rejected.headers)):
        raise IntegrationBroken
    headers = auth.headers()
    token = headers.get(_HEADER) or headers["authorization"].removeprefix(_BEARER)
    basic = base64.b64encode(f"{_GIT_USER}:{token}".encode()).decode("ascii")
    return MirrorSource(
        url=url, headers={"authorization": f"{_BASIC}{basic}"}, identity=auth.identity
    )


def _api_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A bearer's headers as the API takes them, from those that git was given."""
    encoded = headers.get("authorization", "").removeprefix(_BASIC)
    try:
        token = base64.b64decode(encoded).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        token = ""
    return {"authorization": f"{_BEARER}{token}"}
