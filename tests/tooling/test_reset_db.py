"""``make reset-db``: what it empties, and what it does not touch."""

import os
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

from scripts import reset_db
from sentry.testutils import services
from tests.live import PATIENCE, ROOT


def run(home: Path, status: int = 0, *, url: str = "", force: str = "", answer: str = "") -> str:
    """Runs the job without a terminal; gives what it said."""
    environment = {
        "PATH": os.environ["PATH"], "SENTRY_HOME": str(home), "DATABASE_URL": url, "FORCE": force,
    }  # fmt: skip
    done = subprocess.run(
        [ROOT / "bin/reset-db"], env=environment, input=answer, capture_output=True,
        text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def tables(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [name for (name,) in rows]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation's folder, whose database has a table that no migration makes."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    with closing(sqlite3.connect(folder / "sentry.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE left_over (id)")
        connection.commit()
    return folder


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        ("", 2, "reset-db: nobody answers: FORCE=1 make reset-db empties it without asking\n"),
        ("n\n", 1, "sentry.db stays as it is\n"),
        ("y\n", 1, "sentry.db stays as it is\n"),
        ("\n", 1, "sentry.db stays as it is\n"),
    ],
)
def test_without_a_yes_nothing_changes(home: Path, answer: str, status: int, told: str) -> None:
    file = home / "sentry.db"
    before = file.read_bytes()
    said = run(home, status, answer=answer)
    assert said.startswith(f"everything in {file} is lost; type yes to go on\n")
    assert said.endswith(told)
    assert file.read_bytes() == before


def test_a_closed_standard_input_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": ""}
    with pytest.raises(reset_db.NobodyAnswersError, match="FORCE=1"):
        reset_db.check_is_meant(database, is_forced=False)
    assert capsys.readouterr().err == "everything in shop is lost; type yes to go on\n"


def test_the_file_is_emptied_where_nobody_has_it_open(home: Path) -> None:
    file = home / "sentry.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("SELECT id FROM left_over")
        assert "is in use: stop the platform first" in run(home, status=1, force="1")
    told = run(home, answer="yes\n")
    assert told.startswith(f"reset-db: {file} is empty and up to date\n")
    assert "left_over" not in tables(file)
    assert "sentry_organization" in tables(file)
    assert file.stat().st_mode & 0o777 == 0o600


def test_force_asks_nothing(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    told = run(tmp_path / "home", force="1", url=f"sqlite:///{file}")
    assert told == f"reset-db: {file} is empty and up to date\n"
    assert "sentry_organization" in tables(file)


def test_a_database_on_another_machine_is_never_touched(tmp_path: Path) -> None:
    url = "postgres://me:hunter2@db.example.com/sentry"
    told = run(tmp_path / "home", status=1, url=url, force="1")
    assert told.startswith("reset-db: the database is on db.example.com: ")
    assert "hunter2" not in told


@pytest.fixture
def postgresql() -> Iterator[Mapping[str, str]]:
    """A database whose owner may make none: the owner's URL, and the administrator's."""
    server = services.find("postgres")
    assert server
    name = f"test_reset_{uuid4().hex[:12]}"
    parts = urlsplit(server)
    place = f"{parts.hostname}:{parts.port or 5432}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN NOCREATEDB PASSWORD '{name}'")
        connection.execute(f"CREATE DATABASE {name} OWNER {name}")
        try:
            yield {
                "url": f"postgres://{name}:{name}@{place}/{name}",
                "administrator": parts._replace(path=f"/{name}").geturl(),
            }
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"DROP ROLE {name}")


def relations(url: str) -> set[str]:
    """What the database's schema holds beside indexes."""
    found = (
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind <> ALL ('{i,I}')"
    )
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute(found).fetchall()}


@pytest.mark.service("postgres")
def test_postgresql_on_this_machine(tmp_path: Path, postgresql: Mapping[str, str]) -> None:
    home, url = tmp_path / "home", postgresql["url"]
    left_over = {"left_over", "left_over_id_seq", "left_view", "left_sequence", "left_part"}
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE left_over (id serial PRIMARY KEY)")
        connection.execute("CREATE TABLE left_part (id int REFERENCES left_over)")
        connection.execute("CREATE VIEW left_view AS SELECT id FROM left_over")
        connection.execute("CREATE SEQUENCE left_sequence")
        connection.commit()
        assert "FORCE=1 make reset-db" in run(home, status=2, url=url)
        assert "is in use: stop the platform first" in run(home, status=1, force="1", url=url)
    assert relations(url) == left_over
    for _ in range(2):  # the second time over what our migrations made
        assert "is empty and up to date" in run(home, force="1", url=url)
        assert "sentry_team" in relations(url)
        assert not relations(url) & left_over


@pytest.mark.service("postgres")
@pytest.mark.parametrize(
    ("right", "why"),
    [
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "must be owner of table stranger"),
        ("REVOKE CREATE ON SCHEMA public FROM PUBLIC", "permission denied for schema public"),
    ],
)
def test_what_postgresql_refuses_changes_nothing(
    tmp_path: Path, postgresql: Mapping[str, str], right: str, why: str
) -> None:
    url = postgresql["url"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE a_first (id int)")
    with psycopg.connect(postgresql["administrator"], autocommit=True) as connection:
        connection.execute("CREATE TABLE stranger (id int)")
        connection.execute("ALTER SCHEMA public OWNER TO CURRENT_USER")
        connection.execute(right)
    before = relations(url)
    assert run(tmp_path / "home", status=1, force="1", url=url) == (
        f"reset-db: PostgreSQL refused: {why}\n"
    )
    assert relations(url) == before


@pytest.mark.service("postgres")
def test_another_machine_is_found_out_wherever_it_is_named(
    tmp_path: Path, postgresql: Mapping[str, str]
) -> None:
    url = postgresql["url"] + "?host=localhost.example.com&hostaddr=127.0.0.1"
    told = run(tmp_path / "home", status=1, force="1", url=url)
    assert told.startswith("reset-db: the database is on localhost.example.com: ")


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = "postgres://me:hunter2@127.0.0.1:1/nowhere"
    told = run(tmp_path / "home", status=1, force="1", url=url)
    assert told.startswith("reset-db: PostgreSQL refused: connection")
    assert "hunter2" not in told
    assert told.count("\n") == 1
