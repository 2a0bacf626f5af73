"""The database by its URL."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"


def sqlite(path: Path) -> dict[str, Any]:
    """SQLite: write-ahead log, immediate transactions, a busy timeout; survives kill -9."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": _SQLITE_PRAGMAS,
        },
    }


def database(url: str, *, default: Path, pool_size: int) -> dict[str, Any]:
    """Django's setting for ``DATABASE_URL``; SQLite at ``default`` where it is empty.

    Args:
        url: ``postgres://user:password@host:port/name?sslmode=…`` or ``sqlite:///path``.
        default: the SQLite file without a URL.
        pool_size: connections of PostgreSQL's pool; at least the number of threads.

    Raises:
        ImproperlyConfigured: the URL has another scheme or names no database.
    """
    if not url:
        return sqlite(default)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text would show a part of the URL, the password perhaps
        raise _malformed() from None
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme == "sqlite" and name:
        return sqlite(Path(name))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise _malformed()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            **dict(parse_qsl(parts.query)),
            "pool": {"min_size": 1, "max_size": pool_size, "timeout": 10},
        },
    }


def _malformed() -> ImproperlyConfigured:
    return ImproperlyConfigured(
        "DATABASE_URL: expected postgres://user:password@host:port/name or sqlite:///path,"
        " with what is special in the password percent-encoded"
    )
