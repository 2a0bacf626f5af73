"""Encryption of credentials at rest.

Fernet (AES-128-CBC with HMAC-SHA256, the Fernet specification)
with several keys: the first encrypts, all decrypt, so that keys can be rotated. Keys come from
``SENTRY_ENCRYPTION_KEYS`` (comma-separated, newest first) or from a key file of mode 600.
"""

import json
from collections.abc import Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class WrongEncryptionKeyError(Exception):
    """A stored secret cannot be decrypted with any configured key."""

    def __init__(self) -> None:
        """Carries a fixed text: neither the key nor the value is shown."""
        super().__init__(
            "a stored credential cannot be decrypted with the configured keys; "
            "restore the key that encrypted it (SENTRY_ENCRYPTION_KEYS or the key file)"
        )


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _current() -> MultiFernet:
    keys: Sequence[str] = settings.ENCRYPTION_KEYS
    return _cipher(tuple(keys))


def encrypt_json(value: object) -> str:
    """The value as encrypted JSON, in ASCII."""
    return _current().encrypt(json.dumps(value, separators=(",", ":")).encode()).decode("ascii")


def decrypt_json(token: str) -> object:
    """The value that ``encrypt_json`` was given.

    Raises:
        WrongEncryptionKeyError: no configured key fits, or the text is not ours.
    """
    try:
        plain = _current().decrypt(token.encode("ascii", "replace"))
    except InvalidToken:
        raise WrongEncryptionKeyError from None
    value: object = json.loads(plain)
    return value


def reencrypt(token: str) -> str:
    """The same secret under the first key, for rotation.

    Raises:
        WrongEncryptionKeyError: no configured key fits.
    """
    try:
        return _current().rotate(token.encode("ascii", "replace")).decode("ascii")
    except InvalidToken:
        raise WrongEncryptionKeyError from None
