"""The scene of ``scene.py`` as fixtures: ``shop_git`` and ``host`` without, ``scene`` with rows."""

from collections.abc import Iterator

import pytest
from django.test import TransactionTestCase

from forge_emulator import Emulator
from sentry.integrations.source_code_management import http_runtime
from sentry.integrations.source_code_management.http_pauses import NoPauses
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from tests.sentry.integrations.scene import (
    GitTruth,
    Scene,
    build_repository,
    host_over,
    make_scene,
)


@pytest.fixture(autouse=True)
def _alone_without_a_database(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that has no store hears of nobody's pauses."""
    has_database = (
        request.node.get_closest_marker("django_db") is not None
        or not {"db", "transactional_db"}.isdisjoint(request.fixturenames)
        or (request.cls is not None and issubclass(request.cls, TransactionTestCase))
    )
    if not has_database:
        monkeypatch.setattr(http_runtime, "SharedPauses", lambda _: NoPauses())
        shared_runtime.cache_clear()


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
