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
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite(Path(unquote(parts.path.removeprefix("/"))))
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(
            "DATABASE_URL: expected postgres://user:password@host:port/name or sqlite:///path"
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            **dict(parse_qsl(parts.query)),
            "pool": {"min_size": 1, "max_size": pool_size, "timeout": 10},
        },
    }
