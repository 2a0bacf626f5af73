"""One organization with everything that a call needs, over a real git repository.

The host is the emulator; what is true is asked of git itself.
"""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from forge_emulator import Emulator, HostedRepository
from sentry.models import Group, Integration, Organization, Project, Repository
from sentry.testutils import rpc
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories

FULL_NAME = "acme/shop"
HOST_TOKEN = "ghp_scene_host_secret"
SCOPES = ("repository:read", "repository:write", "event:read", "event:write", "org:read")
WEB_URL = "https://github.example.com"

ADA = ("Ada Lovelace", "ada@example.com")
LINUS = ("Linus Ünïcode", "linus@example.com")
PATH = "src/größe.py"


@dataclass
class GitTruth:
    """A git repository and what git says about it. Its commits are the same bytes at every run."""

    path: Path
    _hours: int = 0

    def __call__(self, *arguments: str, **environment: str) -> str:
        """Runs git in the repository; gives its output."""
        settings = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(
            ["git", "-C", str(self.path), "-c", "core.quotePath=false", *arguments],
            capture_output=True,
            check=True,
            env={"PATH": os.environ["PATH"], **settings, **environment},
        )
        return done.stdout.decode()

    def commit(self, message: str, files: dict[str, bytes], author: tuple[str, str] = ADA) -> str:
        """Writes the files and commits them; gives the full sha."""
        for name, content in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        self._hours += 1
        when = f"@{1_700_000_000 + 3600 * self._hours} +0000"
        people = {f"GIT_{role}_NAME": author[0] for role in ("AUTHOR", "COMMITTER")}
        people |= {f"GIT_{role}_EMAIL": author[1] for role in ("AUTHOR", "COMMITTER")}
        people |= {f"GIT_{role}_DATE": when for role in ("AUTHOR", "COMMITTER")}
        self("add", "-A")
        self("commit", "-q", "-m", message, **people)
        return self.head()

    def head(self) -> str:
        """The full sha of the newest commit."""
        return self("rev-parse", "HEAD").strip()

    def shas(self) -> list[str]:
        """The full shas of the history, newest first."""
        return self("rev-list", "HEAD").split()

    def blame(self, path: str = PATH, revision: str = "HEAD") -> list[tuple[str, str, str]]:
        """(commit, author's name, text) of every line of a file."""
        rows: list[tuple[str, str, str]] = []
        commit = author = ""
        for line in self("blame", "--line-porcelain", revision, "--", path).splitlines():
            if line.startswith("\t"):
                rows.append((commit, author, line[1:]))
            elif line.startswith("author "):
                author = line.removeprefix("author ")
            elif len(line.partition(" ")[0]) == 40:
                commit = line.partition(" ")[0]
        return rows


def build_repository(folder: Path) -> GitTruth:
    """A repository whose file ``PATH`` has lines of two authors."""
    folder.mkdir(parents=True, exist_ok=True)
    git = GitTruth(folder)
    git("init", "-q", "-b", "main")
    git.commit("Begin\n\nWith a body.", {PATH: b"one = 1\ntwo = 2\n", "README.md": b"# shop\n"})
    git.commit("Say it in German", {PATH: "one = 1\nzwei = 'ü'\ndrei = 3\n".encode()}, LINUS)
    git.commit("Add a file", {"src/other.py": b"x = 1\n"})
    return git


def host_over(git: GitTruth) -> Emulator:
    """GitHub's API over the repository; the caller starts and stops it."""
    return Emulator(
        dialect="github",
        repositories=[HostedRepository(full_name=FULL_NAME, path=git.path)],
        tokens={HOST_TOKEN: ("robot", "repo")},
        users={ADA[1]: "ada"},
        rate_limit=None,
    )


@dataclass
class Scene:
    """What was made: rows of one organization, a key to it, the host and what git says."""

    emulator: Emulator
    git: GitTruth
    organization: Organization
    project: Project
    group: Group
    integration: Integration
    repository: Repository
    token: str = field(repr=False)
    client: Client = field(default_factory=Client)

    def rpc(self, method: str, request: Message | bytes, **options) -> rpc.RpcAnswer[Any]:
        """Calls an RPC with the scene's key; see ``sentry.testutils.rpc.call``."""
        options.setdefault("token", self.token)
        return rpc.call(self.client, method, request, **options)


def make_scene(emulator: Emulator, git: GitTruth) -> Scene:
    """Makes the rows. Needs the database, and ``SCM_ALLOWED_HOSTS`` with the emulator's address."""
    organization = Factories.create_organization()
    project = Factories.create_project(organization)
    integration = Factories.create_integration(
        organization=organization,
        metadata={"base_url": emulator.url, "web_url": WEB_URL, "token": HOST_TOKEN},
    )
    hosted = emulator.world.repositories.by_name(FULL_NAME)
    assert hosted is not None
    repository = Factories.create_repo(
        project,
        name=FULL_NAME,
        external_id=str(hosted.id),
        integration_id=integration.pk,
        url=f"{WEB_URL}/{FULL_NAME}",
        config={"default_branch": "main", "identifier": FULL_NAME},
    )
    _, token = Factories.create_api_key(organization, SCOPES, label="scene")
    return Scene(
        emulator=emulator,
        git=git,
        organization=organization,
        project=project,
        group=Factories.create_group(project),
        integration=integration,
        repository=repository,
        token=token,
    )
