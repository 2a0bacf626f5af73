"""What the synchronization of 10,000 repositories costs: statements, memory and time.

It is done twice, each time in a fresh process: first every repository is new, then every one is as
it was. The worse of the two is the figure. An installation of its own, on SQLite without Redis; the
host is the emulator, whose work is in the seconds.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks import hosts, seed
from benchmarks.report import Figure, at_most
from benchmarks.sync_host import REPOSITORIES
from benchmarks.sync_job import Measured

PAGES = REPOSITORIES // 100


def repositories(data: seed.Seed) -> Iterable[Figure]:
    """Both runs, and the worse figure of each kind."""
    del data  # the seeded repositories are another organization's
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        history = hosts.make_history(Path(folder) / "shop")
        with _host(history.path) as url:
            environment = _environment(home)
            _job(environment, url)
            first = Measured(**json.loads(_job(environment)))
            second = Measured(**json.loads(_job(environment)))
    yield from _figures(first, second)


def _figures(first: Measured, second: Measured) -> Iterator[Figure]:
    wrong = _wrong(first, second)
    both = (first, second)
    yield Figure(
        name="sync_sql_per_page",
        value=max(run.statements / PAGES for run in both),
        unit="statements",
        bar=at_most(4),
        invalid=wrong,
    )
    growth = max(run.growth_mb for run in both)
    name = "sync_rss_growth_mb"
    yield Figure(name=name, value=growth, unit="MiB", bar=at_most(20), invalid=wrong)
    seconds = max(run.seconds for run in both)
    yield Figure(name="sync_seconds", value=seconds, unit="s", invalid=wrong)


def _wrong(first: Measured, second: Measured) -> str:
    """Which run was not what it should be; "" where both were."""
    if (first.state, first.created, first.pages) != ("succeeded", REPOSITORIES, PAGES):
        return "the first run did not make every repository"
    if (second.state, second.unchanged, second.pages) != ("succeeded", REPOSITORIES, PAGES):
        return "the second run did not find every repository as it was"
    return ""


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    return {**kept, **seed.environment(home), "SCM_ALLOWED_HOSTS": "127.0.0.1"}


def _job(environment: Mapping[str, str], *arguments: str) -> bytes:
    command = [sys.executable, "-m", "benchmarks.sync_job", *arguments]
    done = subprocess.run(command, check=True, cwd=seed.TOP, env=environment, capture_output=True)
    return done.stdout


@contextmanager
def _host(folder: Path) -> Iterator[str]:
    """The host in a process of its own; its URL."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sync_host", str(folder)],
        cwd=seed.TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("there are pipes")
        yield process.stdout.readline().strip()
        process.stdin.close()
