"""The database by its URL."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from sentry.conf.databases import database

DEFAULT = Path("/home/sentry.db")


def test_without_a_url_it_is_sqlite_in_the_home() -> None:
    made = database("", default=DEFAULT, pool_size=6)
    assert (made["ENGINE"], made["NAME"]) == ("django.db.backends.sqlite3", str(DEFAULT))
    assert made["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in made["OPTIONS"]["init_command"]


@pytest.mark.parametrize(
    ("url", "path"), [("sqlite:///some.db", "some.db"), ("sqlite:////a/b%20c.db", "/a/b c.db")]
)
def test_sqlite_by_url(url: str, path: str) -> None:
    assert database(url, default=DEFAULT, pool_size=6)["NAME"] == path


def test_postgresql_by_url() -> None:
    url = "postgres://me%40home:p%2Fw@db.example:5433/some%20name?sslmode=require"
    made = database(url, default=DEFAULT, pool_size=6)
    assert made["ENGINE"] == "django.db.backends.postgresql"
    assert (made["USER"], made["PASSWORD"]) == ("me@home", "p/w")
    assert (made["HOST"], made["PORT"], made["NAME"]) == ("db.example", "5433", "some name")
    assert made["OPTIONS"]["sslmode"] == "require"
    assert made["OPTIONS"]["pool"]["max_size"] == 6
    assert made["CONN_MAX_AGE"] == 0


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:hunter2@db/name",
        "postgres://me:hunter2@db",
        "postgres://me:hunter2@db/",
        "postgres://me:hunter2/x@db/name",
        "postgres://me:hunter2@db:port/name",
        "sqlite:///",
        "some.db",
    ],
)
def test_other_urls_are_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL: expected") as caught:
        database(url, default=DEFAULT, pool_size=6)
    assert "hunter2" not in str(caught.value)
