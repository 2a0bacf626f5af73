"""A real repository, GitHub's API emulated over it, and an installation that reaches it."""

import itertools
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.github import auth
from sentry.integrations.github.integration import GitHubIntegration
from sentry.integrations.services.integration.model import RpcIntegration
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.types import RepositoryRef

TOKEN = "ghp_test"
SHOP = RepositoryRef(identifier="acme/shop")

ALICE = ("Alice Ångström", "alice@example.com")
BOB = ("Bob", "bob@example.com")


@dataclass
class Git:
    """Runs git in one repository, with the same bytes at every run."""

    path: Path
    hours: int = 0

    def __call__(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.path), "-c", "core.quotePath=false", *arguments],
            capture_output=True,
            check=True,
            env={
                "PATH": os.environ["PATH"],
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
            }
            | environment,
        )
        return done.stdout.decode()

    def commit(self, message: str, files: dict[str, bytes | None], author=ALICE) -> str:
        for name, content in files.items():
            target = self.path / name
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        self.hours += 1
        when = f"@{1_700_000_000 + 3600 * self.hours} +0200"
        self("add", "-A")
        self(
            "commit",
            "-q",
            "-m",
            message,
            GIT_AUTHOR_NAME=author[0],
            GIT_AUTHOR_EMAIL=author[1],
            GIT_AUTHOR_DATE=when,
            GIT_COMMITTER_NAME=BOB[0],
            GIT_COMMITTER_EMAIL=BOB[1],
            GIT_COMMITTER_DATE=f"@{1_700_000_060 + 3600 * self.hours} +0000",
        )
        return self("rev-parse", "HEAD").strip()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """Several authors, a merge, CRLF, odd paths, a binary and a large file."""
    git = Git(tmp_path_factory.mktemp("shop"))
    git("init", "-q", "-b", "main")
    git.commit(
        "Start the shop",
        {"src/cart.py": b"def total():\n    return 0\n", "crlf.txt": b"a\r\nb\r\n"},
    )
    git.commit(
        "Add a file with an odd name",
        {"döc/a b#?%2e.txt": "zwölf\nno end".encode(), "empty.txt": b""},
    )
    git.commit(
        "Sum up\n\nWith a body.\n",
        {"src/cart.py": b"def total(items):\n    return 0\n\n\nTAX = 0.2\n"},
        BOB,
    )
    git("branch", "feature/checkout")
    git.commit(
        "Say what is in it",
        {"logo.png": b"\x89PNG\0\1\2\3", "big.txt": (b"0123456789" * 100 + b"\n") * 1100},
    )
    git.commit(
        "Change one line",
        {"src/cart.py": b"def total(items):\n    return sum(items)\n\n\nTAX = 0.2\n"},
    )
    git("tag", "v1.0", "HEAD~1")
    return git


@pytest.fixture(scope="session")
def _running() -> Iterator[Emulator]:
    with Emulator(
        dialect="github", rate_limit=None, tokens={TOKEN: ("robot",)}, users={ALICE[1]: "alice"}
    ) as running:
        yield running


_repository_ids = itertools.count(1001)


@pytest.fixture
def emulator(_running: Emulator, shop: Git) -> Iterator[Emulator]:
    """One server for all tests; each has its own repository in it, and so its own issues."""
    _running.add_repository(
        HostedRepository(full_name="acme/shop", path=str(shop.path), id=next(_repository_ids))
    )
    yield _running
    _running.remove_repository("acme/shop")
    _running.faults.clear()
    _running.clear_requests()


@pytest.fixture(autouse=True)
def _nothing_remembered(settings) -> None:
    """Another test's limits, answers and tokens are not this one's; loopback is allowed."""
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    auth._installations.clear()


def integration(url: str, **credential: object) -> GitHubIntegration:
    """An installation of GitHub at a URL."""
    model = RpcIntegration(
        id=1,
        provider="github",
        external_id="1",
        name="acme",
        status=0,
        metadata={"base_url": url, "web_url": "https://github.com", **credential},
    )
    return GitHubIntegration(model, organization_id=7)


@pytest.fixture
def installed(emulator: Emulator) -> GitHubIntegration:
    """An installation with a token."""
    return integration(emulator.url, token=TOKEN)
