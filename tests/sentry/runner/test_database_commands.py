"""Saving SQLite's database, and moving it into PostgreSQL, with data of every kind."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps

from sentry.testutils import services
from tests.live import PATIENCE
from tests.sentry.runner.conftest import Process

COUNT = "SELECT count(*) FROM {}"
TABLES = sorted(model._meta.db_table for model in apps.get_models(include_auto_created=True))


# Rows of many kinds, made as tests make them; a time of change that copying must not touch.
FILL = """
from datetime import UTC, datetime
from sentry.runner import configure
configure()
from sentry.models import RepositoryProjectPathConfig
from sentry.testutils.factories import Factories as f
user = f.create_user(email="me@example.com")
organization = f.create_organization(owner=user, name="Acme", slug="acme")
team = f.create_team(organization)
project = f.create_project(organization, teams=[team])
f.create_api_key(organization)
integration = f.create_integration(organization=organization, metadata={"token": "ghp_some"})
repository = f.create_repo(name="acme/größe-🚀", organization_id=organization.id)
f.create_code_mapping(project=project, repo=repository)
changed = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
RepositoryProjectPathConfig.objects.update(date_updated=changed)
"""


@pytest.fixture
def filled(environment: Mapping[str, str], installed: Path) -> Path:
    """An installation's database with an organization and what belongs to it; its file."""
    subprocess.run([sys.executable, "-c", FILL], env=environment, check=True, timeout=PATIENCE)
    return installed / "sentry.db"


@pytest.fixture
def new_database() -> Iterator[str]:
    """The URL of an empty PostgreSQL database of the test's own."""
    server = services.find("postgres")
    assert server
    name = f"test_copy_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def counts(file: Path) -> dict[str, int]:
    """The rows of every table."""
    with closing(sqlite3.connect(file)) as database:
        return {table: database.execute(COUNT.format(table)).fetchone()[0] for table in TABLES}


def test_a_backup_is_one_moment_of_a_database_in_use(
    process: Process, filled: Path, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.db"
    with closing(sqlite3.connect(filled)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE sentry_organization SET name = 'Halfway'")
        told = process("database", "backup", str(saved)).stdout
    assert told == f"wrote {saved.stat().st_size} bytes to {saved}\n"
    assert saved.stat().st_mode & 0o777 == 0o600
    assert counts(saved) == counts(filled)
    with closing(sqlite3.connect(saved)) as database:
        assert database.execute("SELECT name FROM sentry_organization").fetchall() == [("Acme",)]
        found = "SELECT rowid FROM sentry_repository_search WHERE name MATCH '\"größe\"'"
        assert len(database.execute(found).fetchall()) == 1
    again = process("database", "backup", str(saved), status=1)
    assert again.stderr == f"Error: {saved} exists already\n"
    nowhere = process("database", "backup", str(tmp_path / "none/saved.db"), status=1)
    assert "cannot be made: No such file or directory" in nowhere.stderr


@pytest.mark.service("postgres")
def test_everything_moves_to_postgresql(process: Process, filled: Path, new_database: str) -> None:
    url = {"DATABASE_URL": new_database}
    copy = ("database", "copy", "--from", str(filled))
    early = process(*copy, status=1, **url)
    assert early.stderr == "Error: the new database is not up to date: run `sentry upgrade`\n"
    process("upgrade", "--noinput", **url)

    with closing(sqlite3.connect(filled)) as reader:
        reader.execute("SELECT 1 FROM sentry_team").fetchone()
        busy = process(*copy, status=1, **url)
        assert f"{filled} is in use: stop every process of the platform" in busy.stderr
    before = counts(filled)
    told = process(*copy, **url).stdout
    assert told.splitlines()[-1] == f"copied {sum(before.values())} rows"
    assert counts(filled) == before

    with psycopg.connect(new_database) as database:
        for table, rows in before.items():
            query = psycopg.sql.SQL(COUNT).format(psycopg.sql.Identifier(table))
            assert database.execute(query).fetchone() == (rows,), table
        times = "SELECT date_updated::text FROM sentry_repositoryprojectpathconfig"
        assert database.execute("SET timezone TO 'UTC'").statusmessage
        assert database.execute(times).fetchone() == ("2026-01-02 03:04:05.678901+00",)
        names = "SELECT id, name FROM sentry_repository"
        with closing(sqlite3.connect(filled)) as old:
            assert database.execute(names).fetchall() == old.execute(names).fetchall()

    # The credential can be read, ids of control rows go on, and the search's index is there.
    assert "ok   stored-credentials" in process("doctor", **url).stdout
    create = ("apikey", "create", "--organization", "acme", "--scope", "org:read", "--json")
    made = process(*create, **url).stdout
    assert '"id": 2' in made
    again = process(*copy, status=1, **url)
    assert "the new database has rows already, in " in again.stderr
    refused = process("database", "backup", "saved.db", status=1, **url)
    assert refused.stderr == "Error: this database is PostgreSQL: save it with pg_dump\n"


def test_an_old_sqlite_database_is_upgraded_first(
    process: Process, installed: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.db"
    process("django", "migrate", "sentry", "0003", DATABASE_URL=f"sqlite:///{old}")
    told = process("database", "copy", "--from", str(old), status=1).stderr
    assert told.startswith("Error: the SQLite database is not up to date: run `sentry upgrade`")


def test_a_wrong_key_copies_nothing(process: Process, filled: Path, tmp_path: Path) -> None:
    new = {"SENTRY_HOME": str(tmp_path / "other")}
    process("init", **new)
    told = process("database", "copy", "--from", str(filled), status=1, **new).stderr
    assert "a stored credential cannot be decrypted" in told
    assert "acme" not in process("organization", "list", **new).stdout
