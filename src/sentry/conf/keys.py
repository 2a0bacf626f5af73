"""Checks the keys that encrypt credentials before anything uses them."""

from collections.abc import Iterable

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured


def check_encryption_keys(keys: Iterable[str], *, source: str) -> None:
    """Returns where every key is a Fernet key: 32 bytes in URL-safe base64.

    Raises:
        ImproperlyConfigured: one is not; says where it stands, and never what it is.
    """
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                f"{source}: key {number} is no key; `sentry keys generate` prints one"
            ) from None
