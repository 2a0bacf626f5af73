"""Real pushes to an emulated host, its deliveries to a running web server, and what is stored.

What is true is asked of git. Programs are killed (SIGKILL) between the answer to a delivery and its
handling, and in the middle of handling.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from forge_emulator import Emulator, HostedRepository
from tests.live import BIN, PATIENCE, _sentry, running
from tests.sentry.integrations.scene import ADA, LINUS, GitTruth, build_repository

from .conftest import children_of

SENTRY = str(BIN / "sentry")
TOKEN = "ghp_live_host_secret"
PAUSE = 0.05
RUNNER = [sys.executable, "-m", "sentry.runner.embedded"]
LONG_AGO = "UPDATE sentry_taskrecord SET available_at = '2020-01-01 00:00:00'"


@dataclass
class World:
    """An installation with an integration of a host that tells of pushes, and a clone to push."""

    home: Path
    environment: dict[str, str]
    emulator: Emulator
    work: GitTruth
    integration: str = ""

    def sentry(self, *arguments: str) -> Any:
        return _sentry(self.environment, self.home, *arguments)

    def query(self, sql: str, *given: str) -> list[tuple[Any, ...]]:
        path = self.home / "sentry.db"
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as database, database:
            return database.execute(sql, given).fetchall()

    def waiting(self) -> int:
        return int(self.query("SELECT COUNT(*) FROM sentry_webhookpayload WHERE status = 0")[0][0])

    def fill(self) -> None:
        """An organization, the integration, and its repository."""
        token = self.home / "host.token"
        token.write_text(TOKEN)
        of_acme = ("--organization", "acme")
        self.sentry("organization", "create", "Acme", "--slug", "acme")
        made = self.sentry(
            "integration", "add", *of_acme, "--provider", "github", "--base-url",
            self.emulator.url, "--web-url", self.emulator.url, "--token-file", str(token),
        )  # fmt: skip
        self.integration = str(made["id"])
        self.sentry("repository", "sync", *of_acme, "--integration", self.integration)

    def register(self, url: str) -> None:
        self.environment["SENTRY_OPTION_SYSTEM_URL_PREFIX"] = url
        self.sentry(
            "webhook", "register", "--organization", "acme", "--integration", self.integration
        )

    def push(self, *refs: str, statuses: frozenset[int] = frozenset({202})) -> None:
        """Pushes, and waits until the deliveries are answered so."""
        self.emulator.clear_deliveries()
        remote = self.emulator.url.replace("http://", f"http://u:{TOKEN}@") + "/acme/shop.git"
        self.work("push", "-q", remote, *refs)
        sent = self.emulator.wait_for_deliveries(PATIENCE)
        assert {each.status for each in sent} <= statuses

    def check(self) -> None:
        """Commits, authors and changed files are what git says, and nothing waits or failed."""
        stored = {
            sha: (name, email, message.strip())
            for sha, name, email, message in self.query(
                "SELECT key, author_name, author_email, message FROM sentry_commit"
            )
        }
        shas = self.work("rev-list", "--branches", "^start").split()
        assert set(stored) == set(shas)
        for sha in shas:
            told = self.work("show", "-s", "--format=%an%x00%ae%x00%B", sha).split("\0")
            assert stored[sha] == (told[0], told[1], told[2].strip())
            assert self.files_of(sha) == self.files_in_git(sha)
        authors = {email for (email,) in self.query("SELECT email FROM sentry_commitauthor")}
        assert authors == {ADA[1], LINUS[1]}
        assert self.query("SELECT id FROM sentry_webhookpayload WHERE status != 1") == []
        assert self.query("SELECT id FROM sentry_taskrecord WHERE status = 1") == []

    def files_of(self, sha: str) -> dict[str, str]:
        return dict(
            self.query(
                "SELECT filename, type FROM sentry_commitfilechange f JOIN sentry_commit c"
                " ON c.id = f.commit_id WHERE c.key = ?",
                sha,
            )
        )

    def files_in_git(self, sha: str) -> dict[str, str]:
        out = self.work(
            "diff-tree", "--root", "-r", "-z", "--no-renames", "--name-status", "--no-commit-id",
            "--diff-merges=first-parent", sha,
        )  # fmt: skip
        parts = out.split("\0")[:-1]
        return dict(zip(parts[1::2], parts[::2], strict=True))


@pytest.fixture
def world(installed: Path, environment: Mapping[str, str], tmp_path: Path) -> Iterator[World]:
    work = build_repository(tmp_path / "work")
    work("tag", "start")
    work("clone", "-q", "--bare", ".", str(tmp_path / "shop.git"))
    variables = {**environment, "SCM_ALLOWED_HOSTS": "127.0.0.1", "SENTRY_LOG_LEVEL": "ERROR"}
    hosted = HostedRepository(full_name="acme/shop", path=tmp_path / "shop.git")
    with Emulator(
        "github", [hosted], tokens={TOKEN: ("robot", "repo")}, rate_limit=None, allow_push=True
    ) as emulator:
        world = World(installed, dict(variables), emulator, work)
        world.fill()
        yield world


@contextmanager
def program(world: World, *command: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A program in a process group of its own, killed with the block at the latest."""
    process = subprocess.Popen(
        command, env=world.environment, cwd=world.home, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(condition: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(PAUSE)


def commit_some(git: GitTruth) -> None:
    """A move, a removal, names outside ASCII, a branch of its own, and a merge."""
    git.commit("Grüße ☃\n\nBody", {"neu/ä b.txt": b"1\n", "x.txt": b"1\n2\n"}, LINUS)
    git("mv", "README.md", "LIESMICH.md")
    git.commit("Move", {"bin.dat": b"\0\1\2", "crlf.txt": b"a\r\nb\r\n"})
    git("rm", "-q", "x.txt")
    git.commit("Remove", {})
    git("checkout", "-q", "-b", "side", "HEAD~2")
    git.commit("Side", {"side.py": b"s\n"}, LINUS)
    git("checkout", "-q", "main")
    people = {"GIT_AUTHOR_NAME": ADA[0], "GIT_AUTHOR_EMAIL": ADA[1]}
    people |= {"GIT_COMMITTER_NAME": ADA[0], "GIT_COMMITTER_EMAIL": ADA[1]}
    git("merge", "-q", "--no-ff", "-m", "Merge side", "side", **people)


@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_a_push_becomes_commits_by_itself(world: World, server: str) -> None:
    command = [SENTRY, "run", "web", "--port", "0", "--server", server]
    with running(command, world.environment, world.home) as web:
        world.register(web.url)
        commit_some(world.work)
        world.push("main", "side")
        wait_until(lambda: world.waiting() == 0)
        world.check()
        for delivery in world.emulator.deliveries:
            world.emulator.redeliver(delivery)
        again = world.emulator.wait_for_deliveries(PATIENCE)[-2:]
        assert [each.status for each in again] == [200, 200]
        sent = again[0].delivery
        pieces = (sent.body[:7], sent.body[7:])
        assert httpx.post(again[0].url, content=iter(pieces), headers=sent.headers).is_success
        world.check()
        world.emulator.rename_repository("acme/shop", "acme/store")
        world.emulator.wait_for_deliveries(PATIENCE)
        wait_until(lambda: world.query("SELECT name FROM sentry_repository") == [("acme/store",)])
        world.emulator.remove_repository("acme/store")
        wait_until(lambda: world.query("SELECT status FROM sentry_repository") == [(1,)])
        world.check()


def test_nothing_is_lost_when_programs_are_killed(world: World) -> None:
    """A web server right after its answers, and what handles them in the middle of it."""
    command = [SENTRY, "run", "web", "--no-tasks", "--port", "0"]
    with running(command, world.environment, world.home) as web:
        world.register(web.url)
        commit_some(world.work)
        world.push("main", "side")
        for number in range(30):
            author = (ADA, LINUS)[number % 2]
            world.work.commit(f"C{number}", {f"d{number % 3}/{number}.txt": b"x\n"}, author)
            world.push("main")
        for pid in (*children_of(web.process.pid), web.process.pid):
            os.kill(pid, signal.SIGKILL)
    assert world.waiting() >= 32
    assert world.query("SELECT id FROM sentry_commit") == []
    while (left := world.waiting()) > 8:
        goal = left - random.randint(2, 8)
        with program(world, *RUNNER):
            wait_until(lambda goal=goal: world.waiting() <= goal)
        world.query(LONG_AGO)  # what the killed one had claimed is free after some minutes
    with program(world, *RUNNER):
        wait_until(lambda: world.waiting() == 0)
    world.check()
