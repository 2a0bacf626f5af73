"""A real repository, Azure DevOps emulated over it, and an installation that reaches it."""

import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.services.integration.model import RpcIntegration
from sentry.integrations.source_code_management import oauth_client
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_runtime import HttpRuntime, shared_runtime
from sentry.integrations.source_code_management.types import RepositoryRef
from sentry.integrations.vsts.api import VstsApi
from sentry.integrations.vsts.auth import PersonalTokenAuth
from sentry.integrations.vsts.client import VstsClient
from sentry.integrations.vsts.dialect import VstsDialect
from sentry.integrations.vsts.endpoints import vsts_endpoints
from sentry.integrations.vsts.integration import VstsIntegration
from sentry.testutils import services

TOKEN = "azure_pat_0123456789"
CLIENT_SECRET = "entra-secret-0123456789"
ENTRA = {"tenant": "contoso.example", "client_id": "app-1", "client_secret": CLIENT_SECRET}
NAME = "Online Shop/sköp app"
SHOP = RepositoryRef(identifier=NAME)

CONTRACTS = services.find("contracts")

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

    def identity(self, author: tuple[str, str]) -> dict[str, str]:
        self.hours += 1
        when = f"@{1_700_000_000 + 3600 * self.hours} +0200"
        return {
            "GIT_AUTHOR_NAME": author[0],
            "GIT_AUTHOR_EMAIL": author[1],
            "GIT_AUTHOR_DATE": when,
            "GIT_COMMITTER_NAME": BOB[0],
            "GIT_COMMITTER_EMAIL": BOB[1],
            "GIT_COMMITTER_DATE": f"@{1_700_000_060 + 3600 * self.hours} +0000",
        }

    def commit(self, message: str, files: dict[str, bytes | None], author=ALICE) -> str:
        for name, content in files.items():
            target = self.path / name
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        self("add", "-A")
        self("commit", "-q", "--allow-empty", "-m", message, **self.identity(author))
        return self.id("HEAD")

    def id(self, name: str) -> str:
        return self("rev-parse", f"{name}^{{commit}}").strip()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """Several authors, a merge, renames, CRLF, odd paths, a link, a binary and a large file."""
    git = Git(tmp_path_factory.mktemp("shop"))
    git("init", "-q", "-b", "main")
    git.commit(
        "Start the shop",
        {"src/cart.py": b"def total():\n    return 0\n", "crlf.txt": b"a\r\nb\r\n"},
    )
    git.commit(
        "Add files with odd names",
        {
            "döc/a b#?%2e.txt": "zwölf\nno end".encode(),
            "döc/\U0001f600/😀.txt": b"grin\n",
            "empty.txt": b"",
        },
    )
    git.commit(
        "Sum up\n\nWith a body.\n",
        {"src/cart.py": b"def total(items):\n    return 0\n\n\nTAX = 0.2\n"},
        BOB,
    )
    git("branch", "feature/checkout")
    git("checkout", "-q", "feature/checkout")
    git.commit(
        "Check out\n\n- carefully", {"src/checkout.py": b"def pay():\n    return True\n"}, BOB
    )
    git("checkout", "-q", "main")
    (git.path / "link").symlink_to("src/cart.py")
    git.commit(
        "Say what is in it",
        {"logo.png": b"\x89PNG\0\1\2\3", "big.txt": (b"0123456789" * 100 + b"\n") * 1100},
    )
    git("merge", "-q", "--no-ff", "-m", "Merge the checkout", "feature/checkout",
        **git.identity(ALICE))  # fmt: skip
    git("mv", "crlf.txt", "docs.txt")
    git("rm", "-q", "empty.txt")
    git.commit(
        "Move, remove and change",
        {"src/cart.py": b"def total(items):\n    return sum(items)\n\n\nTAX = 0.2\n"},
    )
    git("tag", "v1.0", "HEAD~1")
    git("tag", "-a", "v2.0", "-m", "Two", **git.identity(BOB))
    return git


@pytest.fixture(scope="session")
def _running() -> Iterator[Emulator]:
    with Emulator(
        dialect="vsts",
        rate_limit=None,
        tokens={TOKEN: ("robot@example.com",)},
        users={ALICE[1]: "alice@example.com"},
        workflows={"Scrummers": "Scrum", "Agilists": "Agile", "Planners": "Epics"},
        contracts=Path(CONTRACTS) if CONTRACTS else None,
    ) as running:
        running.add_oauth_client("app-1", CLIENT_SECRET)
        yield running


_repository_ids = itertools.count(1001)


@pytest.fixture
def emulator(_running: Emulator, shop: Git) -> Iterator[Emulator]:
    """One server for all tests; each has its own repository in it."""
    hosted = HostedRepository(full_name=NAME, path=str(shop.path), id=next(_repository_ids))
    before = len(_running.problems) if CONTRACTS else 0
    _running.add_repository(hosted)
    yield _running
    for repository in _running.world.repositories.all():
        _running.world.repositories.remove(repository.full_name)
    _running.faults.clear()
    _running.clear_requests()
    if CONTRACTS:  # every request and answer of every test is held against them
        # a page to sign in is no answer that a description could tell of
        pages = ("-> 203: this status", "-> 302: this status")
        assert [
            each for each in _running.problems[before:] if not any(page in each for page in pages)
        ] == []


@pytest.fixture(autouse=True)
def _nothing_remembered(settings) -> None:
    """Another test's limits, answers and tokens are not this one's; loopback is allowed."""
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    oauth_client._applications.clear()


def integration(url: str, **credential: Any) -> VstsIntegration:
    """An installation of the organization at an emulator."""
    model = RpcIntegration(
        id=1,
        provider="vsts",
        external_id="1",
        name="acme",
        status=0,
        metadata={"base_url": f"{url}/acme", "login_url": url, **credential},
    )
    return VstsIntegration(model, organization_id=7)


def client_over(answer: Callable[[httpx.Request], httpx.Response]) -> VstsClient:
    """A client whose requests a function answers."""
    runtime = HttpRuntime(transport=lambda: httpx.MockTransport(answer), sleep=lambda _: None)
    endpoints = vsts_endpoints(
        base_url="https://dev.azure.com/acme", web_url=None, search_url=None, login_url="https://l"
    )
    api, search = (
        VstsApi(
            HostSession(url, auth=PersonalTokenAuth(TOKEN), dialect=VstsDialect(), runtime=runtime)
        )
        for url in (endpoints.api, endpoints.search)
    )
    return VstsClient(api, search, endpoints)


@pytest.fixture
def installed(emulator: Emulator) -> VstsIntegration:
    """An installation with a personal token."""
    return integration(emulator.url, token=TOKEN)
