"""A whole platform on loopback for tests that come from outside: a git repository, the emulator of
a host over it, and a web server, each in a process of its own. Data is made by the ``sentry`` command.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 60
BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[1]

PATH = "src/größe.py"
AUTHORS = {"ada": "Ada Lovelace", "linus": "Linus Ünïcode"}


def git(repository: Path, *arguments: str, author: str = "ada", day: int = 1) -> str:
    """Runs git with fixed people and times; gives its output."""
    person = {
        "NAME": AUTHORS[author],
        "EMAIL": f"{author}@example.com",
        "DATE": f"2026-01-{day:02} 12:00:00 +0000",
    }
    names = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in person.items()
    }
    environment = {
        **os.environ,
        **names,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments],
        check=True, capture_output=True, text=True, encoding="utf-8", env=environment,
    )  # fmt: skip
    return done.stdout


def make_repository(folder: Path) -> Path:
    """A repository whose file ``PATH`` has lines of two authors."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    file = folder / PATH
    file.parent.mkdir()
    for day, (author, content) in enumerate(
        (("ada", "one = 1\ntwo = 2\n"), ("linus", "one = 1\nzwei = 'ü'\ndrei = 3\n")), start=1
    ):
        file.write_text(content, encoding="utf-8")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", f"--message={author} wrote", author=author, day=day)
    return folder


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A program that runs until the test ends it, and the URL that it printed."""

    url: str
    process: "subprocess.Popen[str]" = field(repr=False)


@contextmanager
def running(command: list[str], environment: Mapping[str, str], cwd: Path) -> Iterator[Program]:
    """Starts a program, waits for the line with its URL, and ends it with the block."""
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    found = threading.Event()
    reader = threading.Thread(target=_read, args=(process, lines, found), daemon=True)
    reader.start()
    try:
        found.wait(PATIENCE)
        urls = re.findall(r"istening on (http://\S+)", "".join(lines))
        assert urls, f"{command[0]} did not start:\n{''.join(lines)}"
        yield Program(url=urls[0], process=process)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


def _read(process: "subprocess.Popen[str]", lines: list[str], found: threading.Event) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if "istening on http://" in line:
            found.set()
    found.set()


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """An installation with one organization, an API key and a synchronized repository."""

    home: Path
    git: Path
    emulator_url: str
    environment: Mapping[str, str] = field(repr=False)
    organization_id: int
    integration_id: int
    repository_id: int
    api_key: str = field(repr=False)

    def sentry(self, *arguments: str) -> Any:
        """Runs the ``sentry`` command with ``--json``; gives what it printed."""
        return _sentry(self.environment, self.home, *arguments)


def _sentry(environment: Mapping[str, str], home: Path, *arguments: str) -> Any:
    done = subprocess.run(
        [str(BIN / "sentry"), *arguments, "--json"],
        env=environment, cwd=home, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, f"sentry {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return json.loads(done.stdout)


@contextmanager
def platform(folder: Path) -> Iterator[Platform]:
    """Makes an installation in the folder, with the emulator beside it."""
    home = folder / "home"
    repository = make_repository(folder / "shop")
    environment = {
        **os.environ,
        "SENTRY_HOME": str(home),
        "SCM_ALLOWED_HOSTS": "127.0.0.1",
        # so that a slow host is slow however often the same is asked
        "SENTRY_OPTION_SCM_BLAME_CACHE_TTL": "0",
    }
    home.mkdir(mode=0o700)
    secret = home / "github.token"
    emulator = [
        str(BIN / "forge-emulator"), "--repo", f"{repository}=acme/shop", "--control",
        "--token-out", str(secret), "--no-rate-limit",
    ]  # fmt: skip
    subprocess.run(
        [str(BIN / "sentry"), "init"],
        env=environment,
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    with running(emulator, environment, folder) as host:
        yield _fill(home, repository, host.url, secret, environment)


def _fill(
    home: Path, repository: Path, url: str, secret: Path, environment: Mapping[str, str]
) -> Platform:
    def sentry(*arguments: str) -> Any:
        return _sentry(environment, home, *arguments)

    organization = sentry("organization", "create", "Acme", "--slug", "acme")
    of_acme = ("--organization", "acme")
    integration = sentry(
        "integration", "add", *of_acme, "--provider", "github", "--base-url", url,
        "--web-url", url, "--token-file", str(secret),
    )  # fmt: skip
    sentry("repository", "sync", *of_acme, "--integration", str(integration["id"]))
    (stored,) = sentry("repository", "list", *of_acme)
    key_file = home / "api.key"
    scopes = "repository:read,repository:write,event:write,org:read"
    sentry("apikey", "create", *of_acme, "--scopes", scopes, "--token-file", str(key_file))
    return Platform(
        home=home, git=repository, emulator_url=url, environment=environment,
        organization_id=organization["id"], integration_id=integration["id"],
        repository_id=stored["id"], api_key=key_file.read_text(encoding="ascii").strip(),
    )  # fmt: skip


@contextmanager
def web(installation: Platform, server: str = "granian", port: int = 0) -> Iterator[str]:
    """Serves the installation; gives the URL."""
    command = [
        str(BIN / "sentry"),
        "run",
        "web",
        "--no-tasks",
        "--port",
        str(port),
        "--server",
        server,
    ]
    with running(command, installation.environment, installation.home) as program:
        yield program.url


def found(program: str) -> bool:
    """Whether a program is on the path."""
    return shutil.which(program) is not None
