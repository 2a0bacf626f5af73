"""The last release goes on serving while an upgrade runs: its tables and columns stay."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader

from scripts import released_schema
from sentry.testutils.cases import TestCase, TransactionTestCase

SAYS_USED = "still uses this column"
BAD = {
    "drops a column": (
        migrations.RemoveField("team", "name"),
        [f"sentry_team.name: the last release {SAYS_USED}; drop it one later"],
    ),
    "renames a column": (
        migrations.RenameField("team", "name", "title"),
        [
            f"sentry_team.name: the last release {SAYS_USED}; drop it one later",
            "sentry_team.title: the last release does not fill it: null=True or db_default",
        ],
    ),
    "renames a column by SQL": (
        migrations.RunSQL(
            "ALTER TABLE sentry_team RENAME COLUMN name TO title",
            "ALTER TABLE sentry_team RENAME COLUMN title TO name",
        ),
        [
            f"sentry_team.name: the last release {SAYS_USED}; drop it one later",
            "sentry_team.title: the last release does not fill it: null=True or db_default",
        ],
    ),
    "renames a table": (
        migrations.AlterModelTable("signaturenonce", "sentry_nonce"),
        ["sentry_signaturenonce: the last release still uses this table; drop it one later"],
    ),
    "adds what must be filled": (
        migrations.AddField("team", "size", models.IntegerField(default=0)),
        ["sentry_team.size: the last release does not fill it: null=True or db_default"],
    ),
}
GOOD = {
    "adds what may be empty": migrations.AddField("team", "size", models.IntegerField(null=True)),
    "adds what the database fills": migrations.AddField(
        "team", "size", models.IntegerField(db_default=0)
    ),
    "takes a column from the state": migrations.SeparateDatabaseAndState(
        state_operations=[migrations.RemoveField("team", "name")]
    ),
    "adds a table": migrations.CreateModel(
        "pigeon", [("id", models.BigAutoField(primary_key=True))]
    ),
}


@contextmanager
def migrated(operation: migrations.operations.base.Operation) -> Iterator[None]:
    """The test's database with one more migration, which is taken back afterwards."""
    kind = type("Migration", (migrations.Migration,), {"operations": [operation]})
    migration = kind("9999_example", "sentry")
    state = MigrationLoader(connection).project_state()
    with connection.schema_editor() as editor:
        migration.apply(state.clone(), editor)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            migration.unapply(state.clone(), editor)


def faults(without: tuple[str, str] | None = None) -> list[str]:
    """What the last release lacks; as if it did not use the (table, column)."""
    release = released_schema.released()
    if without:
        table, column = without
        release[table] -= {column}
    return list(released_schema.faults(release, released_schema.found_in(connection)))


class ReleasedSchemaTest(TestCase):
    def test_the_last_release_could_go_on_with_this_schema(self):
        assert released_schema.released()
        assert faults() == []

    def test_the_models_can_fill_every_column(self):
        used = {
            table: frozenset(names) for table, names in released_schema.used_by_models().items()
        }
        found = released_schema.found_in(connection)
        assert list(released_schema.faults(used, found)) == []


class BadMigrationsTest(TransactionTestCase):
    def test_what_breaks_the_last_release_is_refused(self):
        for name, (operation, wanted) in BAD.items():
            with self.subTest(name), migrated(operation):
                assert faults() == wanted

    def test_what_it_can_live_with_is_not(self):
        for name, operation in GOOD.items():
            with self.subTest(name), migrated(operation):
                assert faults() == []

    def test_a_column_goes_in_two_releases(self):
        optional = migrations.AlterField("team", "name", models.CharField(max_length=64, null=True))
        with migrated(optional):
            assert faults() == []
            assert faults(without=("sentry_team", "name")) == []
        with migrated(migrations.RemoveField("team", "name")):
            assert faults(without=("sentry_team", "name")) == []

    def test_a_column_that_the_models_left_must_be_optional_first(self):
        assert faults(without=("sentry_team", "name")) == [
            "sentry_team.name: the last release does not fill it: null=True or db_default"
        ]
