"""A real repository, Bitbucket's API emulated over it, and an installation that reaches it.

Where the hosts' descriptions are at hand (``CONTRACTS_DIR``), every request and every answer of
these tests is held against Bitbucket's own.
"""

import itertools
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.bitbucket import paging
from sentry.integrations.bitbucket.integration import BitbucketIntegration
from sentry.integrations.services.integration.model import RpcIntegration
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.types import RepositoryRef

API_TOKEN = "ATATT3x-s3cret"
ACCESS_TOKEN = "ATCTT3x-s3cret"
OAUTH_TOKEN = "oauth-s3cret"
EMAIL = "robot@example.com"
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

    def identity(self, author: tuple[str, str] = ALICE) -> dict[str, str]:
        self.hours += 1
        seconds = 1_700_000_000 + 3600 * self.hours
        return {
            "GIT_AUTHOR_NAME": author[0],
            "GIT_AUTHOR_EMAIL": author[1],
            "GIT_AUTHOR_DATE": f"@{seconds} +0200",
            "GIT_COMMITTER_NAME": BOB[0],
            "GIT_COMMITTER_EMAIL": BOB[1],
            "GIT_COMMITTER_DATE": f"@{seconds + 60} +0000",
        }

    def commit(
        self, message: str, files: Mapping[str, bytes | None], author: tuple[str, str] = ALICE
    ) -> str:
        for name, content in files.items():
            target = self.path / name
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        self("add", "-A")
        self("commit", "-q", "--allow-empty", "-m", message, **self.identity(author))
        return self.sha("HEAD")

    def sha(self, name: str) -> str:
        return self("rev-parse", f"{name}^{{commit}}").strip()

    def shas(self, *arguments: str) -> list[str]:
        return self("rev-list", *arguments).split()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """Several authors, a merge, a rename, CRLF, odd paths, links, binary and large files."""
    git = Git(tmp_path_factory.mktemp("shop"))
    git("init", "-q", "-b", "main")
    git.commit(
        "Start the shop",
        {"src/cart.py": b"def total():\n    return 0\n", "crlf.txt": b"a\r\nb\r\n"},
    )
    odd = {"döc/a b#?%2e.txt": "zwölf\nno end".encode(), "döc/𝄞\\x\n.txt": b"key\n", "empty": b""}
    git.commit("Add files with odd names", odd)
    git.commit(
        "Sum up\n\nWith a body.\n",
        {"src/cart.py": b"def total(items):\n    return 0\n\n\nTAX = 0.2\n"},
        BOB,
    )
    git("checkout", "-q", "-b", "feature/checkout")
    git.commit("Check out", {"src/checkout.py": b"def pay():\n    return 1\n"}, BOB)
    git("checkout", "-q", "main")
    git.commit("Say what is in it", {"logo.png": b"\x89PNG\0\1\2\3"})
    git("merge", "-q", "--no-ff", "-m", "Merge the checkout", "feature/checkout", **git.identity())
    git("mv", "src/cart.py", "src/basket.py")
    (git.path / "link").symlink_to("src/basket.py")
    git.commit("Move", {"big.txt": (b"0123456789" * 100 + b"\n") * 1100, "crlf.txt": None})
    module = git.sha("HEAD")
    git("update-index", "--add", "--cacheinfo", f"160000,{module},vendor/lib")
    git("commit", "-q", "-m", "Vendor a library", **git.identity())
    git.commit("Dig deep", {"a/b/c/d/e/f.txt": b"deep\n", "a.txt": b"x\n", "a/b.txt": b"y\n"})
    git("tag", "-a", "v1.0", "-m", "Version 1", "HEAD~2", **git.identity())
    git("branch", "old", "HEAD~4")
    return git


@pytest.fixture(scope="session")
def _running() -> Iterator[Emulator]:
    folder = os.environ.get("CONTRACTS_DIR")
    with Emulator(
        dialect="bitbucket",
        rate_limit=None,
        tokens={
            API_TOKEN: ("robot",),
            ACCESS_TOKEN: ("token", "acme/shop"),
            OAUTH_TOKEN: ("robot",),
        },
        users={ALICE[1]: "alice", EMAIL: "robot"},
        contracts=Path(folder) if folder else None,
    ) as running:
        yield running


_repository_ids = itertools.count(1001)


@pytest.fixture
def emulator(_running: Emulator, shop: Git) -> Iterator[Emulator]:
    """One server for all tests; each has its own repository in it, and so its own webhooks."""
    _running.add_repository(
        HostedRepository(full_name="acme/shop", path=str(shop.path), id=next(_repository_ids))
    )
    known = _problems(_running)
    yield _running
    _running.remove_repository("acme/shop")
    _running.faults.clear()
    _running.clear_requests()
    assert _problems(_running)[len(known) :] == []


def _problems(running: Emulator) -> list[str]:
    return running.problems if os.environ.get("CONTRACTS_DIR") else []


@pytest.fixture(autouse=True)
def _nothing_remembered(settings, monkeypatch) -> None:
    """Another test's limits, answers and links are not this one's; loopback is allowed."""
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    paging._links._known.clear()


def integration(url: str, **metadata: object) -> BitbucketIntegration:
    """An installation of a Bitbucket at a URL."""
    model = RpcIntegration(
        id=1,
        provider="bitbucket",
        external_id="1",
        name="acme",
        status=0,
        metadata={"base_url": f"{url}/2.0", "web_url": url, **metadata},
    )
    return BitbucketIntegration(model, organization_id=7)


@pytest.fixture
def installed(emulator: Emulator) -> BitbucketIntegration:
    """An installation with an API token."""
    return integration(emulator.url, email=EMAIL, api_token=API_TOKEN)
