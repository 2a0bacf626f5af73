"""The database that ``--reuse-db`` keeps from one run of the tests to the next.

Its name holds a hash of the migrations, so that a changed one gets a database of its own instead of
an old schema; those of other migrations are removed. A run that did not end by itself may have left
rows behind: a file that stands for "in use" tells the next run, which makes the database anew. Two
runs never share it.
"""

import fcntl
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import django

from sentry import migrations

_HEX_DIGITS = 10


class InUseError(Exception):
    """Another run uses the database."""


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"\n".join(parts)).hexdigest()[:_HEX_DIGITS]


def schema_hash(folder: Path | None = None) -> str:
    """What makes the schema: our migrations (or those of a folder), Django's by its version."""
    files = sorted((folder or Path(migrations.__path__[0])).glob("*.py"))
    parts = [part for file in files for part in (file.name.encode(), file.read_bytes())]
    return _hash(django.__version__.encode(), *parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReusedDatabase:
    """The database of a checkout on one kind of server.

    Attributes:
        root: the checkout.
        postgres_url: where PostgreSQL is; empty for SQLite.
        schema: what ``schema_hash`` gives.
    """

    root: Path
    postgres_url: str
    schema: str

    @property
    def folder(self) -> Path:
        """What is kept of it in the checkout; git ignores it."""
        return self.root / ".cache/tests" / ("postgres" if self.postgres_url else "sqlite")

    @property
    def name(self) -> str:
        """Its name on the server, or its file."""
        if self.postgres_url:
            return f"{self._prefix}{self.schema}"
        return str(self.folder / self.schema / "test.db")

    @property
    def _prefix(self) -> str:
        # checkouts share a server
        return f"test_sentry_{_hash(os.fsencode(self.root.resolve()))}_"

    @property
    def _in_use(self) -> Path:
        return self.folder / "in-use"

    def take(self) -> bool:
        """Takes the database for this run; whether it must be made anew.

        Raises:
            InUseError: another run has it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock()
        must_renew = self._in_use.exists()
        self._in_use.touch()
        self._remove_others()
        return must_renew

    def make_room(self) -> None:
        """Removes the file with all that SQLite keeps beside it; Django drops PostgreSQL's."""
        if not self.postgres_url:
            shutil.rmtree(Path(self.name).parent, ignore_errors=True)

    def make_folder(self) -> None:
        """Makes the folder of SQLite's files."""
        if not self.postgres_url:
            Path(self.name).parent.mkdir(parents=True, exist_ok=True)

    def give_back(self) -> None:
        """The run has ended by itself, and every test undid what it did."""
        self._in_use.unlink(missing_ok=True)

    def _lock(self) -> None:
        # held until the process ends, however it does
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise InUseError(
                "another run of the tests uses the database of --reuse-db:"
                " wait for it, or leave --reuse-db out"
            ) from None

    def _remove_others(self) -> None:
        if self.postgres_url:
            self._drop_others()
            return
        for entry in self.folder.iterdir():
            if entry.is_dir() and entry.name != self.schema:
                shutil.rmtree(entry)

    def _drop_others(self) -> None:
        import psycopg  # noqa: PLC0415 - only loaded where it is asked for
        from psycopg import sql  # noqa: PLC0415 - likewise

        find = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        drop = sql.SQL("DROP DATABASE IF EXISTS {}")
        with psycopg.connect(self.postgres_url, autocommit=True) as connection:
            for (name,) in connection.execute(find, [self._prefix]).fetchall():
                if not name.startswith(self.name):
                    connection.execute(drop.format(sql.Identifier(name)))
