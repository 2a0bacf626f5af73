"""The package as its users get it: built, uploaded, installed from an index, and called."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path
from shutil import copytree, ignore_patterns

import pypiserver  # type: ignore[import-untyped]
import pytest

import sentry_scm_client

from .loopback import ScmBackend, serve

PACKAGE = Path(__file__).parents[1]
VERSION = sentry_scm_client.__version__

CALLER = """
import asyncio, sys
import sentry_scm_client
from sentry_scm_client import AsyncScmClient, ScmClient, PROVIDER_GITHUB

host = sys.argv[1]
assert sentry_scm_client.__file__.startswith(sys.prefix), sentry_scm_client.__file__
with ScmClient(host, "k", secure=False) as client:
    client.list_repositories(provider=PROVIDER_GITHUB)
    assert len(list(client.stream_file_blame(1, "abcd", "a.py"))) == 2

async def main():
    async with AsyncScmClient(host, "k", secure=False) as client:
        await client.get_repository(1)

asyncio.run(main())
print("called")
"""

TYPED = """
from sentry_scm_client import NotFound, PROVIDER_GITHUB, Repository, ScmClient

def names(client: ScmClient) -> list[str]:
    try:
        found: list[Repository] = list(client.iter_repositories(provider=PROVIDER_GITHUB))
    except NotFound as error:
        return [error.reason]
    return [repository.name for repository in found]

wrong: int = ScmClient("h").get_repository("x")
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command away from this machine's settings of pip and twine."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "TWINE_", "PYTHON"))}
    environment = {**kept, "HOME": str(cwd), "PIP_CONFIG_FILE": os.devnull, "COLUMNS": "200"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel and the source archive, built from a copy so that the checkout stays clean."""
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    copytree(PACKAGE, source, ignore=ignore_patterns("*.egg-info", "build", "__pycache__"))
    run(sys.executable, "-m", "build", "--no-isolation", "-o", folder / "dist", source, cwd=folder)
    return folder / "dist"


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment with the package from an index that got it by upload."""
    folder = tmp_path_factory.mktemp("install")
    packages = folder / "packages"
    packages.mkdir()
    index = pypiserver.app(roots=[packages], authenticate=[], password_file=".")
    environment = folder / "environment"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    with serve(index) as host:
        run(
            *(sys.executable, "-m", "twine", "upload", "--non-interactive"),
            *("--repository-url", f"http://{host}/", "-u", "tester", "-p", "tester"),
            *sorted(dist.iterdir()),
            cwd=folder,
        )
        run(
            *(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps"),
            *("--index-url", f"http://{host}/simple/", f"sentry-scm-client=={VERSION}"),
            cwd=folder,
        )
    # The dependencies are those of the environment that runs this test: the index has none.
    # A path that a .pth adds does not run the .pth files in it, so our own editable install
    # stays out of sight.
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_archives_hold_what_they_should(dist: Path):
    (wheel,) = dist.glob("*.whl")
    assert wheel.name == f"sentry_scm_client-{VERSION}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("py.typed", "scm_pb2.py", "scm_pb2.pyi", "options_pb2.pyi", "client.py"):
        assert f"sentry_scm_client/{name}" in names
    assert not [name for name in names if "tests/" in name]
    metadata = zipfile.ZipFile(wheel).read(f"sentry_scm_client-{VERSION}.dist-info/METADATA")
    for line in ("Requires-Python: >=3.11", "License-Expression: Apache-2.0"):
        assert line in metadata.decode().splitlines()
    assert "Classifier: Private :: Do Not Upload" in metadata.decode()
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        assert any(name.endswith("/LICENSE") for name in opened.getnames())


def test_installed_wheel_calls_a_live_server(installed: Path, host: str, backend: ScmBackend):
    assert run(installed, "-I", "-c", CALLER, host, cwd=installed.parent) == "called\n"
    assert [seen.method for seen in backend.seen] == [
        "ListRepositories",
        "StreamFileBlame",
        "GetRepository",
    ]


def test_installed_wheel_is_typed(installed: Path, tmp_path: Path):
    (tmp_path / "use.py").write_text(TYPED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", installed, "use.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    lines = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(lines) == 2, done.stdout + done.stderr
    assert all("use.py:11:" in line for line in lines)
