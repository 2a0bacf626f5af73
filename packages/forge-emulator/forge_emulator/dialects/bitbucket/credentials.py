"""Bitbucket's kinds of credentials, told apart by how they begin, as on the host.

An API token (`ATATT…`) is an account's and comes by Basic with the account's e-mail address; an
access token (`ATCTT…`) is a repository's, a project's or a workspace's and comes as a bearer; any
other is OAuth's, a bearer that stands for an account. App passwords are gone.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from forge_emulator.auth import CredentialError

if TYPE_CHECKING:
    from forge_emulator.auth import Identity
    from forge_emulator.world import World

CredentialKind = Literal["api_token", "access_token", "oauth"]

_API_TOKEN = "ATATT"  # noqa: S105 - how they begin
_ACCESS_TOKEN = "ATCTT"  # noqa: S105 - likewise
_GIT_USERS = {
    "x-bitbucket-api-token-auth": ("api_token",),
    "x-token-auth": ("access_token", "oauth"),
}
# OAuth's scopes, which access tokens share, and those of API tokens.
_API_TOKEN_SCOPES = {
    "account": "read:user:bitbucket",
    "team": "read:workspace:bitbucket",
    "repository": "read:repository:bitbucket",
    "repository:write": "write:repository:bitbucket",
    "pullrequest": "read:pullrequest:bitbucket",
    "webhook": "read:webhook:bitbucket",
}
_IMPLIED = {
    "repository": ("repository:write", "repository:admin", "pullrequest", "pullrequest:write"),
    "pullrequest": ("pullrequest:write",),
    "account": ("account:write",),
    "team": ("account", "team:write"),
    "repository:write": ("pullrequest:write",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """A credential that was accepted, and whose it is."""

    kind: CredentialKind
    identity: Identity

    def lacks(self, scope: str) -> str | None:
        """The scope by the name that this kind of credential has for it, where it is not granted.

        A credential without any scopes of its own has them all.
        """
        granted = self.identity.scopes
        if not granted:
            return None
        if self.kind == "api_token":
            name = _API_TOKEN_SCOPES[scope]
            return None if name in granted else name
        return None if {scope, *_IMPLIED.get(scope, ())}.intersection(granted) else scope


def credential_of(world: World, authorization: str) -> Credential | None:
    """The credential in the header of an API request, None without one.

    Raises `CredentialError` for what is not accepted.
    """
    scheme, secret = _split(authorization)
    if scheme == "":
        return None
    if scheme == "bearer":
        credential = _identified(world, secret)
        if credential.kind == "api_token":
            raise CredentialError("an API token comes by Basic")
        return credential
    email, token = _pair(secret)
    credential = _identified(world, token)
    if credential.kind != "api_token" or not _is_address_of(world, email, credential.identity):
        raise CredentialError("not an account's e-mail address and API token")
    return credential


def git_credential_of(world: World, authorization: str) -> Credential | None:
    """The credential of a git request: Basic, with a user that says what the password is.

    Raises `CredentialError` for what is not accepted.
    """
    scheme, secret = _split(authorization)
    if scheme == "":
        return None
    if scheme == "bearer":
        return credential_of(world, authorization)
    user, token = _pair(secret)
    credential = _identified(world, token)
    if user in _GIT_USERS:
        is_right = credential.kind in _GIT_USERS[user]
    else:
        own = {credential.identity.login.lower()}
        is_right = credential.kind == "api_token" and (
            user.lower() in own or _is_address_of(world, user, credential.identity)
        )
    if not is_right:
        raise CredentialError("the user does not fit the password")
    return credential


def _identified(world: World, token: str) -> Credential:
    kind: CredentialKind = "oauth"
    if token.startswith(_API_TOKEN):
        kind = "api_token"
    elif token.startswith(_ACCESS_TOKEN):
        kind = "access_token"
    return Credential(kind=kind, identity=world.credentials.identify(token))


def _is_address_of(world: World, email: str, identity: Identity) -> bool:
    """Whether the account has this address; one without any known address takes every one."""
    known = {mail for mail, login in world.users.items() if login == identity.login}
    return "@" in email and (not known or email.lower() in known)


def _split(authorization: str) -> tuple[str, str]:
    if not authorization:
        return "", ""
    scheme, _, secret = authorization.strip().partition(" ")
    if scheme.lower() not in {"basic", "bearer"} or not secret.strip():
        raise CredentialError("unknown scheme")
    return scheme.lower(), secret.strip()


def _pair(encoded: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CredentialError("malformed Basic credential") from error
    return user, password
