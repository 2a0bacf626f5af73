"""The tables and columns that the last release uses, and what a database lacks of them.

While an upgrade runs, the release before it still serves on the new schema. So a migration may
not remove or rename what that release's models use, and what it adds to their tables must be
nullable or have a default in the database, since that release's INSERTs do not name it. A column
goes in two releases: the first makes it nullable and takes it from the model's state alone, the
second from the table.

``released_schema.json`` names the release, its tables and their columns. It is written when a
release is made: ``python scripts/released_schema.py``.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sentry import __version__
from sentry.runner import configure

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

FILE = Path(__file__).resolve().parent.parent / "released_schema.json"

type Tables = Mapping[str, Mapping[str, Column]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of a database: whether a row may be inserted that does not name it."""

    may_be_left_out: bool


def released() -> dict[str, frozenset[str]]:
    """The columns that the last release uses, by table."""
    tables = json.loads(FILE.read_text(encoding="utf-8"))["tables"]
    return {table: frozenset(columns) for table, columns in tables.items()}


def used_by_models() -> dict[str, list[str]]:
    """The columns that the models of this checkout use, by table."""
    from django.apps import apps  # noqa: PLC0415 - Django must be set up

    models = apps.get_app_config("sentry").get_models(include_auto_created=True)
    return {
        model._meta.db_table: sorted(
            field.column for field in model._meta.local_fields if field.column
        )
        for model in models
    }


def found_in(connection: "BaseDatabaseWrapper") -> dict[str, dict[str, Column]]:
    """The platform's tables in a database."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        return {
            table: {
                column.name: Column(may_be_left_out=column.null_ok or column.default is not None)
                for column in connection.introspection.get_table_description(cursor, table)
            }
            for table in names
            if table.startswith("sentry_")
        }


def faults(release: Mapping[str, frozenset[str]], found: Tables) -> Iterator[str]:
    """Why the release could not go on with a database that has these tables; one line each."""
    for table, columns in release.items():
        if table not in found:
            yield f"{table}: the last release still uses this table; drop it one later"
            continue
        for name in sorted(columns - set(found[table])):
            yield f"{table}.{name}: the last release still uses this column; drop it one later"
        for name in sorted(set(found[table]) - columns):
            if not found[table][name].may_be_left_out:
                yield f"{table}.{name}: the last release does not fill it: null=True or db_default"


def main() -> None:
    """Writes the file from the models of this checkout, as those of the release that it becomes."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("SENTRY_HOME", home)
        configure()
        content = {"release": __version__, "tables": dict(sorted(used_by_models().items()))}
    FILE.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
