"""Synchronizing repositories in the background, through the door."""

from google.rpc import code_pb2, error_details_pb2

from forge_emulator import Fault
from sentry.integrations.grpc.generated import scm_pb2
from sentry.models import Repository, SyncJob, TaskRecord
from sentry.testutils.rpc import RpcStatus
from sentry.testutils.tasks import run_due_tasks
from tests.sentry.integrations.scene import FULL_NAME, make_scene


def field_of(answer):
    """The field that a refusal names."""
    assert answer.status is RpcStatus.INVALID_ARGUMENT
    return answer.detail(error_details_pb2.BadRequest).field_violations[0].field


def start(scene, **fields):
    request = scm_pb2.SyncRepositoriesRequest(integration_id=scene.integration.pk, **fields)
    return scene.rpc("SyncRepositories", request)


def job(scene, started):
    request = scm_pb2.GetSyncJobRequest(sync_job_id=started.id)
    return scene.rpc("GetSyncJob", request).response


def test_a_job_is_stored_and_a_task_does_it(scene):
    Repository.objects.all().delete()
    scene.emulator.clear_requests()
    started = start(scene).response
    assert started.state == scm_pb2.SYNC_JOB_STATE_WAITING
    assert scene.emulator.requests == []
    assert run_due_tasks() == 1
    done = job(scene, started)
    assert done.state == scm_pb2.SYNC_JOB_STATE_SUCCEEDED
    assert (done.created, done.updated, done.unchanged, done.skipped) == (1, 0, 0, 0)
    assert not done.HasField("error")
    assert done.created_at.seconds <= done.started_at.seconds <= done.finished_at.seconds
    assert Repository.objects.get().name == FULL_NAME


def test_a_job_that_waits_is_the_answer_to_another_call(scene):
    first, second = start(scene).response, start(scene).response
    other = start(scene, query="shop").response
    assert first.id == second.id != other.id
    assert TaskRecord.objects.count() == 2
    run_due_tasks()
    assert start(scene).response.id != first.id


def test_a_waiting_job_without_its_task_gets_one(scene):
    started = start(scene).response
    TaskRecord.objects.all().delete()
    assert start(scene).response.id == started.id
    run_due_tasks()
    assert job(scene, started).state == scm_pb2.SYNC_JOB_STATE_SUCCEEDED


def test_what_the_host_refuses_ends_the_job_with_its_reason(scene):
    scene.emulator.faults.add(Fault(kind="rate_limit_primary"))
    started = start(scene).response
    run_due_tasks()
    failed = job(scene, started)
    assert failed.state == scm_pb2.SYNC_JOB_STATE_FAILED
    assert failed.error.code == code_pb2.RESOURCE_EXHAUSTED
    assert [detail.TypeName() for detail in failed.error.details] == [
        "google.rpc.ErrorInfo",
        "google.rpc.RetryInfo",
    ]


def test_bad_input(scene):
    assert field_of(start(scene, query="x" * 201)) == "query"
    assert field_of(start(scene, query="a\0b")) == "query"
    nobodys = scm_pb2.SyncRepositoriesRequest(integration_id=2**40)
    assert scene.rpc("SyncRepositories", nobodys).status is RpcStatus.NOT_FOUND
    unknown = scm_pb2.GetSyncJobRequest(sync_job_id=2**40)
    assert scene.rpc("GetSyncJob", unknown).status is RpcStatus.NOT_FOUND
    assert not SyncJob.objects.exists()


def test_a_foreign_job_is_not_found(scene, host, shop_git):
    other = make_scene(host, shop_git)
    theirs = start(other).response
    request = scm_pb2.GetSyncJobRequest(sync_job_id=theirs.id)
    assert scene.rpc("GetSyncJob", request).status is RpcStatus.NOT_FOUND


def test_a_retry_with_the_same_key_is_the_same_job(scene):
    first = start(scene, query="").response
    request = scm_pb2.SyncRepositoriesRequest(integration_id=scene.integration.pk, query="shop")
    answers = [
        scene.rpc("SyncRepositories", request, headers={"x-idempotency-key": "k-1"}).response
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert answers[0].id != first.id
