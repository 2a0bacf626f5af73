"""A real repository, the host's API emulated over it, and an installation that reaches it.

Where the host's published description is at hand, everything that passes is held against it.
"""

import itertools
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.bitbucket_server.commit_memo import shared_commits
from sentry.integrations.bitbucket_server.identities import shared_meanings
from sentry.integrations.bitbucket_server.integration import BitbucketServerIntegration
from sentry.integrations.services.integration.model import RpcIntegration
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.types import RepositoryRef
from sentry.testutils import services

TOKEN = "BBDC-secret-of-the-robot"
WEB = "https://bitbucket.example.com/git"
SHOP = RepositoryRef(identifier="ACME/shop")
ODD = "döc/a b#?%2e;😀.txt"

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

    def id(self, name: str) -> str:
        """The full id of the commit that a name stands for."""
        return self("rev-parse", f"{name}^{{commit}}").strip()

    def identity(self, author: tuple[str, str]) -> dict[str, str]:
        self.hours += 1
        return {
            "GIT_AUTHOR_NAME": author[0],
            "GIT_AUTHOR_EMAIL": author[1],
            "GIT_AUTHOR_DATE": f"@{1_700_000_000 + 3600 * self.hours} +0200",
            "GIT_COMMITTER_NAME": BOB[0],
            "GIT_COMMITTER_EMAIL": BOB[1],
            "GIT_COMMITTER_DATE": f"@{1_700_000_060 + 3600 * self.hours} +0000",
        }

    def commit(self, message: str, files: dict[str, bytes], author=ALICE) -> str:
        for name, content in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        self("add", "-A")
        self("commit", "-q", "-m", message, **self.identity(author))
        return self.id("HEAD")

    def blame(self, path: str, revision: str = "HEAD") -> list[tuple[str, str]]:
        """(commit, text) of each line of a file."""
        rows: list[tuple[str, str]] = []
        commit, header = "", True
        for line in self("blame", "--line-porcelain", revision, "--", path).split("\n"):
            if line.startswith("\t"):
                rows.append((commit, line[1:].removesuffix("\r")))
                header = True
            elif header:
                commit, header = line.partition(" ")[0], False
        return rows


def _long(changed: range) -> bytes:
    lines = [f"line {n}{' changed' if n in changed else ''}" for n in range(1, 5201)]
    return "\n".join(lines).encode()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """Two authors, a merge, a rename, CRLF, odd paths, a binary, a link and a long file."""
    git = Git(tmp_path_factory.mktemp("shop"))
    git("init", "-q", "-b", "main")
    git.commit(
        "Start the shop",
        {"src/cart.py": b"def total():\n    return 0\n", "crlf.txt": b"a\r\nb\r\n"},
    )
    git.commit("Name a file oddly", {ODD: "zwölf 😀\nno end".encode(), "empty.txt": b""})
    git.commit(
        "Sum up\n\nWith a body.\n",
        {"src/cart.py": b"def total(items):\n    return 0\n\n\nTAX = 0.2\n"},
        BOB,
    )
    git("checkout", "-q", "-b", "feature/checkout")
    git.commit("Check out", {"src/checkout.py": b"def pay():\n    pass\n"}, BOB)
    git("checkout", "-q", "main")
    git.commit("Sell a logo", {"logo.png": b"\x89PNG\0\1\2\3\n\4", "long.txt": _long(range(0))})
    git("merge", "-q", "--no-ff", "-m", "Merge checkout", "feature/checkout", **git.identity(ALICE))
    git("mv", "src/cart.py", "src/basket.py")
    git.commit("Call it basket", {"long.txt": _long(range(4990, 5011))})
    git.commit(
        "Change one line",
        {"src/basket.py": b"def total(items):\n    return sum(items)\n\n\nTAX = 0.2\n"},
        BOB,
    )
    (git.path / "link").symlink_to("src/basket.py")
    git.commit(
        "Link, and begin the long file anew", {"long.txt": b"new\n" + _long(range(5000, 5011))}
    )
    git("tag", "-a", "v1.0", "-m", "one", "HEAD~1", **git.identity(ALICE))
    git("branch", "old", "HEAD~3")
    git("checkout", "-q", "--orphan", "alone")
    git("rm", "-rqf", ".")
    git.commit("Another root", {"alone.txt": b"1\n"})
    git("checkout", "-q", "main")
    return git


@pytest.fixture(scope="session")
def _running() -> Iterator[Emulator]:
    contracts = services.find("contracts")
    with Emulator(
        dialect="bitbucket_server",
        rate_limit=None,
        tokens={TOKEN: ("robot",), "BBDC-reader": ("eve", "REPO_READ")},
        users={ALICE[1]: "alice"},
        page_size_cap=3,
        contracts=Path(contracts) if contracts else None,
    ) as running:
        yield running


_repository_ids = itertools.count(1001)


@pytest.fixture
def emulator(_running: Emulator, shop: Git) -> Iterator[Emulator]:
    """One server for all tests; each has its own repository in it, and so its own webhooks."""
    _running.add_repository(
        HostedRepository(full_name="ACME/shop", path=shop.path, id=next(_repository_ids))
    )
    described = services.find("contracts") is not None
    before = len(_running.problems) if described else 0
    yield _running
    _running.remove_repository("ACME/shop")
    _running.faults.clear()
    _running.clear_requests()
    if described:
        assert _running.problems[before:] == []


@pytest.fixture(autouse=True)
def _nothing_remembered(settings) -> None:
    """Another test's limits, answers, commits and names are not this one's; loopback is allowed."""
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    shared_commits.cache_clear()
    shared_meanings.cache_clear()


def integration(url: str, **credential: Any) -> BitbucketServerIntegration:
    """An installation of a server at a URL."""
    model = RpcIntegration(
        id=1,
        provider="bitbucket_server",
        external_id="1",
        name="acme",
        status=0,
        metadata={"base_url": url, "web_url": WEB, **credential},
    )
    return BitbucketServerIntegration(model, organization_id=7)


@pytest.fixture
def installed(emulator: Emulator) -> BitbucketServerIntegration:
    """An installation with a token."""
    return integration(emulator.url, token=TOKEN)
