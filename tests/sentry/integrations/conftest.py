"""The scene of ``scene.py`` as fixtures: ``shop_git`` and ``host`` without, ``scene`` with rows."""

from collections.abc import Iterator

import pytest

from forge_emulator import Emulator
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from tests.sentry.integrations.scene import (
    GitTruth,
    Scene,
    build_repository,
    host_over,
    make_scene,
)


@pytest.fixture(scope="session")
def shop_git(tmp_path_factory: pytest.TempPathFactory) -> GitTruth:
    """The repository; do not write to it."""
    return build_repository(tmp_path_factory.mktemp("scene") / "shop")


@pytest.fixture
def host(shop_git: GitTruth, settings) -> Iterator[Emulator]:
    """The emulated host, which the platform may reach; nothing of an earlier one is remembered."""
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    with host_over(shop_git) as emulator:
        yield emulator
    shared_runtime.cache_clear()


@pytest.fixture
def scene(db, host: Emulator, shop_git: GitTruth) -> Scene:
    """A filled organization. In a ``TestCase`` take ``host`` and call ``make_scene`` in ``setUp``."""
    return make_scene(host, shop_git)
