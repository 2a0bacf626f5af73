"""The running servers that the interop tests drive."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentry.testutils import services
from tests import live


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Platform]:
    """One installation for all servers."""
    with live.platform(tmp_path_factory.mktemp("interop")) as made:
        yield made


@pytest.fixture(scope="session", params=["granian", "gunicorn"])
def server(request: pytest.FixtureRequest, installation: live.Platform) -> Iterator[str]:
    """The URL of a server of each kind."""
    with live.web(installation, request.param) as url:
        yield url


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Where the Node clients are installed; skips where they are not."""
    folder = Path(__file__).parent / "node_modules"
    if not (folder / ".stamp").exists():
        reason = "needs node, whose clients are not installed: run bin/interop-setup"
        if "node" in services.required():
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return folder
