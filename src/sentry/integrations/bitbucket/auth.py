"""Bitbucket's credentials: an account's API token, an access token, and OAuth.

REST and git take the same secrets in different forms.
Source: "Using API tokens" and "Using access tokens" on support.atlassian.com.
"""

import base64
import binascii
from collections.abc import Mapping

from sentry.integrations.source_code_management.errors import IntegrationBroken
from sentry.integrations.source_code_management.http import HostAuth
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.types import MirrorSource

_API_TOKEN_USER = "x-bitbucket-api-token-auth"  # noqa: S105 -- a user's name
_BEARER_USER = "x-token-auth"
_BEARER, _BASIC = "Bearer ", "Basic "


def _basic(user: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return {"authorization": f"{_BASIC}{pair}"}


class ApiTokenAuth:
    """An account's API token, which comes with the account's e-mail address."""

    def __init__(self, email: str, token: str) -> None:
        """Takes both."""
        self._email = email
        self._token = token

    @property
    def identity(self) -> str:
        """A digest over both."""
        return digest("bitbucket-api-token", self._email, self._token)

    def headers(self) -> dict[str, str]:
        """Both, by Basic."""
        return _basic(self._email, self._token)

    def git_headers(self) -> dict[str, str]:
        """The token, with the user that git's requests name."""
        return _basic(_API_TOKEN_USER, self._token)

    def renew(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002 -- the Protocol's
        """There is no other."""
        return False


class AccessTokenAuth:
    """An access token of a repository, a project or a workspace."""

    def __init__(self, token: str) -> None:
        """Takes the token."""
        self._token = token

    @property
    def identity(self) -> str:
        """The token's digest."""
        return digest("bitbucket-token", self._token)

    def headers(self) -> dict[str, str]:
        """The token as a bearer."""
        return {"authorization": f"{_BEARER}{self._token}"}

    def renew(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002 -- the Protocol's
        """There is no other."""
        return False


def mirror_source(auth: HostAuth, url: str, *, rejected: MirrorSource | None) -> MirrorSource:
    """Where git fetches, with the credential in the form that git's requests take.

    Raises:
        IntegrationBroken: another credential than the rejected one is asked for, and there is none.
    """
    if rejected is not None and not auth.renew(_rest_headers(rejected.headers)):
        raise IntegrationBroken
    return MirrorSource(url=url, headers=_git_headers(auth), identity=auth.identity)


def _git_headers(auth: HostAuth) -> dict[str, str]:
    if isinstance(auth, ApiTokenAuth):
        return auth.git_headers()
    return _basic(_BEARER_USER, auth.headers()["authorization"].removeprefix(_BEARER))


def _rest_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A bearer's headers as REST takes them, from those that git was given."""
    encoded = headers.get("authorization", "").removeprefix(_BASIC)
    try:
        password = base64.b64decode(encoded).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        password = ""
    return {"authorization": f"{_BEARER}{password}"}
