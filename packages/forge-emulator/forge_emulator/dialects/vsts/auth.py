"""Who calls: a personal token as Basic password, or a bearer of Entra."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from forge_emulator.auth import CredentialError

if TYPE_CHECKING:
    from forge_emulator.auth import Identity
    from forge_emulator.world import World


class NoCredentialError(CredentialError):
    """The caller showed none."""


class BearerError(CredentialError):
    """A bearer that is not accepted, which is told in another way than a wrong Basic password."""


def identify(world: World, authorization: str) -> Identity:
    """The identity behind an `Authorization` header; raises `CredentialError`.

    A personal token is the password; what stands before the colon does not matter. It is no
    bearer, and a bearer is no password.
    """
    scheme, _, value = authorization.strip().partition(" ")
    match scheme.lower():
        case "":
            raise NoCredentialError("no credential")
        case "bearer":
            try:
                return _of_kind(world, value.strip(), bearer=True)
            except CredentialError as error:
                raise BearerError("wrong bearer") from error
        case "basic":
            return _of_kind(world, _password(value), bearer=False)
        case _:
            raise CredentialError("unknown scheme")


def _password(value: str) -> str:
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CredentialError("malformed Basic credential") from error
    return text.partition(":")[2]


def _of_kind(world: World, secret: str, *, bearer: bool) -> Identity:
    """Tokens that end were given out by Entra and are bearers; the others are personal."""
    identity = world.credentials.identify(secret)
    if (identity.expires_at is not None) != bearer:
        raise CredentialError("a credential of another kind")
    return identity
