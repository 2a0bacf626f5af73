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


def run(home: Path, status: int = 0, *, url: str = "", force: str = "") -> str:
    """Runs the job without a terminal; gives what it said."""
    environment = {
        "PATH": os.environ["PATH"], "SENTRY_HOME": str(home), "DATABASE_URL": url, "FORCE": force,
    }  # fmt: skip
    done = subprocess.run(
        [ROOT / "bin/reset-db"], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def tables(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [name for (name,) in rows]


def test_the_file_in_sentry_home_is_emptied_without_asking(tmp_path: Path) -> None:
    home = tmp_path / "home"
    file = home / "sentry.db"
    home.mkdir(mode=0o700)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE left_over (id)")
        connection.commit()
        assert "is in use: stop the platform first" in run(home, status=1)
    assert run(home) == f"reset-db: {file} is empty and up to date\n"
    assert "left_over" not in tables(file)
    assert "sentry_organization" in tables(file)
    assert file.stat().st_mode & 0o777 == 0o600


def test_another_file_needs_force(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    url = f"sqlite:///{file}"
    home = tmp_path / "home"
    assert "FORCE=1 make reset-db empties it" in run(home, status=1, url=url)
    assert tables(file) == []
    assert "is empty and up to date" in run(home, force="1", url=url)
    assert "sentry_organization" in tables(file)


def test_a_database_on_another_machine_is_never_touched(tmp_path: Path) -> None:
    url = "postgres://me:hunter2@db.example.com/sentry"
    told = run(tmp_path / "home", status=1, url=url, force="1")
    assert told.startswith("reset-db: the database is on db.example.com: ")
    assert "hunter2" not in told


@pytest.mark.parametrize(("answer", "goes_on"), [("yes", True), ("y", False), ("", False)])
def test_it_asks_at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: str, goes_on: bool) -> None:
    asked: list[str] = []

    def input_(prompt: str) -> str:
        asked.append(prompt)
        return answer

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", input_)
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": ""}
    if goes_on:
        reset_db.check_is_meant(database, is_forced=False)
    else:
        with pytest.raises(reset_db.RefusedError, match="shop stays as it is"):
            reset_db.check_is_meant(database, is_forced=False)
    assert asked == ["everything in shop is lost; type yes to go on: "]


@pytest.fixture
def postgresql() -> Iterator[Mapping[str, str]]:
    """A PostgreSQL database of the test's own: its URL, and the URL of the server."""
    server = services.find("postgres")
    assert server
    name = f"test_reset_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield {"url": urlsplit(server)._replace(path=f"/{name}").geturl(), "name": name}
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.mark.service("postgres")
def test_postgresql_on_this_machine(tmp_path: Path, postgresql: Mapping[str, str]) -> None:
    home, url = tmp_path / "home", postgresql["url"]
    with psycopg.connect(postgresql["url"]) as connection:
        connection.execute("CREATE TABLE left_over (id int)")
        connection.commit()
        assert "FORCE=1 make reset-db" in run(home, status=1, url=url)
        assert "is in use: stop the platform first" in run(home, status=1, force="1", url=url)
    assert "is empty and up to date" in run(home, force="1", url=url)
    with psycopg.connect(postgresql["url"]) as connection:
        found = connection.execute("SELECT to_regclass('left_over'), to_regclass('sentry_team')")
        assert found.fetchone() == (None, "sentry_team")
