"""Programs that the demonstration starts, and ends."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from sentry.runner.demo.termination import sigterm_waits

_PATIENCE = 60
_URL = re.compile(r"listening on (http://\S+)", re.IGNORECASE)
# The demonstration is self-contained: no service of the machine and no setting of its user.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYENV_ROOT", "PYENV_VERSION")
_SERVER_LOG_LINES = 20


def clean_environment(home: Path) -> dict[str, str]:
    """An environment of an operator who has set nothing but the platform's home."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **kept,
        "SENTRY_HOME": str(home),
        "SCM_ALLOWED_HOSTS": "127.0.0.1",
        "SENTRY_LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
    }


def program(name: str) -> str:
    """The path of a program that is installed beside this Python.

    Raises:
        click.ClickException: it is not installed.
    """
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise click.ClickException(f"{name} is not installed here: run `make setup`")
    return str(path)


def run_command(environment: Mapping[str, str], *arguments: str) -> str:
    """Shows and runs a ``sentry`` command; what it printed.

    Raises:
        click.ClickException: it failed.
    """
    click.echo(f"$ sentry {' '.join(_quoted(word) for word in arguments)}")
    done = subprocess.run(
        [program("sentry"), *arguments],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise click.ClickException(f"sentry {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


@contextmanager
def serving(environment: Mapping[str, str], *command: str) -> Iterator[str]:
    """Runs a server inside the block; gives the URL that it prints.

    Raises:
        click.ClickException: it ended, or printed none in time.
    """
    with ExitStack() as stack:
        with sigterm_waits():
            process = subprocess.Popen(
                command,
                env=dict(environment),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            reader = _Reader(process)
            stack.callback(_end, process, reader)
        yield reader.url()


def _end(process: "subprocess.Popen[str]", reader: "_Reader") -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    reader.join()


class _Reader:
    """Reads what a server prints, so that it never waits for a reader."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._lines: list[str] = []
        self._found = threading.Event()
        self._url = ""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        if self._process.stdout is None:
            return
        with self._process.stdout as stream:
            for line in stream:
                self._lines.append(line)
                match = _URL.search(line)
                if match and not self._url:
                    self._url = match[1]
                    self._found.set()
        self._found.set()

    def url(self) -> str:
        self._found.wait(_PATIENCE)
        if not self._url:
            said = "".join(self._lines[-_SERVER_LOG_LINES:])
            raise click.ClickException(f"a server did not start:\n{said}")
        return self._url

    def join(self) -> None:
        self._thread.join(_PATIENCE)
