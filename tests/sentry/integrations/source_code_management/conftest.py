"""Mirrors, each test with a folder of its own; where processes share results; a token endpoint."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentry.testutils import services
from sentry.utils.redis import redis_client
from tests.sentry.integrations.scene import GitTruth
from tests.sentry.integrations.source_code_management.mirror_scene import (
    MirrorScene,
    build_odd_repository,
    host_over,
)
from tests.sentry.integrations.source_code_management.token_server import TokenServer


@pytest.fixture(scope="session")
def odd_git(tmp_path_factory: pytest.TempPathFactory) -> GitTruth:
    """Do not write to it."""
    return build_odd_repository(tmp_path_factory.mktemp("odd") / "odd")


@pytest.fixture
def mirrors(tmp_path: Path, settings) -> Path:
    """The folder of mirrors."""
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.SCM_MIRRORS_DIR = str(tmp_path / "mirrors")
    return tmp_path / "mirrors"


@pytest.fixture
def odd(mirrors: Path, odd_git: GitTruth) -> Iterator[MirrorScene]:
    """A host over the odd repository."""
    yield from host_over(odd_git)


@pytest.fixture
def own_odd(mirrors: Path, tmp_path: Path) -> Iterator[MirrorScene]:
    """A host over a small repository that a test may change."""
    git = GitTruth(tmp_path / "own")
    git.path.mkdir()
    git("init", "-q", "-b", "main")
    git.commit("Begin", {"a.py": b"one\ntwo\n"})
    git.commit("Change", {"a.py": b"one\nTWO\n", "b.py": b"x\n"})
    yield from host_over(git)


@pytest.fixture(params=["database", pytest.param("redis", marks=pytest.mark.service("redis"))])
def store(request: pytest.FixtureRequest, settings) -> Iterator[str]:
    """Each of the two stores; Redis with a prefix of this test alone."""
    if request.param == "database":
        yield "database"
        return
    settings.REDIS_URL = services.find("redis")
    settings.REDIS_PREFIX = f"test-{uuid.uuid4().hex}:"
    yield "redis"
    for name in redis_client().scan_iter(f"{settings.REDIS_PREFIX}*"):
        redis_client().delete(name)


@pytest.fixture
def server(settings) -> Iterator[TokenServer]:
    """A token endpoint that the platform may reach."""
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    with TokenServer() as running:
        yield running
