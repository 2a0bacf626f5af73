"""Bitbucket Data Center's credentials: an HTTP access token, or a name with a password."""

import base64
from collections.abc import Mapping

from sentry.integrations.source_code_management.http_cache import digest


class TokenAuth:
    """An HTTP access token of a user, a project or a repository."""

    def __init__(self, token: str) -> None:
        """Takes the token."""
        self._token = token

    @property
    def identity(self) -> str:
        """The token's digest."""
        return digest("bitbucket-server-token", self._token)

    def headers(self) -> dict[str, str]:
        """The token as a bearer, for REST and for git alike."""
        return {"authorization": f"Bearer {self._token}"}

    def renew(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002 -- the Protocol's
        """There is no other."""
        return False


class BasicAuth:
    """A user's name and password."""

    def __init__(self, username: str, password: str) -> None:
        """Takes both."""
        self._username = username
        self._password = password

    @property
    def identity(self) -> str:
        """A digest over both."""
        return digest("bitbucket-server-basic", self._username, self._password)

    def headers(self) -> dict[str, str]:
        """Both as Basic (RFC 7617, UTF-8), for REST and for git alike."""
        pair = f"{self._username}:{self._password}".encode()
        return {"authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}

    def renew(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002 -- the Protocol's
        """There is no other."""
        return False
