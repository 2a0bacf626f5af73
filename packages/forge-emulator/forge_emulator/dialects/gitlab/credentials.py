"""Who calls: `PRIVATE-TOKEN`, a bearer, or Basic for git; and what the token may do.

Scopes as GitLab's "Personal access tokens" lists them; a token without any stands for `api`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_emulator.auth import CredentialError, Identity, presented
from forge_emulator.dialects.gitlab.errors import invalid_token, unauthorized

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.oauth import Grant
    from forge_emulator.world import World

_DEFAULT = ("api",)
READ = frozenset({"api", "read_api"})
WRITE = frozenset({"api"})
READ_CODE = frozenset({"api", "read_api", "read_repository", "write_repository"})
WRITE_CODE = frozenset({"api", "write_repository"})
READ_USER = frozenset({"api", "read_api", "read_user"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """An accepted token; `grant` is what it belongs to where an application holds it."""

    identity: Identity
    grant: Grant | None

    @property
    def scopes(self) -> tuple[str, ...]:
        return self.identity.scopes or _DEFAULT

    def may(self, allowed: frozenset[str]) -> bool:
        """Whether one of the scopes is enough."""
        return not allowed.isdisjoint(self.scopes)


def credential_of(world: World, request: Request) -> Credential | None:
    """The credential of a call of the API, None without one; raises `ApiError` 401.

    An application's token is taken as a bearer alone, a personal one in either header.
    """
    private = request.headers.get("PRIVATE-TOKEN") or request.args.get("private_token")
    if private:
        found = _found(world, private)
        if found is None or found.grant is not None:
            raise unauthorized()
        return found
    authorization = request.headers.get("Authorization", "")
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise unauthorized()
    found = _found(world, token.strip())
    if found is None:
        raise invalid_token()
    return found


def git_credential_of(world: World, authorization: str) -> Credential | None:
    """The credential of git: a token as Basic password, whoever the user says to be.

    Raises `CredentialError`. An application's token wants the user `oauth2`.
    """
    secret = presented(authorization)
    if secret is None:
        return None
    if not authorization.lower().startswith("basic "):
        raise CredentialError("git sends Basic")
    found = _found(world, secret)
    if found is None:
        raise CredentialError("unknown token")
    return found


def _found(world: World, token: str) -> Credential | None:
    try:
        identity = world.credentials.identify(token)
    except CredentialError:
        return None
    return Credential(identity=identity, grant=world.oauth.grant_of(token))
