"""The README's first call works as it is written, against a live server."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import live
from tests.docs import pages

ADDRESS = "http://127.0.0.1:8000"


def adapted(block: str, url: str) -> str:
    """The block as it is, but with this checkout's programs and the address of the test's server."""
    with_programs = block.replace(".venv/bin/", f"{live.BIN}/").replace("make setup\n", "")
    host = url.removeprefix("http://")
    return with_programs.replace(ADDRESS, url).replace("127.0.0.1:8000", host)


@pytest.fixture(scope="module")
def first_call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """What the set-up block of the README makes, served: (URL, working directory)."""
    folder = tmp_path_factory.mktemp("readme")
    environment = {**os.environ, "SENTRY_HOME": str(folder / "home")}
    script = adapted(pages.block("README.md", "tested: setup"), ADDRESS)
    subprocess.run(["sh", "-euc", script], cwd=folder, env=environment, check=True, timeout=120)
    server = [str(live.BIN / "sentry"), "run", "web", "--no-tasks", "--port", "0"]
    with live.running(server, environment, folder) as program:
        yield program.url, folder


def run(command: list[str], folder: Path) -> str:
    """The command's output; it must succeed and say nothing on standard error."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=live.PATIENCE
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(not live.found("curl"), reason="needs curl, which was not found")
def test_the_call_with_curl(first_call: tuple[str, Path]) -> None:
    url, folder = first_call
    script = adapted(pages.block("README.md", "tested: curl"), url)
    assert run(["sh", "-euc", script], folder) == "{}"


def test_the_call_with_python(first_call: tuple[str, Path]) -> None:
    url, folder = first_call
    script = adapted(pages.block("README.md", "tested: python"), url)
    assert run([sys.executable, "-W", "error", "-c", script], folder) == ""


@pytest.mark.skipif(
    not (live.ROOT / "tests/interop/node_modules/.bin/tsx").exists(),
    reason="needs the locked Node clients, which were not found",
)
def test_the_call_with_typescript(first_call: tuple[str, Path]) -> None:
    url, folder = first_call
    (folder / "node_modules").symlink_to(live.ROOT / "tests/interop/node_modules")
    script = adapted(pages.block("README.md", "tested: typescript"), url)
    script = script.replace("scripts/export_protos.sh", f"{live.ROOT}/scripts/export_protos.sh")
    script = "\n".join(line for line in script.split("\n") if not line.startswith("npm install"))
    done = subprocess.run(
        ["sh", "-euc", script], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_key_file_is_the_owners_alone(first_call: tuple[str, Path]) -> None:
    _, folder = first_call
    assert (folder / "first.key").stat().st_mode & 0o777 == 0o600


def test_every_job_that_the_readme_names_is_one_of_make() -> None:
    jobs = set(re.findall(r"^([a-z-]+):", pages.text("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^    |`)make ([a-z-]+)", pages.text("README.md"), re.MULTILINE))
    assert {"demo", "test", "run"} <= named <= jobs
