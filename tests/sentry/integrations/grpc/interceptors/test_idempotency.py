"""Mutations that carry ``x-idempotency-key`` take effect once."""

import json
import secrets
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.db.models import F
from django.db.models.signals import pre_save
from django.utils import timezone
from google.rpc import error_details_pb2

from forge_emulator import Fault
from sentry import options
from sentry.integrations.grpc.generated import scm_pb2
from sentry.models import GroupLink, IdempotencyRecord
from sentry.models.integrations.external_issue import ExternalIssue
from sentry.models.integrations.repository_project_path_config import RepositoryProjectPathConfig
from sentry.testutils.factories import Factories
from sentry.testutils.rpc import RpcStatus
from tests.sentry.integrations.grpc import door
from tests.sentry.integrations.scene import FULL_NAME, SCOPES

Mapping = RepositoryProjectPathConfig


class CrashError(BaseException):
    """The process dies: nothing of it catches this."""


@pytest.fixture
def mapping(scene):
    return scm_pb2.CreateCodeMappingRequest(
        project_id=scene.project.id,
        repository_id=scene.repository.id,
        stack_root="/app",
        source_root="src",
    )


@pytest.fixture
def ticket(scene):
    return scm_pb2.CreateExternalIssueRequest(
        integration_id=scene.integration.pk, title="It breaks", metadata={"repo": FULL_NAME}
    )


def call(scene, method, request, key="key-1", **options_):
    return scene.rpc(method, request, headers={"x-idempotency-key": key}, **options_)


def create(scene, request, key="key-1", **options_):
    return call(scene, "CreateCodeMapping", request, key, **options_)


def open_issue(scene, request, key="key-1", **options_):
    return call(scene, "CreateExternalIssue", request, key, **options_)


def payload(answer):
    """The answer's bytes without what tells the rate limit."""
    return answer.http.content


def pass_time(seconds=3600):
    """As if that much time had passed for every record."""
    past = timedelta(seconds=seconds)
    IdempotencyRecord.objects.update(claimed_until=F("claimed_until") - past)


class TestReplay:
    def test_a_success_is_replayed_byte_for_byte(self, scene, mapping):
        first, second = create(scene, mapping), create(scene, mapping)
        assert first.response.stack_root == "/app"
        assert payload(first) == payload(second)
        assert Mapping.objects.count() == 1

    def test_in_every_form_of_the_call(self, scene, mapping):
        first = create(scene, mapping).response
        body = json.dumps(
            {
                "projectId": str(mapping.project_id),
                "repositoryId": str(mapping.repository_id),
                "stackRoot": "/app",
                "sourceRoot": "src",
            }
        )
        http = door.post(
            "CreateCodeMapping",
            body.encode(),
            door.JSON,
            x_api_key=scene.token,
            x_idempotency_key="key-1",
        )
        assert http.json()["id"] == str(first.id)

    def test_it_stays_as_it_was(self, scene, mapping):
        first = create(scene, mapping)
        Mapping.objects.all().delete()
        assert payload(create(scene, mapping)) == payload(first)
        assert Mapping.objects.count() == 0

    def test_a_permanent_failure_is_replayed_byte_for_byte(self, scene, mapping):
        create(scene, mapping, "first")
        failed = create(scene, mapping, "second")
        assert failed.status is RpcStatus.ALREADY_EXISTS
        Mapping.objects.all().delete()
        again = create(scene, mapping, "second")
        assert payload(again) == payload(failed)
        assert again.reason == "RESOURCE_EXISTS"
        assert Mapping.objects.count() == 0

    def test_a_failure_about_a_field_keeps_its_details(self, scene, mapping):
        mapping.stack_root = "white space"
        first, second = create(scene, mapping), create(scene, mapping)
        (violation,) = second.detail(error_details_pb2.BadRequest).field_violations
        assert violation.field == "stack_root"
        assert payload(first) == payload(second)

    def test_links(self, scene):
        issue = Factories.create_external_issue(
            organization=scene.organization, integration_id=scene.integration.pk
        )
        request = scm_pb2.LinkExternalIssueRequest(
            group_id=scene.group.id, external_issue_id=issue.id
        )
        first = call(scene, "LinkExternalIssue", request)
        GroupLink.objects.all().delete()
        second = call(scene, "LinkExternalIssue", request)
        assert first.response == second.response
        assert not GroupLink.objects.exists()

    def test_reads_take_no_notice_of_a_key(self, scene):
        request = scm_pb2.GetRepositoryRequest(repository_id=scene.repository.id)
        for _ in range(2):
            assert call(scene, "GetRepository", request, "é" * 999).response.name == FULL_NAME
        assert not IdempotencyRecord.objects.exists()

    def test_without_a_key_nothing_is_kept(self, scene, mapping):
        scene.rpc("CreateCodeMapping", mapping)
        again = scene.rpc("CreateCodeMapping", mapping)
        assert again.status is RpcStatus.ALREADY_EXISTS
        assert not IdempotencyRecord.objects.exists()

    def test_the_entries_of_a_map_keep_their_order(self, scene, ticket):
        for number in range(15):
            ticket.metadata[f"name-{number}"] = str(number)
        first = open_issue(scene, ticket)
        assert first.response.metadata["name-7"] == "7"
        assert {payload(open_issue(scene, ticket)) for _ in range(8)} == {payload(first)}


class TestKeys:
    def test_a_key_with_another_request_is_refused(self, scene, mapping):
        create(scene, mapping)
        mapping.stack_root = "/other"
        answer = create(scene, mapping)
        assert answer.status is RpcStatus.INVALID_ARGUMENT
        assert answer.reason == "IDEMPOTENCY_KEY_REUSED"
        assert Mapping.objects.count() == 1

    def test_another_callers_same_key_is_separate(self, scene, mapping):
        _, other = Factories.create_api_key(scene.organization, SCOPES)
        create(scene, mapping)
        mapping.stack_root = "/other"
        assert create(scene, mapping, token=other).status is RpcStatus.OK
        assert Mapping.objects.count() == 2

    def test_another_methods_same_key_is_separate(self, scene, mapping, ticket):
        assert create(scene, mapping).status is RpcStatus.OK
        assert open_issue(scene, ticket).status is RpcStatus.OK

    def test_keys_are_told_apart_by_case(self, scene, mapping):
        create(scene, mapping, "key")
        assert create(scene, mapping, "KEY").status is RpcStatus.ALREADY_EXISTS

    @pytest.mark.parametrize("key", ["k" * 256, "schlüssel", "a\tb", "\x7f"])
    def test_keys_that_are_none(self, scene, mapping, key):
        answer = create(scene, mapping, key)
        assert answer.status is RpcStatus.INVALID_ARGUMENT
        assert answer.message.startswith("x-idempotency-key: ")
        assert not Mapping.objects.exists()

    def test_the_longest_key(self, scene, mapping):
        assert create(scene, mapping, "k" * 255).status is RpcStatus.OK

    def test_after_its_time_a_key_is_new(self, scene, mapping):
        with options.override({"idempotency.ttl": 0}):
            create(scene, mapping)
        answer = create(scene, mapping)
        assert answer.status is RpcStatus.ALREADY_EXISTS
        assert IdempotencyRecord.objects.count() == 1

    def test_expired_records_are_swept(self, scene, mapping, monkeypatch):
        old = Factories.create_idempotency_record(
            organization_id=scene.organization.id, expires_at=timezone.now() - timedelta(days=1)
        )
        kept = Factories.create_idempotency_record(organization_id=scene.organization.id)
        monkeypatch.setattr(secrets, "randbelow", lambda most: 0)
        create(scene, mapping)
        left = set(IdempotencyRecord.objects.values_list("pk", flat=True))
        assert old.pk not in left
        assert kept.pk in left


@pytest.fixture
def crash():
    """The first save of a model kills the process."""
    connected = []

    def arm(model):
        def die(**_):
            pre_save.disconnect(die, sender=model)
            raise CrashError

        pre_save.connect(die, sender=model)
        connected.append((die, model))

    yield arm
    for receiver, model in connected:
        pre_save.disconnect(receiver, sender=model)


class TestInFlight:
    def test_a_second_call_is_told_to_wait(self, scene, mapping, crash):
        crash(Mapping)
        with pytest.raises(CrashError):
            create(scene, mapping)

        answer = create(scene, mapping)

        assert answer.status is RpcStatus.ABORTED
        assert answer.reason == "REQUEST_IN_FLIGHT"
        delay = answer.detail(error_details_pb2.RetryInfo).retry_delay
        assert 20 < delay.seconds <= 40
        assert not Mapping.objects.exists()

    def test_the_claim_lasts_as_long_as_the_deadline(self, scene, mapping, crash):
        crash(Mapping)
        with pytest.raises(CrashError):
            scene.rpc(
                "CreateCodeMapping",
                mapping,
                headers={"x-idempotency-key": "key-1", "grpc-timeout": "100S"},
            )
        delay = create(scene, mapping).detail(error_details_pb2.RetryInfo).retry_delay
        assert 90 < delay.seconds <= 110

    def test_another_request_with_its_key_is_refused_all_the_same(self, scene, mapping, crash):
        crash(Mapping)
        with pytest.raises(CrashError):
            create(scene, mapping)
        mapping.stack_root = "/other"
        assert create(scene, mapping).reason == "IDEMPOTENCY_KEY_REUSED"

    def test_a_claim_that_ran_out_is_taken_over(self, scene, mapping, crash):
        crash(Mapping)
        with pytest.raises(CrashError):
            create(scene, mapping)
        pass_time()
        first, second = create(scene, mapping), create(scene, mapping)
        assert first.response.stack_root == "/app"
        assert payload(first) == payload(second)
        assert Mapping.objects.count() == 1

    def test_a_host_call_that_got_through_is_found_again(self, scene, ticket, crash):
        crash(ExternalIssue)
        with pytest.raises(CrashError):
            open_issue(scene, ticket)
        assert len(scene.emulator.issues(FULL_NAME)) == 1
        assert not ExternalIssue.objects.exists()
        pass_time()

        answer = open_issue(scene, ticket)

        (issue,) = scene.emulator.issues(FULL_NAME)
        assert answer.response.key == f"{FULL_NAME}#{issue.number}"
        assert ExternalIssue.objects.get().key == answer.response.key
        assert payload(open_issue(scene, ticket)) == payload(answer)

    def test_a_host_call_that_never_got_through_is_made(self, scene, ticket, crash):
        crash(IdempotencyRecord)
        with pytest.raises(CrashError):
            open_issue(scene, ticket)
        assert open_issue(scene, ticket).status is RpcStatus.OK
        assert len(scene.emulator.issues(FULL_NAME)) == 1

    def test_the_effect_is_undone_where_the_claim_was_lost(self, scene, mapping):
        def take_over(**_):
            pass_time(1)

        pre_save.connect(take_over, sender=Mapping)
        try:
            answer = create(scene, mapping)
        finally:
            pre_save.disconnect(take_over, sender=Mapping)
        assert answer.status is RpcStatus.ABORTED
        assert not Mapping.objects.exists()
        assert IdempotencyRecord.objects.get().outcome is None


@contextmanager
def meanwhile(statement, work):
    """Another process does its work around the first such statement of this one.

    Before an UPDATE, after a DELETE.
    """
    waiting = [True]

    def watch(execute, sql, params, many, context):
        if not (waiting and sql.startswith(f"{statement} ") and "idempotencyrecord" in sql):
            return execute(sql, params, many, context)
        waiting.clear()
        if statement == "UPDATE":
            work()
            return execute(sql, params, many, context)
        done = execute(sql, params, many, context)
        work()
        return done

    with connection.execute_wrapper(watch):
        yield


class TestRaces:
    def test_of_two_that_take_a_claim_over_one_does(self, scene, mapping, crash):
        crash(Mapping)
        with pytest.raises(CrashError):
            create(scene, mapping)
        pass_time()
        with meanwhile("UPDATE", lambda: pass_time(-7200)):
            answer = create(scene, mapping)
        assert (answer.status, answer.reason) == (RpcStatus.ABORTED, "REQUEST_IN_FLIGHT")
        assert not Mapping.objects.exists()

    def test_of_two_that_replace_an_expired_record_one_does(self, scene, mapping):
        with options.override({"idempotency.ttl": 0}):
            create(scene, mapping)
        (old,) = IdempotencyRecord.objects.values(
            "organization_id", "caller", "method", "key", "request_sha256"
        )
        Mapping.objects.all().delete()
        with meanwhile("DELETE", lambda: Factories.create_idempotency_record(**old)):
            answer = create(scene, mapping)
        assert (answer.status, answer.reason) == (RpcStatus.ABORTED, "REQUEST_IN_FLIGHT")
        assert not Mapping.objects.exists()


class TestTransient:
    def test_a_host_that_is_down_is_asked_again(self, scene, ticket):
        scene.emulator.faults.add(Fault(kind="status", status=503, method="POST", times=1))
        first = open_issue(scene, ticket)
        assert first.status is RpcStatus.UNAVAILABLE
        second = open_issue(scene, ticket)
        assert second.response.key == f"{FULL_NAME}#1"
        assert len(scene.emulator.issues(FULL_NAME)) == 1

    def test_a_host_that_refuses_for_now_is_asked_again(self, scene, ticket):
        scene.emulator.faults.add(Fault(kind="rate_limit_secondary", method="POST", times=1))
        first = open_issue(scene, ticket)
        assert (first.status, first.reason) == (RpcStatus.RESOURCE_EXHAUSTED, "HOST_RATE_LIMITED")
        assert IdempotencyRecord.objects.get().outcome is None

    def test_an_internal_error_may_be_tried_again(self, scene, mapping):
        def fail(**_):
            pre_save.disconnect(fail, sender=Mapping)
            raise ValueError("a secret cause")

        pre_save.connect(fail, sender=Mapping)
        first = create(scene, mapping)
        assert first.status is RpcStatus.INTERNAL
        assert "secret" not in first.message
        assert create(scene, mapping).response.stack_root == "/app"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_takes_effect(scene, mapping):
    answers = []

    def run():
        try:
            answers.append(create(scene, mapping))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert {answer.status for answer in answers} <= {RpcStatus.OK, RpcStatus.ABORTED}
    done = {payload(answer) for answer in answers if answer.status is RpcStatus.OK}
    assert len(answers) == 4
    assert len(done) == 1
    assert Mapping.objects.count() == 1
    assert payload(create(scene, mapping)) in done
