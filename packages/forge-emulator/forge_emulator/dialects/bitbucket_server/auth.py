"""Whose credential a request carries: an HTTP access token, or a name with a password."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from forge_emulator.auth import CredentialError

if TYPE_CHECKING:
    from forge_emulator.auth import Credentials, Identity

_ANY_USER = "x-token-auth"  # stands for the account of a project's or repository's token


def identify(credentials: Credentials, authorization: str) -> Identity | None:
    """Who calls, None for nobody; raises `CredentialError`.

    `Bearer` carries a token. `Basic` carries a user's name with the password or with a token of
    that user.
    """
    if not authorization:
        return None
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return credentials.identify(value.strip())
    if scheme.lower() != "basic":
        raise CredentialError("unknown scheme")
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CredentialError("malformed Basic credential") from error
    identity = credentials.identify(password)
    if user.lower() not in {identity.login.lower(), _ANY_USER}:
        raise CredentialError("another user's password")
    return identity
