"""Runs the ``sentry`` command: in this process by click, or in one of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sentry.runner.main import cli
from tests.live import BIN, PATIENCE

type Sentry = Callable[..., Result]
type Process = Callable[..., subprocess.CompletedProcess[str]]


def children_of(parent: int) -> list[int]:
    """The ids of the processes that a process started and that have not ended."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat="], check=True, capture_output=True, text=True
    )
    rows = (line.split() for line in listed.stdout.splitlines())
    return [int(pid) for pid, of, state in rows if int(of) == parent and state[0] != "Z"]


@pytest.fixture
def sentry() -> Sentry:
    """Runs a command in this process: ``sentry("organization", "list", stdin="")``."""

    def run(*arguments: str, stdin: str | None = None, status: int = 0) -> Result:
        result = CliRunner().invoke(cli, list(arguments), input=stdin, prog_name="sentry")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    return run


@pytest.fixture
def sentry_json(sentry: Sentry) -> Callable[..., Any]:
    """Runs a command with ``--json`` and gives what it printed to standard output."""
    return lambda *arguments, **how: json.loads(sentry(*arguments, "--json", **how).stdout)


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """The environment of a fresh installation that nothing was made for yet."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return {**kept, "SENTRY_HOME": str(tmp_path / "home")}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of an installation that was made by ``sentry init``, to be copied."""
    home = tmp_path_factory.mktemp("installation") / "home"
    command = [str(BIN / "sentry"), "init"]
    variables = {"PATH": os.environ["PATH"], "SENTRY_HOME": str(home)}
    subprocess.run(command, env=variables, check=True, capture_output=True, timeout=PATIENCE)
    return home


@pytest.fixture
def installed(template: Path, environment: Mapping[str, str]) -> Path:
    """A fresh installation in the ``SENTRY_HOME`` of the test's processes."""
    return Path(shutil.copytree(template, environment["SENTRY_HOME"]))


@pytest.fixture
def process(environment: Mapping[str, str], tmp_path: Path) -> Process:
    """Runs a command in a process of its own, on an installation of the test's own."""

    def run(
        *arguments: str, status: int = 0, stdin: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(BIN / "sentry"), *arguments],
            env={**environment, **variables},
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return run
