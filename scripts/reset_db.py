"""Empties the development database: removes everything in it, then runs every migration.

Only a database that can be one for development is touched: SQLite's file, or PostgreSQL on this
machine. It asks first, since an installation may live there too; ``FORCE=1`` takes the place of
the answer. Exit status 1 where it was not done, 2 where standard input has no answer.
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


# What can be dropped by itself: a relation of an extension, or a sequence of a column, cannot.
_RELATIONS = """
    SELECT relation.relname, relation.relkind::text
      FROM pg_class AS relation
     WHERE relation.relnamespace = current_schema()::regnamespace
       AND relation.relkind = ANY (%s)
       AND NOT EXISTS (
           SELECT FROM pg_depend AS bond
            WHERE bond.classid = 'pg_class'::regclass AND bond.objid = relation.oid
              AND bond.deptype IN ('e', 'a', 'i')
              AND bond.refclassid IN ('pg_class'::regclass, 'pg_extension'::regclass)
       )
"""
_KINDS = {
    "r": "TABLE", "p": "TABLE", "f": "FOREIGN TABLE", "v": "VIEW", "m": "MATERIALIZED VIEW",
    "S": "SEQUENCE",
}  # fmt: skip
# The server's own workers, which have no user, make way by themselves.
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
"""


class RefusedError(Exception):
    """The database is not emptied; the text says why and what to do."""

    status = 1


class NobodyAnswersError(RefusedError):
    """Standard input ended before an answer."""

    status = 2


def check_is_for_development(database: Database) -> None:
    """Returns where the database is on this machine.

    Raises:
        RefusedError: it is on another one.
    """
    _check_is_here(str(database.get("HOST", "")))


def _check_is_here(host: str) -> None:
    if host not in _LOOPBACK and not host.startswith("/"):
        raise RefusedError(f"the database is on {host}: only one on this machine is emptied")


def check_is_meant(database: Database, *, is_forced: bool) -> None:
    """Returns where somebody wants the database emptied: who answers "yes", or ``FORCE=1``.

    Raises:
        NobodyAnswersError: standard input is closed, or ended at once.
        RefusedError: the answer is another one.
    """
    if is_forced:
        return
    name = database["NAME"]
    print(f"everything in {name} is lost; type yes to go on", file=sys.stderr, flush=True)
    # Python has no standard input where the process was started with a closed one.
    answer = sys.stdin.readline() if sys.stdin is not None else ""
    if not answer:
        raise NobodyAnswersError("nobody answers: FORCE=1 make reset-db empties it without asking")
    if answer.strip() != "yes":
        raise RefusedError(f"{name} stays as it is")


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
    """Drops every table, view and sequence, all or none; extensions stay.

    The database itself stays too: to make one anew takes rights that its owner need not have.

    Raises:
        RefusedError: a process is connected to it, or our role may not do so.
    """
    try:
        with psycopg.connect(**_connection_options(database)) as connection:
            _check_is_here(connection.info.host)
            _check_is_unused(connection)
            _drop_everything(connection)
    except psycopg.errors.LockNotAvailable:
        raise _in_use(str(database["NAME"])) from None
    except psycopg.Error as error:
        why = error.diag.message_primary or " ".join(str(error).split()) or "it does not answer"
        raise RefusedError(f"PostgreSQL refused: {why}") from None


def _connection_options(database: Database) -> dict[str, Any]:
    given = {name: value for name, value in database["OPTIONS"].items() if name != "pool"}
    own = {
        "dbname": database["NAME"], "host": database["HOST"], "port": database["PORT"] or None,
        "user": database["USER"], "password": database["PASSWORD"] or None,
        "connect_timeout": _TIMEOUT,
    }  # fmt: skip
    return {**own, **given}


def _check_is_unused(connection: psycopg.Connection) -> None:
    found = connection.execute(_OTHERS).fetchone()
    if found is None or found[0]:
        raise _in_use(connection.info.dbname)


def _in_use(name: str) -> RefusedError:
    return RefusedError(f"{name} is in use: stop the platform first")


def _drop_everything(connection: psycopg.Connection) -> None:
    """Runs in the connection's transaction, which an error rolls back whole."""
    connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(f"{_TIMEOUT}s"))
    # Fails where the role could remove the tables but not make them again.
    connection.execute("CREATE TABLE reset_db_may_make_tables ()")
    for name, kind in connection.execute(_RELATIONS, [list(_KINDS)]).fetchall():
        # An earlier one may have taken this one with it.
        statement = sql.SQL("DROP {} IF EXISTS {} CASCADE")
        connection.execute(statement.format(sql.SQL(_KINDS[kind]), sql.Identifier(name)))


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
        return error.status
    print(f"reset-db: {settings.DATABASES['default']['NAME']} is empty and up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
