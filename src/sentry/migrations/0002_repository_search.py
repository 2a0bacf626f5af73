"""An index for substrings of repository names: pg_trgm on PostgreSQL, FTS5 trigrams on SQLite.

On SQLite the index is a table of its own, kept by triggers. A later migration that rebuilds
``sentry_repository`` there must make the triggers again; a test looks for them.
"""

from django.db import migrations

from sentry.silo import SiloMode

POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX sentry_repository_name_trgm ON sentry_repository"
    " USING gin (UPPER(name::text) gin_trgm_ops)",
)
POSTGRESQL_BACK = ("DROP INDEX sentry_repository_name_trgm",)

_REMOVE = (
    "INSERT INTO sentry_repository_search (sentry_repository_search, rowid, name)"
    " VALUES ('delete', old.id, old.name);"
)
_ADD = "INSERT INTO sentry_repository_search (rowid, name) VALUES (new.id, new.name);"
SQLITE = (
    "CREATE VIRTUAL TABLE sentry_repository_search USING fts5("
    "name, content='sentry_repository', content_rowid='id', tokenize='trigram')",
    "CREATE TRIGGER sentry_repository_search_insert AFTER INSERT ON sentry_repository"
    f" BEGIN {_ADD} END",
    "CREATE TRIGGER sentry_repository_search_delete AFTER DELETE ON sentry_repository"
    f" BEGIN {_REMOVE} END",
    "CREATE TRIGGER sentry_repository_search_update AFTER UPDATE OF id, name"
    f" ON sentry_repository BEGIN {_REMOVE} {_ADD} END",
    "INSERT INTO sentry_repository_search (sentry_repository_search) VALUES ('rebuild')",
)
SQLITE_BACK = (
    "DROP TRIGGER sentry_repository_search_update",
    "DROP TRIGGER sentry_repository_search_delete",
    "DROP TRIGGER sentry_repository_search_insert",
    "DROP TABLE sentry_repository_search",
)


def _run(schema_editor, postgresql, sqlite):
    statements = postgresql if schema_editor.connection.vendor == "postgresql" else sqlite
    for statement in statements:
        schema_editor.execute(statement)


def forward(apps, schema_editor):
    _run(schema_editor, POSTGRESQL, SQLITE)


def back(apps, schema_editor):
    _run(schema_editor, POSTGRESQL_BACK, SQLITE_BACK)


class Migration(migrations.Migration):
    dependencies = [("sentry", "0001_initial")]
    operations = [migrations.RunPython(forward, back, hints={"silo": SiloMode.REGION})]
