"""The database that ``--reuse-db`` keeps."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from psycopg import sql

from sentry.testutils import pytest_plugin
from sentry.testutils.reuse import InUseError, ReusedDatabase, schema_hash

ROOT = Path(__file__).parents[3]

CASES = """
from django.conf import settings
from sentry.testutils.cases import TestCase

class SomeTest(TestCase):
    def test_database(self):
        print("DATABASE", settings.DATABASES["default"]["NAME"])
        assert self.organization.id
"""


@pytest.fixture
def kept(tmp_path: Path) -> ReusedDatabase:
    return ReusedDatabase(root=tmp_path, postgres_url="", schema="aaaa")


def test_it_is_made_anew_where_a_run_did_not_give_it_back(kept: ReusedDatabase) -> None:
    kept.folder.mkdir(parents=True)
    (kept.folder / "in-use").touch()
    assert kept.take() is True


def test_it_is_used_again_where_the_last_run_gave_it_back(kept: ReusedDatabase) -> None:
    assert kept.take() is False
    kept.give_back()
    assert not (kept.folder / "in-use").exists()


def test_two_runs_do_not_share_it(kept: ReusedDatabase) -> None:
    kept.take()
    with pytest.raises(InUseError, match="another run of the tests uses the database"):
        kept.take()


def test_files_of_other_migrations_are_removed(kept: ReusedDatabase) -> None:
    kept.make_folder()
    other = kept.folder / "bbbb"
    other.mkdir()
    (other / "test.db").touch()
    kept.take()
    assert [path.name for path in kept.folder.iterdir() if path.is_dir()] == ["aaaa"]
    Path(kept.name).touch()
    kept.make_room()
    kept.make_folder()
    assert not Path(kept.name).exists()


def test_the_schema_is_that_of_the_migrations(tmp_path: Path) -> None:
    first = schema_hash(tmp_path)
    migration = tmp_path / "0001_initial.py"
    migration.write_text("one")
    second = schema_hash(tmp_path)
    migration.write_text("two")
    third = schema_hash(tmp_path)
    migration.rename(tmp_path / "0001_renamed.py")
    assert len({first, second, third, schema_hash(tmp_path), schema_hash()}) == 5
    assert schema_hash() == schema_hash()


@pytest.mark.service("postgres")
def test_databases_of_other_migrations_are_dropped(tmp_path: Path, service_url: str) -> None:
    kept = ReusedDatabase(root=tmp_path, postgres_url=service_url, schema="aaaa")
    stranger = ReusedDatabase(root=tmp_path / "b", postgres_url=service_url, schema="bbbb")
    other = ReusedDatabase(root=tmp_path, postgres_url=service_url, schema="bbbb")
    worker = f"{kept.name}_gw0"
    names = [kept.name, worker, other.name, f"{other.name}_gw0", stranger.name]
    find = "SELECT datname FROM pg_database WHERE datname = ANY(%s)"
    with psycopg.connect(service_url, autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            kept.take()
            left = {name for (name,) in connection.execute(find, [names])}
            assert left == {kept.name, worker, stranger.name}
        finally:
            for name in names:
                drop = sql.SQL("DROP DATABASE IF EXISTS {}")
                connection.execute(drop.format(sql.Identifier(name)))


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """``pytest -svv --reuse-db`` over one test, in a checkout of its own."""
    cases = folder / "test_cases.py"
    cases.write_text(CASES)
    kept = {"PATH", "HOME", "LANG"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder),
         "-p", "no:cacheprovider", "-n0", "-svv", "--reuse-db", str(cases)],
        env={name: value for name, value in os.environ.items() if name in kept},
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def database_of_run(folder: Path) -> str:
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "DATABASE " in line]
    return line.partition("DATABASE ")[2]


@pytest.mark.slow
def test_the_second_run_uses_the_database_of_the_first(tmp_path: Path) -> None:
    kept = ReusedDatabase(root=tmp_path, postgres_url="", schema=schema_hash())
    kept.make_folder()
    (kept.folder / "in-use").touch()
    with sqlite3.connect(kept.name) as left_behind:
        left_behind.execute("CREATE TABLE sentry_option (wrong)")
    left_behind.close()
    assert database_of_run(tmp_path) == kept.name
    with sqlite3.connect(kept.name) as first:
        assert first.execute("SELECT COUNT(*) FROM sentry_organization").fetchone() == (0,)
        first.execute("CREATE TABLE kept (i)")
    first.close()
    assert database_of_run(tmp_path) == kept.name
    with sqlite3.connect(kept.name) as second:
        assert second.execute("SELECT COUNT(*) FROM kept").fetchone() == (0,)
    second.close()


@pytest.mark.slow
def test_a_run_beside_another_is_told_what_to_do(tmp_path: Path) -> None:
    ReusedDatabase(root=tmp_path, postgres_url="", schema=schema_hash()).take()
    done = run(tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "wait for it, or leave --reuse-db out" in done.stderr


@pytest.mark.parametrize(("error", "given_back"), [(None, True), ("crashed", False)])
def test_a_worker_that_died_leaves_it_in_use(
    tmp_path: Path, error: object, given_back: bool
) -> None:
    kept = ReusedDatabase(root=tmp_path, postgres_url="", schema="aaaa")
    kept.take()
    config = SimpleNamespace(stash=pytest.Stash())
    config.stash[pytest_plugin._kept] = kept
    pytest_plugin.pytest_testnodedown(SimpleNamespace(config=config), error)
    pytest_plugin.pytest_unconfigure(config)  # type: ignore[arg-type]
    assert (kept.folder / "in-use").exists() is not given_back
