"""GitHub's repository, served as a company's own server serves it, and an installation of that."""

from collections.abc import Iterator

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.github_enterprise.integration import GitHubEnterpriseIntegration
from sentry.integrations.services.integration.model import RpcIntegration
from tests.sentry.integrations.github.conftest import (
    ALICE,
    TOKEN,
    Git,
    _nothing_remembered,
    shop,
)

__all__ = ["_nothing_remembered", "shop"]


@pytest.fixture(scope="session")
def _running() -> Iterator[Emulator]:
    with Emulator(
        "github_enterprise", tokens={TOKEN: ("robot", "repo")}, users={ALICE[1]: "alice"}
    ) as running:
        yield running


@pytest.fixture
def emulator(_running: Emulator, shop: Git) -> Iterator[Emulator]:
    """One server for all tests, with a repository for each."""
    number = len(_running.requests) + 1
    repository = HostedRepository(full_name="acme/shop", path=str(shop.path), id=1000 + number)
    _running.add_repository(repository)
    yield _running
    _running.remove_repository("acme/shop")
    _running.faults.clear()
    _running.clear_requests()


def integration(url: str, **credential: object) -> GitHubEnterpriseIntegration:
    """An installation of the server at a URL."""
    model = RpcIntegration(
        id=1,
        provider="github_enterprise",
        external_id="1",
        name="acme",
        status=0,
        metadata={"base_url": url, **credential},
    )
    return GitHubEnterpriseIntegration(model, organization_id=7)


@pytest.fixture
def installed(emulator: Emulator) -> GitHubEnterpriseIntegration:
    """An installation with a token."""
    return integration(emulator.url, token=TOKEN)
