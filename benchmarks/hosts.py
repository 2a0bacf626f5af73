"""Emulated hosts, and a repository for them whose every file many commits have changed."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forge_emulator import Emulator, HostedRepository

TOKEN = "ATATT3x-bench-token"  # Bitbucket Cloud tells the kinds apart by how they begin
EMAIL = "bench@example.com"
NAME = "acme/shop"
FILES = tuple(f"src/part_{number}.py" for number in range(10))
OTHER = "README.md"
LINES = 200
COMMITS = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """How a provider is reached on the emulator.

    Attributes:
        grants: what the emulator is told of the token: whose it is, and what it may do.
        metadata: an integration's, for a host at this URL.
        name: the repository's, as the host has it.
    """

    grants: tuple[str, ...]
    metadata: Callable[[str], Mapping[str, Any]]
    name: str = NAME


HOSTS: Mapping[str, Host] = {
    "github": Host(
        grants=("bench", "repo"),
        metadata=lambda url: {"base_url": url, "web_url": url, "token": TOKEN},
    ),
    "github_enterprise": Host(
        grants=("bench", "repo"), metadata=lambda url: {"base_url": url, "token": TOKEN}
    ),
    "gitlab": Host(
        grants=("bench", "api"), metadata=lambda url: {"base_url": url, "token": TOKEN}
    ),
    "bitbucket": Host(
        grants=("bench",),
        metadata=lambda url: {
            "base_url": f"{url}/2.0", "web_url": url, "email": EMAIL, "api_token": TOKEN,
        },
    ),
    "bitbucket_server": Host(
        grants=("bench",), metadata=lambda url: {"base_url": url, "token": TOKEN}
    ),
    "vsts": Host(
        grants=(EMAIL,), metadata=lambda url: {"base_url": f"{url}/acme", "token": TOKEN}
    ),
}  # fmt: skip


@contextmanager
def emulated(provider: str, repository: Path) -> Iterator[Emulator]:
    """The host of a provider over the repository, without limits."""
    host = HOSTS[provider]
    hosted = HostedRepository(full_name=host.name, path=repository, private=True)
    with Emulator(
        provider, [hosted], tokens={TOKEN: host.grants}, users={EMAIL: "bench"}, rate_limit=None
    ) as running:
        yield running


@dataclass
class History:
    """A repository, and what git says of it."""

    path: Path
    _blames: dict[str, list[str]] = field(default_factory=dict)

    def git(self, *arguments: str, day: int = 1) -> str:
        """Runs git with fixed people and times; gives its output."""
        person = {"NAME": "Ada", "EMAIL": EMAIL, "DATE": f"{1_700_000_000 + day * 3600} +0000"}
        names = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in person.items()
        }
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            check=True, capture_output=True, text=True, env={**os.environ, **settings, **names},
        )  # fmt: skip
        return done.stdout

    def head(self) -> str:
        """The newest commit."""
        return self.git("rev-parse", "HEAD").strip()

    def owner(self, path: str, line: int) -> str:
        """The commit that git blames for a line."""
        if path not in self._blames:
            text = self.git("blame", "--porcelain", "HEAD", "--", path)
            owners = {}
            for row in text.splitlines():
                parts = row.split(" ")
                if len(parts[0]) == 40 and len(parts) > 2 and parts[2].isdigit():
                    owners[int(parts[2])] = parts[0]
            self._blames[path] = [owners[number] for number in range(1, LINES + 1)]
        return self._blames[path][line - 1]


def make_history(folder: Path) -> History:
    """Ten files of 200 lines, of which each of 24 commits changes many."""
    history = History(folder)
    folder.mkdir()
    history.git("init", "--quiet", "--initial-branch=main")
    (folder / "src").mkdir()
    for commit in range(COMMITS):
        for place, path in enumerate((*FILES, OTHER)):
            turns = [(line + place) % (COMMITS + 1) for line in range(LINES)]
            rows = [f"value_{line} = {min(turn, commit + 1)}" for line, turn in enumerate(turns)]
            (folder / path).write_text("\n".join([*rows, ""]), encoding="utf-8")
        history.git("add", "--all")
        history.git("commit", "--quiet", f"--message=Change {commit}", day=commit)
    return history
