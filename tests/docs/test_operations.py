"""Every command of ``docs/operations.md`` works as it is written, on this machine's services."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest
from cryptography.fernet import Fernet

from sentry.testutils import services
from tests.docs.operator_shell import Shell, block, marks, shell_in
from tests.live import PATIENCE, ROOT, Program, running
from tests.tooling.test_compose import resolved

RUN = "/sentry.integrations.scm.v1.ScmService/ListRepositories"
DATABASE = "postgres://sentry:change%20me@db.example.com:5432/sentry"
DOCKER = """#!/usr/bin/env bash
# In place of an engine: a container's command is run here; what only starts things says so.
case "$*" in
  "run --rm sentry:local "*) shift 3; exec sentry "$@" ;;
  "compose up --detach") cp .env running.env ;;
  "compose exec "*)
    shift 2
    [ "$1" != -T ] || shift
    [ ! -e running.env ] || { set -a; . ./running.env; }
    shift
    exec "$@" ;;
  *) echo "docker $*" ;;
esac
"""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installation: an organization, an integration, and a key in a file."""
    folder = tmp_path_factory.mktemp("operations")
    shell = shell_in(folder, {})
    (folder / "token").write_text("ghp_some")
    shell.execute(["bash", "-euc", """
        sentry init
        sentry organization create Acme
        sentry apikey create --organization acme --scope repository:read --token-file first.key
        sentry integration add --organization acme --provider github --no-verify --token-file token
    """])  # fmt: skip
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "machine"))


@contextmanager
def serving(
    shell: Shell, command: str = "sentry run web --port 0", **settings: str
) -> Iterator[Program]:
    words = [str(shutil.which("sentry", path=shell.environment["PATH"])), *command.split()[1:]]
    with running(words, {**shell.environment, **settings}, shell.folder) as program:
        yield program


def first_call(program: Program, folder: Path, key: str = "first.key") -> int:
    """The status of a call with the key."""
    headers = {"x-api-key": (folder / key).read_text().strip()}
    return httpx.post(program.url + RUN, json={}, headers=headers, timeout=PATIENCE).status_code


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A role and a database of one name that the page's SQL made, and how to empty it again."""

    url: str
    name: str
    server: str

    def make_anew(self) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {self.name} OWNER {self.name}".encode())


@pytest.fixture
def postgresql() -> Iterator[Database]:
    server = services.find("postgres")
    assert server
    name = f"test_operations_{uuid4().hex[:8]}"
    parts = urlsplit(server)
    url = f"postgres://{name}:change%20me@{parts.hostname}:{parts.port}/{name}"
    sql = re.sub(r"\bsentry\b", name, block("postgresql-create"))
    with psycopg.connect(server, autocommit=True) as connection:
        for statement in sql.strip().splitlines():
            connection.execute(statement.encode())
        try:
            yield Database(url=url, name=name, server=server)
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            connection.execute(f"DROP ROLE {name}".encode())


@pytest.mark.slow
@pytest.mark.service("postgres")
def test_from_sqlite_to_postgresql_with_backup_and_many_processes(
    folder: Path, postgresql: Database
) -> None:
    old = shell_in(folder, {DATABASE: postgresql.url})
    told = old.run("postgresql-copy")
    assert re.search(r"copied +1  sentry_organization\n", told)
    assert "ok   stored-credentials" in told

    shell = shell_in(folder, {}, DATABASE_URL=postgresql.url)
    told = shell.run("many-keys")
    assert "ok   secret-key: from SENTRY_SECRET_KEY" in told
    assert "ok   stored-credentials" in told
    command = block("many-serve").strip().replace("9000", "0")
    with serving(shell, command) as one, serving(shell, command) as other:
        assert first_call(one, folder) == 200
        assert first_call(other, folder) == 200
        shell.run("backup-postgresql")
    for key in ("secret.key", "encryption.keys"):
        assert (folder / "backup" / key).stat().st_mode & 0o777 == 0o600

    postgresql.make_anew()
    assert "ok   migrations" in shell.run("restore-postgresql")
    assert "acme" in shell.sentry("organization", "list")


@pytest.mark.slow
def test_backup_and_restore_with_sqlite(folder: Path) -> None:
    shell = shell_in(folder, {})
    with serving(shell) as program:
        shell.run("backup-sqlite")
        assert first_call(program, folder) == 200
    shutil.rmtree(folder / "home")
    assert "ok   stored-credentials" in shell.run("restore-sqlite")
    assert "acme" in shell.sentry("organization", "list")
    assert (folder / "home").stat().st_mode & 0o077 == 0


@pytest.mark.service("redis")
def test_redis(folder: Path) -> None:
    address = str(services.find("redis")).rpartition("/")[0]
    shell = shell_in(folder, {"redis://redis.example.com:6379": address})
    assert "ok   redis: answers" in shell.run("redis")


@pytest.mark.service("rabbitmq")
def test_rabbitmq(folder: Path) -> None:
    address = str(services.find("rabbitmq"))
    shell = shell_in(folder, {"amqp://sentry:secret@mq.example.com:5672/": address})
    assert "fail" not in shell.run("rabbitmq")


def test_the_processes_of_background_work_are_commands() -> None:
    for line in block("workers").splitlines():
        words = line.split()
        assert (words[0], resolved(words[1:]).command.name) == ("sentry", words[2])


@pytest.mark.slow
def test_rotating_keys(folder: Path) -> None:
    shell = shell_in(folder, {})
    assert "1 values encrypted anew" in shell.run("rotate")
    assert "removed 1 old keys" in shell.run("rotate-drop")
    shell.run("rotate-api-key")
    with serving(shell) as program:
        assert first_call(program, folder) == 401
        assert first_call(program, folder, "second.key") == 200


@pytest.mark.slow
def test_upgrades_and_the_way_back(folder: Path) -> None:
    shell = shell_in(folder, {})
    (number,) = re.findall(r"migrate sentry (\d{4})$", block("downgrade"), re.MULTILINE)
    assert list((ROOT / "src/sentry/migrations").glob(f"{number}_*.py"))
    shell.run("downgrade")
    assert "ok   migrations" in shell.run("upgrade")
    assert "acme" in shell.sentry("organization", "list")


def shell_with_docker(folder: Path, addresses: dict[str, str], **settings: str) -> Shell:
    """A shell whose ``docker`` runs here what it would run in a container."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER)
    (programs / "docker").chmod(0o700)
    shell = shell_in(folder, addresses, **settings)
    shell.environment["PATH"] = f"{programs}:{shell.environment['PATH']}"
    return shell


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not on the path")
def test_in_containers(folder: Path) -> None:
    """Without an engine: its commands are looked at, and those inside containers are run."""
    shell = shell_with_docker(folder, {})
    assert shell.run("containers-secrets") == "docker build --tag sentry:local .\n"
    secrets = folder / ".env"
    assert secrets.stat().st_mode & 0o777 == 0o600
    values = dict(line.split("=", 1) for line in secrets.read_text().splitlines())
    needed = re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text())
    assert set(values) == set(needed)
    assert Fernet(values["SENTRY_ENCRYPTION_KEYS"])
    assert all(len(value) >= 44 for value in values.values())
    shell.sentry("organization", "list")
    told = shell.run("containers-start", status=1)
    assert told.startswith("docker compose up --detach --wait\n")
    assert "acme" in told  # the organization is there already


@pytest.mark.slow
def test_rotating_keys_in_containers(folder: Path) -> None:
    old = (folder / "home/encryption.keys").read_text().strip()
    (folder / ".env").write_text(f"SENTRY_ENCRYPTION_KEYS={old}\n")
    told = shell_with_docker(folder, {}).run("containers-rotate")
    assert "1 values encrypted anew" in told
    assert "nothing needs the old keys" in told
    new, _, rest = (folder / ".env").read_text().partition("=")[2].strip().partition(",")
    assert Fernet(new)
    assert rest == old


@pytest.mark.slow
@pytest.mark.service("postgres")
def test_backup_and_restore_in_containers(folder: Path, postgresql: Database) -> None:
    server, name = urlsplit(postgresql.server), postgresql.name
    names = {
        "--force sentry": f"--force {name}",
        "--username=sentry sentry": f"--username={server.username} {name}",
        "--username=sentry": f"--username={server.username}",
        "--dbname=sentry": f"--dbname={name}",
    }
    shell = shell_with_docker(
        folder, names,
        DATABASE_URL=server._replace(path=f"/{name}").geturl(), PGHOST=str(server.hostname),
        PGPORT=str(server.port), PGPASSWORD=str(server.password or ""),
    )  # fmt: skip
    shell.sentry("upgrade", "--noinput")
    shell.sentry("organization", "create", "Beta")
    (folder / ".env").touch()
    shell.run("containers-backup")
    assert (folder / "backup/sentry.dump").stat().st_mode & 0o777 == 0o600
    shell.sentry("organization", "create", "Later")
    assert "ok   migrations" in shell.run("containers-restore")
    listed = shell.sentry("organization", "list")
    assert "beta" in listed
    assert "later" not in listed


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not on the path")
def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=sentry",
         "-keyout", "sentry.key", "-out", "sentry.crt"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    server = block("nginx").replace("/etc/ssl/", f"{tmp_path}/")
    (tmp_path / "nginx.conf").write_text(f"events {{}}\nhttp {{\n{server}\n}}\n")
    command = ["nginx", "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    subprocess.run(command, check=True, capture_output=True)


def test_every_block_is_run_by_a_test_of_this_file() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [mark for mark in marks() if f'"{mark}"' not in source] == []
    fences = re.findall(r"^ *```(\w+)$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)
    assert len(fences) == len(marks())
