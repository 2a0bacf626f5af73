"""Failures as they go out: one table, our texts, and nothing of what happened inside."""

import logging

import pytest
from connectrpc.code import Code
from django.db import DatabaseError, InterfaceError, OperationalError
from google.rpc import error_details_pb2

from forge_emulator import Fault
from sentry.integrations.grpc import errors as door_errors
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management import errors
from sentry.integrations.source_code_management.actions import commit_context, repositories
from sentry.integrations.source_code_management.errors import Reason, ScmError
from sentry.models import RepositoryStatus
from sentry.testutils.rpc import RpcStatus
from tests.sentry.integrations.grpc import door
from tests.sentry.integrations.scene import FULL_NAME, HOST_TOKEN, PATH

SECRET = "a secret cause"


@pytest.fixture
def get(scene):
    request = scm_pb2.GetRepositoryRequest(repository_id=scene.repository.id)
    return lambda **options: scene.rpc("GetRepository", request, **options)


@pytest.fixture
def stream(scene):
    request = scm_pb2.StreamFileBlameRequest(
        repository_id=scene.repository.id, commit_sha=scene.git.head(), filepath=PATH
    )
    return lambda **options: scene.rpc("StreamFileBlame", request, **options)


@pytest.fixture
def asks(get, stream):
    return {"unary": get, "stream": stream}


@pytest.fixture
def file(scene):
    request = scm_pb2.GetFileRequest(repository_id=scene.repository.id, path=PATH)
    return lambda **options: scene.rpc("GetFile", request, **options)


@pytest.fixture
def failing(monkeypatch):
    """Makes the action behind GetRepository, and that behind StreamFileBlame, raise."""

    def arm(error):
        def fail(*_, **__):
            raise error

        def fail_later(*_, **__):
            yield from ()
            raise error

        monkeypatch.setattr(repositories, "get_repository", fail)
        monkeypatch.setattr(commit_context, "stream_file_blame", fail_later)

    return arm


@pytest.mark.parametrize(
    "cause", [ValueError(SECRET), KeyError(SECRET), RecursionError(SECRET), DatabaseError(SECRET)]
)
@pytest.mark.parametrize("kind", ["unary", "stream"])
def test_what_nobody_expected(asks, failing, caplog, cause, kind):
    failing(cause)
    with caplog.at_level(logging.ERROR, logger="sentry"):
        answer = asks[kind]()

    assert (answer.status, answer.reason) == (RpcStatus.INTERNAL, "INTERNAL")
    event_id = answer.detail(error_details_pb2.ErrorInfo).metadata["event_id"]
    assert answer.message == f"an internal error occurred (event {event_id})"
    assert SECRET.encode() not in answer.http.content
    assert "Traceback" not in str(answer.http.headers)
    (record,) = [one for one in caplog.records if getattr(one, "event_id", "") == event_id]
    assert record.exc_info is not None
    assert record.exc_info[1] is cause


def test_what_nobody_expected_in_connect(scene, failing):
    failing(ValueError(SECRET))
    http = door.post("GetRepository", b"{}", door.JSON, x_api_key=scene.token)
    failure = door.connect_failure(http)
    assert (failure.http_status, failure.code, failure.reason) == (500, "internal", "INTERNAL")
    assert SECRET not in http.content.decode()


def test_every_event_has_an_id_of_its_own(get, failing):
    failing(ValueError(SECRET))
    ids = {get().detail(error_details_pb2.ErrorInfo).metadata["event_id"] for _ in range(3)}
    assert len(ids) == 3


def test_a_database_that_does_not_answer(get, failing, caplog):
    failing(OperationalError(SECRET))
    answer = get()
    assert (answer.status, answer.reason) == (RpcStatus.UNAVAILABLE, "SERVICE_UNAVAILABLE")
    assert answer.message == "the database is not available"
    assert answer.detail(error_details_pb2.RetryInfo).retry_delay.seconds == 1
    assert any(one.getMessage() == "rpc.database_failed" for one in caplog.records)


def test_a_provider_that_breaks(file, scene, caplog):
    from sentry.integrations.github.integration import (
        GitHubIntegration,
        GitHubIntegrationProvider,
    )

    class BrokenIntegration(GitHubIntegration):
        def get_client(self):
            raise ZeroDivisionError(HOST_TOKEN)

    before = GitHubIntegrationProvider.installation_class
    GitHubIntegrationProvider.installation_class = BrokenIntegration
    try:
        answer = file()
    finally:
        GitHubIntegrationProvider.installation_class = before
    assert answer.status is RpcStatus.INTERNAL
    assert HOST_TOKEN.encode() not in answer.http.content


class TestTable:
    """Every error of the domain has its code; each carries its reason."""

    EXPECTED = {
        errors.Unauthenticated: "UNAUTHENTICATED",
        errors.PermissionDenied: "PERMISSION_DENIED",
        errors.InvalidArgument: "INVALID_ARGUMENT",
        errors.IdempotencyKeyReused: "INVALID_ARGUMENT",
        errors.NotFound: "NOT_FOUND",
        errors.RepositoryReplaced: "NOT_FOUND",
        errors.AlreadyExists: "ALREADY_EXISTS",
        errors.RequestInFlight: "ABORTED",
        errors.PreconditionFailed: "FAILED_PRECONDITION",
        errors.ProviderDisabled: "FAILED_PRECONDITION",
        errors.IntegrationDisabled: "FAILED_PRECONDITION",
        errors.IntegrationBroken: "FAILED_PRECONDITION",
        errors.AddressRefused: "FAILED_PRECONDITION",
        errors.RateLimited: "RESOURCE_EXHAUSTED",
        errors.TooLarge: "RESOURCE_EXHAUSTED",
        errors.DeadlineExceeded: "DEADLINE_EXCEEDED",
        errors.Unsupported: "UNIMPLEMENTED",
        errors.MirrorRefused: "UNIMPLEMENTED",
        errors.ServiceUnavailable: "UNAVAILABLE",
        errors.HostError: "UNAVAILABLE",
        errors.HostRateLimited: "RESOURCE_EXHAUSTED",
        errors.HostShareUsed: "RESOURCE_EXHAUSTED",
        errors.HostUnavailable: "UNAVAILABLE",
        errors.HostGaveUp: "UNAVAILABLE",
        errors.HostRejected: "INVALID_ARGUMENT",
        errors.HostForbidden: "FAILED_PRECONDITION",
    }
    ARGUMENTS = {
        errors.PermissionDenied: ("org:read",),
        errors.InvalidArgument: ("field", "is wrong"),
        errors.IdempotencyKeyReused: (),
        errors.RepositoryReplaced: (),
        errors.RequestInFlight: (2.5,),
        errors.DeadlineExceeded: (),
        errors.Unsupported: ("github", "blame"),
        errors.MirrorRefused: ("github", "too large"),
        errors.HostRateLimited: (7.0,),
        errors.HostShareUsed: (7.0,),
    }

    def make(self, kind):
        if kind is errors.RateLimited:
            return kind(limit=5, reset_at=9, retry_after=3.0)
        return kind(*self.ARGUMENTS.get(kind, ("a text",)))

    def kinds(self):
        found, waiting = [], [ScmError]
        while waiting:
            kind = waiting.pop()
            if kind.__module__ == errors.__name__:
                found += kind.__subclasses__()
                waiting += kind.__subclasses__()
        return [kind for kind in found if kind.__module__ == errors.__name__]

    def test_all_are_in_the_table(self):
        assert set(self.kinds()) == set(self.EXPECTED)

    @pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
    def test_code_reason_and_details(self, get, failing, kind):
        error = self.make(kind)
        failing(error)
        answer = get()
        assert answer.status.name == self.EXPECTED[kind]
        assert answer.message == error.message
        assert answer.reason == error.reason.value
        assert answer.detail(error_details_pb2.ErrorInfo).domain == "scm.sentry"
        assert answer.responses == ()
        waits = [one for one in answer.details if isinstance(one, error_details_pb2.RetryInfo)]
        assert len(waits) == (error.retry_after is not None)
        if waits:
            assert waits[0].retry_delay.ToNanoseconds() == int(error.retry_after * 1e9)
        violations = [
            one for one in answer.details if isinstance(one, error_details_pb2.BadRequest)
        ]
        assert len(violations) == isinstance(error, errors.InvalidArgument)

    @pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
    def test_the_same_before_the_library_sees_the_call(self, kind):
        """The WSGI wrapper and the library write a failure in the same form."""
        from sentry.integrations.grpc import wire

        error = self.make(kind)
        status = door_errors.status_of(error)
        for content_type in (door.PROTO, door.GRPC_WEB, door.GRPC_WEB_TEXT):
            form = wire.wire_format(content_type, streams=False)
            line, _, body = wire.refusal(form, error, status)
            assert line.startswith("200") == (content_type != door.PROTO)
            assert body

    def test_an_error_that_has_no_line_is_internal(self):
        assert door_errors.code_of(ScmError("a text")) is Code.INTERNAL

    def test_the_reasons_are_those_of_the_proto(self):
        names = {
            name.removeprefix("ERROR_REASON_")
            for name in scm_pb2.ErrorReason.keys()  # noqa: SIM118
        }
        assert names - {"UNSPECIFIED"} == {reason.value for reason in Reason}

    def test_numbers(self):
        for code in Code:
            assert (
                door_errors.code_from_number(RpcStatus[code.name.replace("CANCELED", "CANCELLED")])
                is code
            )


class TestHosts:
    """What a host does wrong, as the caller is told it."""

    @pytest.mark.parametrize(
        ("fault", "status", "reason"),
        [
            (Fault(kind="status", status=401), "FAILED_PRECONDITION", "INTEGRATION_BROKEN"),
            (Fault(kind="status", status=403), "FAILED_PRECONDITION", "HOST_FORBIDDEN"),
            (Fault(kind="status", status=404), "NOT_FOUND", "RESOURCE_NOT_FOUND"),
            (Fault(kind="status", status=422), "NOT_FOUND", "RESOURCE_NOT_FOUND"),
            (Fault(kind="rate_limit_primary"), "RESOURCE_EXHAUSTED", "HOST_RATE_LIMITED"),
            (Fault(kind="status", status=500), "UNAVAILABLE", "HOST_UNAVAILABLE"),
            (Fault(kind="html"), "UNAVAILABLE", "HOST_UNAVAILABLE"),
            (Fault(kind="truncated"), "UNAVAILABLE", "HOST_UNAVAILABLE"),
            (Fault(kind="empty"), "UNAVAILABLE", "HOST_UNAVAILABLE"),
            (Fault(kind="drop"), "UNAVAILABLE", "HOST_UNAVAILABLE"),
        ],
        ids=lambda value: f"{value.kind}{value.status or ''}" if isinstance(value, Fault) else "",
    )
    def test_faults(self, scene, file, fault, status, reason):
        scene.emulator.faults.add(fault)
        answer = file(headers={"grpc-timeout": "3S"})
        if status == "UNAVAILABLE":
            assert answer.status.name in {status, "DEADLINE_EXCEEDED"}
        else:
            assert (answer.status.name, answer.reason) == (status, reason)
        for word in (HOST_TOKEN, scene.emulator.url, "<html", "Traceback", "httpx"):
            assert word.encode() not in answer.http.content
            assert word not in answer.message

    def test_switched_off(self, scene, file, get):
        scene.integration.status = 1
        scene.integration.save()
        answer = file()
        assert (answer.status, answer.reason) == (
            RpcStatus.FAILED_PRECONDITION,
            "INTEGRATION_DISABLED",
        )
        assert get().response.name == FULL_NAME

    def test_a_disabled_repository(self, scene, file):
        scene.repository.status = RepositoryStatus.DISABLED
        scene.repository.save()
        assert file().reason == "INTEGRATION_DISABLED"

    def test_a_provider_whose_flag_is_off(self, scene, file, settings):
        from sentry import features

        with features.override({"organizations:integrations-github": False}):
            answer = file()
        assert (answer.status, answer.reason) == (
            RpcStatus.FAILED_PRECONDITION,
            "PROVIDER_DISABLED",
        )


def test_an_interface_error_is_internal(get, failing):
    failing(InterfaceError(SECRET))
    assert get().status is RpcStatus.INTERNAL
