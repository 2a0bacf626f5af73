"""Settings as a process reads them, and their page."""

import ast
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

TOP = Path(__file__).parents[3]
_SHOW = """
import json
from sentry.conf import settings
print(json.dumps({
    "home": str(settings.SENTRY_HOME),
    "name": settings.DATABASES["default"]["NAME"],
    "keys": len(settings.ENCRYPTION_KEYS),
    "file": settings.ENCRYPTION_KEYS_FILE and str(settings.ENCRYPTION_KEYS_FILE),
    "pool": settings.DATABASES["default"]["OPTIONS"].get("pool"),
    "secure": settings.SESSION_COOKIE_SECURE,
    "prefix_given": settings.SENTRY_URL_PREFIX_GIVEN,
}))
"""


def read_settings(home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {"PATH": os.environ["PATH"], "HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", _SHOW],
        env={**kept, "SENTRY_HOME": str(home / "made"), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_defaults(tmp_path: Path) -> None:
    shown = json.loads(read_settings(tmp_path).stdout)
    home = tmp_path / "made"
    assert shown["home"] == str(home)
    assert shown["name"] == str(home / "sentry.db")
    assert shown["file"] == str(home / "encryption.keys")
    assert shown["keys"] == 1
    assert (shown["secure"], shown["prefix_given"]) == (False, False)
    assert sorted(path.name for path in home.iterdir()) == [
        "encryption.keys",
        "secret.key",
        "sentry.db",
    ]


@pytest.mark.parametrize("url", ["", "sqlite:///{home}/other.db"])
def test_only_its_owner_reads_the_database(tmp_path: Path, url: str) -> None:
    home = tmp_path / "made"
    home.mkdir()
    home.chmod(0o755)
    shown = json.loads(read_settings(tmp_path, DATABASE_URL=url.format(home=home)).stdout)
    path = Path(shown["name"])
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE some (id)")
        made = {file: stat.S_IMODE(file.stat().st_mode) for file in home.glob(f"{path.name}*")}
    assert made == {Path(f"{path}{end}"): 0o600 for end in ("", "-wal", "-shm")}


def test_a_database_that_is_there_is_kept(tmp_path: Path) -> None:
    home = tmp_path / "made"
    home.mkdir()
    (home / "sentry.db").write_bytes(b"some")
    read_settings(tmp_path)
    assert (home / "sentry.db").read_bytes() == b"some"


def test_a_database_in_memory_has_no_file(tmp_path: Path) -> None:
    done = read_settings(tmp_path, DATABASE_URL="sqlite:///:memory:")
    assert json.loads(done.stdout)["name"] == ":memory:"
    assert not Path(":memory:").exists()


def test_the_home_of_the_user_is_the_default(tmp_path: Path) -> None:
    shown = json.loads(read_settings(tmp_path, SENTRY_HOME="").stdout)
    assert shown["home"] == str(tmp_path / ".sentry")


def test_keys_from_the_environment_leave_no_file(tmp_path: Path) -> None:
    keys = ",".join(Fernet.generate_key().decode() for _ in range(2))
    done = read_settings(
        tmp_path,
        SENTRY_ENCRYPTION_KEYS=keys,
        SENTRY_SECRET_KEY="some",
        SENTRY_URL_PREFIX="https://sentry.example",
    )
    shown = json.loads(done.stdout)
    assert (shown["keys"], shown["file"]) == (2, None)
    assert (shown["secure"], shown["prefix_given"]) == (True, True)
    assert not (tmp_path / "made").exists()


def test_the_pool_follows_the_threads(tmp_path: Path) -> None:
    done = read_settings(tmp_path, DATABASE_URL="postgres://db/name", SENTRY_WEB_THREADS="9")
    assert json.loads(done.stdout)["pool"]["max_size"] == 11


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SENTRY_ENCRYPTION_KEYS", "hunter2"),
        ("SENTRY_DEBUG", "maybe"),
        ("SENTRY_WEB_THREADS", "0"),
        ("SENTRY_REGION_ID", "32"),
        ("SILO_MODE", "BOTH"),
        ("SENTRY_LOG_LEVEL", "LOUD"),
        ("DATABASE_URL", "mysql://db/name"),
    ],
)
def test_a_wrong_value_names_its_variable(tmp_path: Path, name: str, value: str) -> None:
    done = read_settings(tmp_path, **{name: value})
    assert done.returncode == 1
    assert f"ImproperlyConfigured: {name}: " in done.stderr
    assert "hunter2" not in done.stderr


def variables() -> set[str]:
    """Every variable that ``conf/`` reads: the first argument of each call on ``env``."""
    found: set[str] = set()
    for path in (TOP / "src/sentry/conf").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "env"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(str(node.args[0].value))
    return found


def test_every_variable_is_on_the_page_and_no_other() -> None:
    page = (TOP / "docs/settings.md").read_text()
    rows = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    assert rows == variables()
    assert {"SENTRY_HOME", "DATABASE_URL", "SILO_MODE"} <= rows


def test_nothing_else_in_conf_reads_the_environment() -> None:
    readers = [
        path.name
        for path in (TOP / "src/sentry/conf").glob("*.py")
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]
    assert readers == ["environment.py"]
