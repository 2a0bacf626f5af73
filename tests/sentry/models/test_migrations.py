from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from sentry.models import Repository
from sentry.testutils.cases import TestCase, TransactionTestCase

TRIGGERS = {
    "sentry_repository_search_insert",
    "sentry_repository_search_delete",
    "sentry_repository_search_update",
}

_SCHEMA = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE name LIKE 'sentry_%' ORDER BY name",
    "postgresql": (
        "SELECT table_name || '.' || column_name, data_type || is_nullable"
        " FROM information_schema.columns WHERE table_name LIKE 'sentry_%'"
        " UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'sentry_%'"
        " ORDER BY 1"
    ),
}


def schema():
    with connection.cursor() as cursor:
        cursor.execute(_SCHEMA[connection.vendor])
        return dict(cursor.fetchall())


class MigrationsTest(TransactionTestCase):
    def test_they_run_back_and_forward_again(self):
        before = schema()
        assert before
        leaves = MigrationExecutor(connection).loader.graph.leaf_nodes("sentry")
        assert len(leaves) == 1
        try:
            call_command("migrate", "sentry", "zero", verbosity=0)
            assert schema() == {}
        finally:
            call_command("migrate", verbosity=0)
        assert schema() == before


class RepositorySearchTest(TestCase):
    def find(self, word):
        if connection.vendor == "postgresql":
            return set(
                Repository.objects.filter(name__icontains=word).values_list("name", flat=True)
            )
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT name FROM sentry_repository_search WHERE name MATCH %s", [f'"{word}"']
            )
            return {name for (name,) in cursor.fetchall()}

    def test_the_index_is_there(self):
        names = schema()
        if connection.vendor == "postgresql":
            assert "gin" in names["sentry_repository_name_trgm"]
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            triggers = {name for (name,) in cursor.fetchall()}
        assert triggers == TRIGGERS
        assert "tokenize='trigram'" in names["sentry_repository_search"]

    def test_the_index_follows_the_table(self):
        repo = self.create_repo(name="acme/Rocket", organization_id=self.organization.id)
        other = self.create_repo(name="acme/sprocket", organization_id=self.organization.id)
        assert self.find("rocket") == {"acme/Rocket", "acme/sprocket"}
        repo.name = "acme/shuttle"
        repo.save()
        assert self.find("rocket") == {"acme/sprocket"}
        assert self.find("SHUTTLE") == {"acme/shuttle"}
        Repository.objects.filter(id=other.id).update(name="acme/cog")
        assert self.find("rocket") == set()
        repo.delete()
        assert self.find("shuttle") == set()
        Repository.objects.bulk_create(
            [
                Repository(
                    organization_id=self.organization.id, name="bulk/made", external_id=str(n)
                )
                for n in range(2)
            ]
        )
        assert self.find("bulk") == {"bulk/made"}
