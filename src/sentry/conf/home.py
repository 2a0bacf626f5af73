"""Where the platform keeps its generated keys and its default database."""

import os
from contextlib import suppress
from pathlib import Path

from sentry.conf import environment as env

MODE = 0o700


def sentry_home() -> Path:
    """The folder (variable ``SENTRY_HOME``); need not exist yet."""
    text = env.text("SENTRY_HOME")
    return Path(text).expanduser().absolute() if text else Path.home() / ".sentry"


def secret_key_file() -> Path:
    """The file of the key that signs sessions and page tokens."""
    return sentry_home() / "secret.key"


def encryption_keys_file() -> Path:
    """The file of the keys that encrypt credentials, newest first."""
    return sentry_home() / "encryption.keys"


def database_file() -> Path:
    """The SQLite database that is used without ``DATABASE_URL``."""
    return sentry_home() / "sentry.db"


def make_database_file(name: str) -> None:
    """Makes an empty SQLite database that only its owner may read, where there is none yet.

    SQLite itself would leave the mode to the umask. Its ``-wal`` and ``-shm`` files get the mode
    of the database. One that is there keeps its mode; one in memory needs no file.

    Args:
        name: Django's name of the database: a path, ``:memory:`` or a ``file:`` address.
    """
    if name.startswith((":memory:", "file:")):
        return
    with suppress(OSError):  # the first connection meets the same obstacle, and tells it
        os.close(os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
