"""Every host over one large repository, with everything in an organization that a call needs."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.manager import integrations
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.models import Group, Integration, Organization, Project, Repository
from sentry.testutils import rpc
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories

from .big_repository import Git, build
from .hosts import HOSTS, TOKEN, HostKind

SCOPES = ("repository:read", "repository:write", "event:write", "org:read")


@dataclass
class Place:
    """One host and an organization that uses it."""

    kind: HostKind
    emulator: Emulator
    git: Git
    organization: Organization
    project: Project
    group: Group
    integration: Integration
    repository: Repository
    token: str

    def rpc(self, method: str, request: Message, **options: Any) -> rpc.RpcAnswer[Any]:
        return rpc.call(Client(), method, request, token=self.token, **options)


@pytest.fixture(scope="session")
def big_git(tmp_path_factory: pytest.TempPathFactory) -> Git:
    return build(tmp_path_factory.mktemp("big") / "big.git")


@pytest.fixture(scope="session", params=HOSTS, ids=lambda kind: kind.key.value)
def running(request: pytest.FixtureRequest, big_git: Git) -> Iterator[tuple[HostKind, Emulator]]:
    """Each host in turn; where its description is there, all that passes is held against it."""
    kind: HostKind = request.param
    folder = os.environ.get("CONTRACTS_DIR")
    with Emulator(
        kind.key.value,
        [HostedRepository(full_name=kind.full_name, path=big_git.path, private=True)],
        tokens={TOKEN: (kind.account,)},
        rate_limit=None,
        contracts=Path(folder) if folder else None,
    ) as emulator:
        yield kind, emulator


@pytest.fixture
def place(db, settings, tmp_path_factory, running, big_git: Git) -> Iterator[Place]:
    """An organization with the host's repository, synchronized by nobody: the row is made."""
    kind, emulator = running
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.SCM_MIRRORS_DIR = str(tmp_path_factory.getbasetemp() / f"mirrors-{kind.key.value}")
    shared_runtime.cache_clear()
    made = place_on(kind, emulator, big_git)
    emulator.clear_requests()
    before = len(emulator.problems) if os.environ.get("CONTRACTS_DIR") else 0
    yield made
    emulator.faults.clear()
    shared_runtime.cache_clear()
    if os.environ.get("CONTRACTS_DIR"):
        assert emulator.problems[before:] == []


def place_on(kind: HostKind, emulator: Emulator, git: Git) -> Place:
    """An organization's rows, with one for the repository as the host has it now."""
    organization = Factories.create_organization()
    project = Factories.create_project(organization)
    integration = Factories.create_integration(
        organization=organization,
        provider=kind.key.value,
        metadata=dict(kind.metadata(emulator.url)),
    )
    info = installation_of(integration, organization.id).get_repository(kind.name)
    repository = Factories.create_repo(
        project,
        name=info.name,
        external_id=info.external_id,
        provider=f"integrations:{kind.key.value}",
        integration_id=integration.pk,
        url=info.url,
        config={"default_branch": info.default_branch or "", "identifier": info.identifier},
    )
    return Place(
        kind=kind,
        emulator=emulator,
        git=git,
        organization=organization,
        project=project,
        group=Factories.create_group(project),
        integration=integration,
        repository=repository,
        token=Factories.create_api_key(organization, SCOPES, label="every host")[1],
    )


def installation_of(integration: Integration, organization_id: int) -> Any:
    """The installation of an integration that an organization has."""
    installed = integration_service.get_installed(
        organization_id=organization_id, integration_id=integration.pk
    )
    assert installed is not None
    provider = integrations.get(installed.integration.provider)
    return provider.get_installation(installed.integration, organization_id)
