"""A repository with what is hard about files and commits, and callers of the scene."""

import hashlib
from collections.abc import Iterator
from itertools import count

import pytest

from forge_emulator import Emulator
from sentry.actions.operator import operator_in
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from tests.sentry.integrations.scene import (
    ADA,
    LINUS,
    GitTruth,
    Scene,
    build_repository,
    host_over,
    make_scene,
)

from .webhook_scene import SECRET


def prefixed_commit(git: GitTruth, prefix: str) -> str:
    """A commit, on a branch of its own, whose id begins with the hex digits given."""
    head = _head_of(git, ADA)
    sha, content = "", b""
    numbers = count()
    while not sha.startswith(prefix):
        content = f"{head}Twin {next(numbers)}\n".encode()
        sha = hashlib.sha1(b"commit %d\0%s" % (len(content), content)).hexdigest()
    assert _write(git, content) == sha
    return sha


def raw_commit(git: GitTruth, author: tuple[str, str]) -> str:
    """A commit, on a branch of its own, with the author as given: ``git commit`` trims names."""
    return _write(git, f"{_head_of(git, author)}Raw\n".encode())


def _head_of(git: GitTruth, author: tuple[str, str]) -> str:
    tree = git("rev-parse", "HEAD^{tree}").strip()
    person = f"{author[0]} <{author[1]}> 1700000000 +0000"
    return f"tree {tree}\nauthor {person}\ncommitter {person}\n\n"


def _write(git: GitTruth, content: bytes) -> str:
    file = git.path / ".git" / "raw-commit"
    file.write_bytes(content)
    sha = git("hash-object", "-t", "commit", "-w", str(file)).strip()
    git("update-ref", f"refs/heads/raw-{sha[:12]}", sha)
    return sha


@pytest.fixture(scope="session")
def rich_git(tmp_path_factory: pytest.TempPathFactory) -> GitTruth:
    """More than the scene's repository: a binary, a large and an empty file; do not write to it."""
    git = build_repository(tmp_path_factory.mktemp("rich") / "shop")
    git.commit("Add a picture", {"logo.png": b"\x89PNG\0\1\2\xff", "empty.txt": b""})
    git.commit("Add much", {"big.txt": b"0123456789abcde\n" * 100_000}, LINUS)
    git("branch", "feature/x")
    for number in range(8):
        git.commit(f"Change {number}", {f"many/{number}.py": f"n = {number}\n".encode()})
    git("tag", "v1.0", "HEAD~3")
    return git


@pytest.fixture
def rich(db, rich_git: GitTruth, settings) -> Iterator[Scene]:
    """The scene over the rich repository."""
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    with host_over(rich_git) as emulator:
        yield make_scene(emulator, rich_git)
    shared_runtime.cache_clear()


@pytest.fixture
def own(db, tmp_path, settings) -> Iterator[Scene]:
    """The scene over a repository of its own, which a test may change."""
    git = build_repository(tmp_path / "own")
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    with host_over(git) as emulator:
        yield make_scene(emulator, git)
    shared_runtime.cache_clear()


def caller_in(scene: Scene) -> Caller:
    """A program that may do everything in the scene's organization."""
    return operator_in(scene.organization.id)


def asked(emulator: Emulator) -> list[str]:
    """Method and path of every request since the last time it was cleared."""
    return [f"{request.method} {request.path}" for request in emulator.requests]


@pytest.fixture
def hooked(own: Scene) -> Scene:
    """The scene over a repository of its own, with a webhook secret."""
    own.integration.webhook_secrets = [SECRET]
    own.integration.save()
    return own
