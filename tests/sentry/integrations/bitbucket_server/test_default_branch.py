"""The default branch, which the host's lists of repositories do not tell, is asked for at need."""

import subprocess
from collections.abc import Iterator

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.types import ProviderKey
from sentry.models import Repository
from sentry.testutils.rpc import RpcStatus
from sentry.testutils.tasks import run_due_tasks
from tests.sentry.integrations.every_host.big_repository import Git as BareGit
from tests.sentry.integrations.every_host.conftest import Place, place_on
from tests.sentry.integrations.every_host.hosts import HOSTS, TOKEN

from .conftest import Git

KIND = next(kind for kind in HOSTS if kind.key is ProviderKey.BITBUCKET_SERVER)
BRANCH = "/rest/api/latest/projects/ACME/repos/{}/default-branch"


@pytest.fixture
def place(db, settings, shop: Git, tmp_path) -> Iterator[Place]:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "empty.git")], check=True)
    hosted = [
        HostedRepository(full_name="ACME/shop", path=shop.path),
        HostedRepository(full_name="ACME/empty", path=tmp_path / "empty.git"),
    ]
    with Emulator(
        "bitbucket_server", hosted, tokens={TOKEN: ("robot",)}, rate_limit=None
    ) as emulator:
        made = place_on(KIND, emulator, BareGit(shop.path))
        Repository.objects.all().delete()
        sync = scm_pb2.SyncRepositoriesRequest(integration_id=made.integration.pk)
        assert made.rpc("SyncRepositories", sync).status is RpcStatus.OK
        run_due_tasks()
        emulator.clear_requests()
        yield made


def mapping(place: Place, name: str, stack_root: str) -> scm_pb2.CreateCodeMappingRequest:
    return scm_pb2.CreateCodeMappingRequest(
        project_id=place.project.id,
        repository_id=Repository.objects.get(name=name).id,
        stack_root=stack_root,
    )


def test_it_is_asked_for_with_each_mapping(place: Place, shop: Git) -> None:
    """The host's lists never tell it: what was kept of it would never be brought up to date."""
    assert "default_branch" not in Repository.objects.get(name="ACME/shop").config
    answer = place.rpc("CreateCodeMapping", mapping(place, "ACME/shop", "app/"))
    assert answer.response.default_branch == "main"
    shop("symbolic-ref", "HEAD", "refs/heads/feature/checkout")
    try:
        answer = place.rpc("CreateCodeMapping", mapping(place, "ACME/shop", "lib/"))
    finally:
        shop("symbolic-ref", "HEAD", "refs/heads/main")
    assert answer.response.default_branch == "feature/checkout"
    asked = [request.path for request in place.emulator.requests]
    assert asked.count(BRANCH.format("shop")) == 2
    assert "default_branch" not in Repository.objects.get(name="ACME/shop").config


def test_an_empty_repository_has_none(place: Place) -> None:
    answer = place.rpc("CreateCodeMapping", mapping(place, "ACME/empty", "app/"))
    assert answer.status is RpcStatus.INVALID_ARGUMENT
    assert answer.message.startswith("default_branch: is needed")
    assert "default_branch" not in Repository.objects.get(name="ACME/empty").config
