"""What a hostile host sends is cut off, as a caller of the gRPC-Web door sees it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from forge_emulator import Fault
from sentry.integrations.base import IntegrationProvider
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.registry import PROVIDERS
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.types import ProviderKey
from sentry.models import Repository
from sentry.testutils import rpc
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories
from sentry.testutils.helpers.options import override_options
from sentry.testutils.rpc import RpcStatus
from sentry.testutils.tasks import run_due_tasks
from tests.sentry.integrations.hostile_host import (
    PAGING,
    SECRET,
    HostileHost,
    Page,
    PageAfter,
    hostile_host,
)
from tests.sentry.integrations.scene import HOST_TOKEN, PATH, SCOPES, Scene

pytestmark = pytest.mark.django_db

GIB = 2**30
FIRST = 2  # a page's number is the next one's
# For tests of size and time; the limits in operation are larger.
SMALL = {"scm.http.max-response-bytes": 2**20}
SHORT = {"scm.http.total-timeout": 1.5}


def blame(scene: Scene) -> tuple[str, Message]:
    return "GetCommitContext", scm_pb2.GetCommitContextRequest(
        repository_id=scene.repository.id,
        commit_sha=scene.git.head(),
        filepath=PATH,
        line_number=1,
    )


def commits(scene: Scene) -> tuple[str, Message]:
    return "ListCommits", scm_pb2.ListCommitsRequest(repository_id=scene.repository.id)


def file(scene: Scene) -> tuple[str, Message]:
    return "GetFile", scm_pb2.GetFileRequest(repository_id=scene.repository.id, path=PATH)


CALLS: dict[str, Callable[[Scene], tuple[str, Message]]] = {
    "blame": blame, "commits": commits, "file": file,
}  # fmt: skip
FAULTS = {
    "2 GiB": (Fault(kind="oversized", size=2 * GIB), "is larger than 1048576 bytes"),
    "a bomb in gzip": (Fault(kind="gzip_bomb", size=GIB // 16), "is larger than 1048576 bytes"),
    "a slow drip": (Fault(kind="slow_drip", seconds=900, body=b"[" + b" " * 9999), "in time"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_too_much_and_too_slow(
    scene: Scene, name: str, call: Callable[[Scene], tuple[str, Message]]
) -> None:
    fault, text = FAULTS[name]
    scene.emulator.faults.add(fault)
    with override_options(SHORT if fault.kind == "slow_drip" else SMALL):
        answer = scene.rpc(*call(scene))
    assert (answer.status, answer.reason) == (RpcStatus.UNAVAILABLE, "HOST_UNAVAILABLE")
    assert text in answer.message


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_slow_drip_ends_with_the_callers_deadline(
    scene: Scene, call: Callable[[Scene], tuple[str, Message]]
) -> None:
    scene.emulator.faults.add(FAULTS["a slow drip"][0])
    method, request = call(scene)
    answer = scene.rpc(method, request, headers={"grpc-timeout": "300m"})
    assert answer.status is RpcStatus.DEADLINE_EXCEEDED


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_redirect_to_another_host(
    scene: Scene, call: Callable[[Scene], tuple[str, Message]]
) -> None:
    """Another port of an allowed host is another host: it is not asked, not even without secret."""
    with hostile_host(lambda *_: ({}, [])) as other:
        scene.emulator.faults.add(Fault(kind="redirect", location=f"{other.url}/steal"))
        answer = scene.rpc(*call(scene))
    assert (answer.status, answer.reason) == (RpcStatus.UNAVAILABLE, "HOST_UNAVAILABLE")
    assert "redirected" in answer.message
    assert other.asked == []
    assert HOST_TOKEN.encode() not in answer.http.content


# --- lists of pages ------------------------------------------------------------------------------


@pytest.fixture
def allowed(settings) -> Iterator[None]:
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    yield
    shared_runtime.cache_clear()


def sync_with(provider: ProviderKey, host: HostileHost) -> Any:
    """The job of a synchronization with the host, when it has ended, through the door."""
    organization = Factories.create_organization()
    integration = Factories.create_integration(
        organization=organization,
        provider=provider.value,
        metadata=dict(PAGING[provider].metadata(host.url)),
    )
    _, token = Factories.create_api_key(organization, SCOPES)
    client = Client()
    start = scm_pb2.SyncRepositoriesRequest(integration_id=integration.pk)
    job: Any = rpc.call(client, "SyncRepositories", start, token=token).response
    assert run_due_tasks() == 1
    look = scm_pb2.GetSyncJobRequest(sync_job_id=job.id)
    answer = rpc.call(client, "GetSyncJob", look, token=token)
    assert SECRET.encode() not in answer.http.content
    return answer.response


def failure_of_sync(provider: type[IntegrationProvider], host: HostileHost) -> status_pb2.Status:
    """Why a synchronization with the host fails, through the door."""
    job = sync_with(provider.key, host)
    assert job.state == scm_pb2.SYNC_JOB_STATE_FAILED
    assert not Repository.objects.exists()
    error: status_pb2.Status = job.error
    return error


def test_every_provider_stands_here() -> None:
    assert {provider.key for provider in PROVIDERS} <= PAGING.keys()


each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda item: item.key.value)


@each_provider
def test_pages_that_never_end(allowed: None, provider: type[IntegrationProvider]) -> None:
    with hostile_host(PAGING[provider.key].page) as host:
        error = failure_of_sync(provider, host)
    assert (error.code, error.message) == (
        code_pb2.UNAVAILABLE, "the host's list of pages does not end",
    )  # fmt: skip
    assert 1000 <= len(host.asked) <= 2010


@each_provider
def test_a_page_on_another_host(allowed: None, provider: type[IntegrationProvider]) -> None:
    paging = PAGING[provider.key]
    if not paging.names_origin:
        return  # its next page is a number or a token: there is no other host to name
    with (
        hostile_host(paging.page) as other,
        hostile_host(paging.page, elsewhere=other.url) as host,
    ):
        error = failure_of_sync(provider, host)
    assert error.code == code_pb2.UNAVAILABLE
    assert "another host" in error.message
    assert (len(host.asked), other.asked) == (1, [])


# --- pauses within successes -------------------------------------------------------------------


def pausing(seconds: str, times: list[float]) -> PageAfter:
    """Two pages as Azure DevOps gives them to who asks much: 200, and a time to wait."""

    def page(_: str, number: int) -> Page:
        times.append(time.monotonic())
        token = {"x-ms-continuationtoken": "2"} if number == FIRST else {}
        return {"Retry-After": seconds, **token}, {"count": 0, "value": []}

    return page


def test_a_pause_within_a_success_is_waited_for(allowed: None) -> None:
    times: list[float] = []
    with hostile_host(pausing("1", times)) as host:
        job = sync_with(ProviderKey.VSTS, host)
    assert job.state == scm_pb2.SYNC_JOB_STATE_SUCCEEDED
    first, second = times
    assert second - first >= 1.0


def test_a_long_pause_within_a_success_is_told(allowed: None) -> None:
    times: list[float] = []
    with hostile_host(pausing("120", times)) as host:
        job = sync_with(ProviderKey.VSTS, host)
    assert job.error.code == code_pb2.RESOURCE_EXHAUSTED
    assert len(times) == 1
    (wait,) = [
        each for each in job.error.details if each.Is(error_details_pb2.RetryInfo.DESCRIPTOR)
    ]
    told = error_details_pb2.RetryInfo()
    assert wait.Unpack(told)
    assert 0 < told.retry_delay.seconds <= 120
