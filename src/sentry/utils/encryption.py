"""Encryption of credentials at rest.

Fernet (AES-128-CBC with HMAC-SHA256, the Fernet specification)
with several keys: the first encrypts, all decrypt, so that keys can be rotated. Keys come from
``SENTRY_ENCRYPTION_KEYS`` (comma-separated, newest first) or from a key file of mode 600.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from sentry.conf.environment import read_key_file


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


# What the key file held when it was read again, by the keys that this process started with.
_renewed: dict[tuple[str, ...], tuple[str, ...]] = {}


def _configured() -> tuple[str, ...]:
    keys: Sequence[str] = settings.ENCRYPTION_KEYS
    return tuple(keys)


def _current() -> MultiFernet:
    keys = _configured()
    return _cipher(_renewed.get(keys, keys))


def _renew() -> bool:
    """Reads the key file again: another process may have put a new key into it.

    Its keys are taken only where it still holds one that this process knows. Returns whether
    there was anything new.
    """
    keys = _configured()
    path: Path | None = settings.ENCRYPTION_KEYS_FILE
    if path is None:
        return False
    try:
        fresh = tuple(read_key_file(path))
    except (OSError, ImproperlyConfigured):
        return False
    if fresh == _renewed.get(keys, keys) or not set(fresh) & set(keys):
        return False
    _renewed[keys] = fresh
    return True


def encrypt_json(value: object) -> str:
    """The value as encrypted JSON, in ASCII."""
    return _current().encrypt(json.dumps(value, separators=(",", ":")).encode()).decode("ascii")


def decrypt_json(token: str) -> object:
    """The value that ``encrypt_json`` was given.

    Raises:
        WrongEncryptionKeyError: no configured key fits, or the text is not ours.
    """
    value: object = json.loads(_decrypt(token.encode("ascii", "replace")))
    return value


def _decrypt(token: bytes) -> bytes:
    try:
        return _current().decrypt(token)
    except InvalidToken:
        if not _renew():
            raise WrongEncryptionKeyError from None
    try:
        return _current().decrypt(token)
    except InvalidToken:
        raise WrongEncryptionKeyError from None
