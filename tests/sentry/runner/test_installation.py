"""``init``, ``upgrade``, ``keys`` and ``django``, each in a process of its own."""

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.live import BIN, PATIENCE
from tests.sentry.runner.conftest import Process


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_init_makes_everything_and_says_so(process: Process, home: Path) -> None:
    lines = process("init").stdout.splitlines()
    assert lines[:3] == [
        f"made  folder: {home}",
        f"made  secret key: {home}/secret.key",
        f"made  encryption keys: {home}/encryption.keys",
    ]
    assert lines[3] == f"made  database: sqlite {home}/sentry.db"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for name in ("secret.key", "encryption.keys"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    with closing(sqlite3.connect(home / "sentry.db")) as database:
        assert database.execute("SELECT count(*) FROM sentry_organization").fetchone() == (0,)


@pytest.mark.usefixtures("installed")
def test_init_again_keeps_everything(process: Process, home: Path) -> None:
    process("organization", "create", "Acme")
    before = {path.name: path.read_bytes() for path in home.glob("*key*")}
    lines = process("init").stdout.splitlines()
    assert [line[:4] for line in lines[:4]] == ["kept"] * 4
    assert lines[4] == "ran   0 migrations"
    assert {path.name: path.read_bytes() for path in home.glob("*key*")} == before
    assert "acme" in process("organization", "list").stdout


def test_init_with_keys_from_the_environment_makes_no_files(process: Process, home: Path) -> None:
    keys = {
        "SENTRY_SECRET_KEY": "some secret",
        "SENTRY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    }
    output = process("init", **keys).stdout
    assert "kept  secret key: from SENTRY_SECRET_KEY" in output
    assert "kept  encryption keys: from SENTRY_ENCRYPTION_KEYS" in output
    assert list(home.glob("*key*")) == []
    assert not any(key in output for key in keys.values())


def test_init_where_a_file_is_in_the_way(process: Process, home: Path) -> None:
    home.write_text("")
    assert process("init", status=1).stderr == f"Error: {home} is no folder\n"
    assert "cannot be made" in process("init", SENTRY_HOME=f"{home}/below", status=1).stderr


def test_a_wrong_setting_is_one_line(process: Process) -> None:
    done = process("organization", "list", SENTRY_WEB_THREADS="many", status=1)
    assert done.stderr == "Error: SENTRY_WEB_THREADS: expected a number from 1 to 64, got 'many'\n"


def test_without_tables_a_command_says_what_to_do(process: Process) -> None:
    done = process("organization", "list", status=1)
    assert done.stderr == "Error: the database is not up to date: run `sentry upgrade`\n"


def test_upgrade_runs_what_is_pending(process: Process) -> None:
    done = process("upgrade", "--noinput")
    assert "pending  sentry.0001_initial" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("ran ")
    assert process("upgrade", "--noinput").stdout == "the database is up to date\n"


def test_upgrade_says_when_the_database_is_down(process: Process) -> None:
    url = "postgres://me:hunter2@127.0.0.1:1/name?connect_timeout=2"
    done = process("upgrade", "--noinput", "--wait", "0.1", DATABASE_URL=url, status=1)
    assert done.stderr.splitlines()[-1] == "Error: the database is not available"
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("installed")
def test_django_passes_everything_on(process: Process) -> None:
    assert process("django", "check", "--deploy", "--fail-level", "ERROR").returncode == 0
    assert "--plan" in process("django", "showmigrations", "--help").stdout
    assert "No changes detected" in process("django", "makemigrations", "--check").stdout
    assert "Unknown command: 'nonsense'" in process("django", "nonsense", status=1).stderr


@pytest.mark.usefixtures("installed")
def test_keys_are_generated_and_rotated(process: Process, home: Path) -> None:
    process("organization", "create", "Acme")
    add = ["integration", "add", "--organization", "acme", "--provider", "github", "--no-verify"]
    process(*add, "--token-stdin", stdin="ghp_some")
    old = (home / "encryption.keys").read_text()
    assert process("keys", "rotate").stdout.splitlines() == [
        "1 values encrypted anew, 0 as they were",
        f"a new key stands first in {home}/encryption.keys",
    ]
    both = (home / "encryption.keys").read_text()
    assert both.endswith(old)
    assert len(both.splitlines()) == 2
    done = process("keys", "rotate", "--no-new-key", "--drop-old")
    assert done.stdout.splitlines() == [
        "0 values encrypted anew, 1 as they were",
        f"removed 1 old keys from {home}/encryption.keys",
    ]
    assert (home / "encryption.keys").read_text() == both.removesuffix(old)
    assert process("integration", "list", "--organization", "acme").returncode == 0

    (home / "encryption.keys").write_text(old)
    lost = process("integration", "list", "--organization", "acme", status=1)
    assert "a stored credential cannot be decrypted" in lost.stderr
    assert "fail stored-credentials: 1 cannot be decrypted" in process("doctor", status=1).stdout


def test_keys_from_the_environment_are_rotated_by_hand(process: Process) -> None:
    first, second = (process("keys", "generate").stdout.strip() for _ in range(2))
    assert Fernet(first)
    assert first != second
    process("init", SENTRY_ENCRYPTION_KEYS=first)
    process("organization", "create", "Acme", SENTRY_ENCRYPTION_KEYS=first)
    add = ["integration", "add", "--organization", "acme", "--provider", "github", "--no-verify"]
    process(*add, "--token-stdin", stdin="ghp_some", SENTRY_ENCRYPTION_KEYS=first)

    told = process("keys", "rotate", SENTRY_ENCRYPTION_KEYS=first, status=1)
    assert "sentry keys rotate --no-new-key" in told.stderr
    both = {"SENTRY_ENCRYPTION_KEYS": f"{second},{first}"}
    done = process("keys", "rotate", "--no-new-key", "--drop-old", **both)
    assert "1 values encrypted anew" in done.stdout
    assert "nothing needs the old keys" in done.stdout
    process("integration", "list", "--organization", "acme", SENTRY_ENCRYPTION_KEYS=second)


TERMINAL = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"


@pytest.mark.usefixtures("installed")
def test_a_password_is_asked_for_without_echo(environment: Mapping[str, str]) -> None:
    command = [str(BIN / "sentry"), "createuser", "--email", "me@example.com"]
    with subprocess.Popen(
        [sys.executable, "-c", TERMINAL, *command],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        limit = threading.Timer(PATIENCE, program.kill)
        limit.start()
        seen = b""
        for prompt in (b"Password: ", b"confirmation: "):
            while not seen.endswith(prompt) and (byte := program.stdout.read(1)):
                seen += byte
            assert seen.endswith(prompt)
            program.stdin.write(b"correct horse battery\n")
            program.stdin.flush()
        seen += program.stdout.read()
        limit.cancel()
    assert b"created user me@example.com" in seen
    assert b"horse" not in seen
    assert program.returncode == 0
