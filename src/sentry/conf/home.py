"""Where the platform keeps its generated keys and its default database."""

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
