"""Saving SQLite's database while it is in use, and moving it into PostgreSQL.

Both are the operator's, read whole tables, and see every organization.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import OperationalError, connection, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from sentry.conf.databases import sqlite
from sentry.integrations.source_code_management.errors import AlreadyExists, PreconditionFailed

_SOURCE = "copied"
_BATCH = 500
# Migrating fills these tables; their rows are replaced by those with the ids that others refer to.
_FILLED_BY_MIGRATING = frozenset({"django_content_type", "auth_permission"})

type ModelClass = type[Model]


@dataclass(frozen=True, kw_only=True, slots=True)
class CopiedTable:
    """A table that was copied, and how many rows it has."""

    name: str
    rows: int


def backup_sqlite(target: Path) -> int:
    """Writes the database into a new file of mode 600 while others go on; gives its size in bytes.

    The file is one moment of the database, compacted, and checked. The key files are not in it.

    Raises:
        AlreadyExists: there is a file of this name.
        PreconditionFailed: the database is not SQLite, or the copy is damaged.
    """
    if connection.vendor != "sqlite":
        raise PreconditionFailed("this database is PostgreSQL: save it with pg_dump")
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise AlreadyExists(str(target)) from None
    except OSError as error:
        raise PreconditionFailed(f"{target} cannot be made: {error.strerror}") from error
    try:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(target)])
        _check_is_whole(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target.stat().st_size


def _check_is_whole(file: Path) -> None:
    with closing(_open(file)) as copy, copy.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        if cursor.fetchall() != [("ok",)]:
            raise PreconditionFailed(f"the copy in {file} is damaged: look at the disk")


def _open(file: Path) -> BaseDatabaseWrapper:
    """A connection for this process alone: it fails where another process has the file open."""
    wanted = sqlite(file)
    wanted["OPTIONS"]["timeout"] = 0
    wanted["OPTIONS"]["init_command"] = "PRAGMA locking_mode=EXCLUSIVE"
    settings = connections.configure_settings({"default": {}, _SOURCE: wanted})
    return SQLite(settings[_SOURCE], alias=_SOURCE)


def copy_from_sqlite(file: Path) -> list[CopiedTable]:
    """Copies every row of a SQLite database into this process's, with its ids; all or nothing.

    Encrypted values are decrypted and encrypted again, so both databases need the same keys. Rows
    of Redis, and the file's index for searching, are not copied: the database makes its own.

    Raises:
        PreconditionFailed: another process has the file open, one of the databases is not up to
            date, or ours has rows already.
        WrongEncryptionKeyError: a stored credential cannot be decrypted with our keys.
    """
    with _exclusive(file) as source:
        _check_same_migrations(source)
        models = _models()
        with transaction.atomic():
            _check_is_empty(models)
            copied = [_copy(model) for model in models]
            _continue_sequences(models)
    return copied


@contextmanager
def _exclusive(file: Path) -> Iterator[BaseDatabaseWrapper]:
    source = _open(file)
    connections[_SOURCE] = source
    try:
        with _one_reader(file), transaction.atomic(using=_SOURCE):
            yield source
    finally:
        source.close()
        del connections[_SOURCE]


@contextmanager
def _one_reader(file: Path) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if "locked" not in str(error):
            raise
        raise PreconditionFailed(f"{file} is in use: stop every process of the platform") from error


def _check_same_migrations(source: BaseDatabaseWrapper) -> None:
    theirs = set(MigrationRecorder(source).applied_migrations())
    ours = set(MigrationRecorder(connection).applied_migrations())
    if ours - theirs:
        raise PreconditionFailed(
            "the SQLite database is not up to date: run `sentry upgrade` without DATABASE_URL"
        )
    if theirs - ours:
        raise PreconditionFailed("the new database is not up to date: run `sentry upgrade`")


def _models() -> list[ModelClass]:
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and router.allow_migrate_model(connection.alias, model)
    ]


def _check_is_empty(models: Iterable[ModelClass]) -> None:
    for model in models:
        table = model._meta.db_table
        rows = model._base_manager.all()
        if table in _FILLED_BY_MIGRATING:
            rows.delete()
        elif rows.exists():
            raise PreconditionFailed(f"the new database has rows already, in {table}")


def _copy(model: ModelClass) -> CopiedTable:
    rows = model._base_manager.using(_SOURCE).order_by("pk").iterator(chunk_size=_BATCH)
    total = 0
    for batch in batched(rows, _size(model), strict=False):
        _insert(model, batch)
        total += len(batch)
    found = model._base_manager.using(connection.alias).count()
    if found != total:
        raise PreconditionFailed(f"{model._meta.db_table}: {total} rows became {found}")
    return CopiedTable(name=model._meta.db_table, rows=total)


def _size(model: ModelClass) -> int:
    fields = list(model._meta.local_concrete_fields)
    return min(_BATCH, connection.ops.bulk_batch_size(fields, [None] * _BATCH))


def _insert(model: ModelClass, batch: Sequence[Model]) -> None:
    """Inserts the rows as they are: ``bulk_create`` would set the times of change to now."""
    manager: Any = model._base_manager
    manager._insert(  # noqa: SLF001 - as Django's own loaddata, in batches
        batch, fields=model._meta.local_concrete_fields, using=connection.alias, raw=True
    )


def _continue_sequences(models: Sequence[ModelClass]) -> None:
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
