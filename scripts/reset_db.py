"""Empties the development database: makes it anew, then runs every migration.

Only a database that can be one for development is touched: SQLite's file, or PostgreSQL on this
machine. It asks first. Without a terminal to ask at, only SQLite's file in ``SENTRY_HOME`` is
emptied; ``FORCE=1`` takes the place of the answer. Exit status 1 where it was not done.
"""

import os
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sentry.conf import home
from sentry.runner import configure

_LOOPBACK = frozenset({"", "localhost", "127.0.0.1", "::1"})
_TIMEOUT = 5
type Database = Mapping[str, Any]


class RefusedError(Exception):
    """The database is not emptied; the text says why and what to do."""


def check_is_for_development(database: Database) -> None:
    """Returns where the database is on this machine.

    Raises:
        RefusedError: it is on another one.
    """
    host = str(database.get("HOST", ""))
    if host not in _LOOPBACK and not host.startswith("/"):
        raise RefusedError(f"the database is on {host}: only one on this machine is emptied")


def check_is_meant(database: Database, *, is_forced: bool) -> None:
    """Returns where somebody wants the database emptied.

    Raises:
        RefusedError: nobody does, or nobody can be asked.
    """
    name = database["NAME"]
    if is_forced:
        return
    if sys.stdin.isatty():
        if input(f"everything in {name} is lost; type yes to go on: ").strip() != "yes":
            raise RefusedError(f"{name} stays as it is")
    elif _is_postgresql(database) or Path(name) != home.database_file():
        raise RefusedError(f"{name} may not be for development: FORCE=1 make reset-db empties it")


def _is_postgresql(database: Database) -> bool:
    return str(database["ENGINE"]).endswith("postgresql")


def empty_sqlite(file: Path) -> None:
    """Removes the file and those beside it.

    Raises:
        RefusedError: a process has it open.
    """
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(file, timeout=0)) as connection:
            # Nobody may leave the write-ahead log while another connection is open.
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError:
        raise RefusedError(f"{file} is in use: stop the platform first") from None
    for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        path.unlink(missing_ok=True)
    home.make_database_file(str(file))


def empty_postgresql(database: Database) -> None:
    """Drops the database and creates it again.

    Raises:
        RefusedError: a process is connected to it, or our role may not do so.
    """
    name = sql.Identifier(str(database["NAME"]))
    try:
        with psycopg.connect(
            dbname="postgres", host=database["HOST"], port=database["PORT"] or None,
            user=database["USER"], password=database["PASSWORD"] or None, autocommit=True,
            connect_timeout=_TIMEOUT,
        ) as connection:  # fmt: skip
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    except psycopg.errors.ObjectInUse:
        text = f"{database['NAME']} is in use: stop the platform first"
        raise RefusedError(text) from None
    except psycopg.Error as error:
        why = error.diag.message_primary or "it does not answer"
        raise RefusedError(f"PostgreSQL refused: {why}") from None


def reset(database: Database, *, is_forced: bool) -> None:
    """Empties the database and migrates it.

    Raises:
        RefusedError: it is not done; nothing was changed.
    """
    check_is_for_development(database)
    check_is_meant(database, is_forced=is_forced)
    if _is_postgresql(database):
        empty_postgresql(database)
    else:
        empty_sqlite(Path(database["NAME"]))
    from sentry.runner.database import migrate  # noqa: PLC0415 - Django is set up only now

    migrate(interactive=False)


def main() -> int:
    """Empties the database that the environment names."""
    home.sentry_home().mkdir(mode=0o700, parents=True, exist_ok=True)
    configure()
    from django.conf import settings  # noqa: PLC0415 - Django is set up only now

    try:
        reset(settings.DATABASES["default"], is_forced=os.environ.get("FORCE") == "1")
    except RefusedError as error:
        print(f"reset-db: {error}", file=sys.stderr)
        return 1
    print(f"reset-db: {settings.DATABASES['default']['NAME']} is empty and up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
