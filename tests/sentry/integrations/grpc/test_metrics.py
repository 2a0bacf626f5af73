"""Every call is counted once, by method and code, in every form; calls of hosts likewise."""

from io import BytesIO
from typing import Any

import pytest

from forge_emulator import Fault
from sentry import options
from sentry.actions.metrics import read_metrics
from sentry.integrations.grpc.application import build_application
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.actions import repositories
from sentry.testutils.metrics import samples, value_of
from tests.sentry.integrations.grpc import door
from tests.sentry.integrations.scene import PATH

COUNT = "sentry_rpc_duration_seconds_count"
HOSTS = "sentry_host_request_duration_seconds_count"


class Since:
    """How much each sample has grown since this was made."""

    def __init__(self):
        self.before = samples(read_metrics().body.decode())

    def grown(self, name, **labels):
        now = samples(read_metrics().body.decode())
        return value_of(now, name, **labels) - value_of(self.before, name, **labels)


@pytest.fixture
def since():
    return Since()


def get(scene, repository_id=None, **options):
    number = scene.repository.id if repository_id is None else repository_id
    return scene.rpc("GetRepository", scm_pb2.GetRepositoryRequest(repository_id=number), **options)


def test_unary_calls(scene, since, monkeypatch):
    get(scene)
    get(scene, 1)
    get(scene, token="nonsense")

    def fail(*_, **__):
        raise ValueError

    monkeypatch.setattr(repositories, "get_repository", fail)
    get(scene)
    for code in ("OK", "NOT_FOUND", "UNAUTHENTICATED", "INTERNAL"):
        assert since.grown(COUNT, method="GetRepository", code=code) == 1


@pytest.mark.parametrize("content_type", [door.JSON, door.PROTO, door.GRPC_WEB_TEXT])
def test_other_forms(scene, since, content_type):
    door.post("GetRepository", b"", content_type, x_api_key="nonsense")
    assert since.grown(COUNT, method="GetRepository", code="UNAUTHENTICATED") == 1


def test_what_never_becomes_a_call(db, since):
    door.post("NoSuchMethod", b"")
    door.post("GetRepository", b"", "text/plain")
    door.post("GetRepository", b"", grpc_timeout="soon")
    assert since.grown(COUNT, method="unknown", code="UNIMPLEMENTED") == 1
    assert since.grown(COUNT, method="GetRepository", code="UNIMPLEMENTED") == 1
    assert since.grown(COUNT, method="GetRepository", code="INVALID_ARGUMENT") == 1


def blame(scene, sha=None):
    return scm_pb2.StreamFileBlameRequest(
        repository_id=scene.repository.id, commit_sha=sha or scene.git.head(), filepath=PATH
    )


def test_streams(scene, since):
    scene.rpc("StreamFileBlame", blame(scene))
    scene.rpc("StreamFileBlame", blame(scene, "not a sha"))
    assert since.grown(COUNT, method="StreamFileBlame", code="OK") == 1
    assert since.grown(COUNT, method="StreamFileBlame", code="INVALID_ARGUMENT") == 1


def test_a_stream_that_its_caller_leaves(scene, since):
    body = door.framed(blame(scene))
    environ = {
        **scene.client._base_environ(),
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"{door.PATH}StreamFileBlame",
        "CONTENT_TYPE": door.GRPC_WEB,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_API_KEY": scene.token,
        "wsgi.input": BytesIO(body),
    }
    parts: Any = build_application()(environ, lambda *_: lambda _: None)
    next(iter(parts))
    parts.close()
    assert since.grown(COUNT, method="StreamFileBlame", code="CANCELED") == 1


def test_calls_of_a_host(scene, since):
    file = scm_pb2.GetFileRequest(repository_id=scene.repository.id, path=PATH)
    scene.rpc("GetFile", file)
    assert since.grown(HOSTS, provider="github", status="200") >= 1
    scene.emulator.faults.add(Fault(kind="status", status=404))
    scene.rpc("GetFile", scm_pb2.GetFileRequest(repository_id=scene.repository.id, path="a"))
    assert since.grown(HOSTS, provider="github", status="404") >= 1


def test_a_host_that_does_not_answer_or_refuses(scene, since):
    file = scm_pb2.GetFileRequest(repository_id=scene.repository.id, path=PATH)
    scene.emulator.faults.add(Fault(kind="drop", times=1))
    scene.rpc("GetFile", file)
    assert since.grown(HOSTS, provider="github", status="error") >= 1
    scene.emulator.faults.add(Fault(kind="rate_limit_primary"))
    for _ in range(3):
        scene.rpc("GetFile", file)
    assert since.grown(HOSTS, provider="github", status="blocked") >= 1
    now = samples(read_metrics().body.decode())
    labels = frozenset({("provider", "github"), ("bucket", "core")})
    assert now["sentry_host_rate_limit_remaining", labels] == 0


def test_labels_hold_nothing_of_a_request(scene):
    door.post("NoSuchMethodOfOurs", b"")
    scene.client.get("/some/secret/path/", headers={"x-api-key": scene.token})
    scene.client.call("BREW", "/api/0/organizations/")
    get(scene)
    text = read_metrics().body.decode()
    for word in (
        "NoSuchMethodOfOurs",
        "/",
        "BREW",
        scene.token,
        "api_key",
        str(scene.repository.id),
    ):
        labels = [line.rpartition(" ")[0] for line in text.splitlines() if line[0] != "#"]
        assert not any(word in line for line in labels), word


def test_a_sample_of_requests_is_logged(scene, caplog):
    with caplog.at_level("INFO", logger="sentry"):
        get(scene)
        assert not [one for one in caplog.records if one.getMessage() == "rpc.request"]
        with options.override({"logging.access-log-rate": 1.0}):
            get(scene)
            door.post("NoSuchMethod", b"")
            scene.client.get("/api/0/organizations/", headers={"x-api-key": scene.token})
    first, second = [one for one in caplog.records if one.getMessage() == "rpc.request"]
    assert (first.method, first.code) == ("GetRepository", "OK")
    assert first.caller.startswith("api_key:")
    assert (second.method, second.code, second.caller) == ("unknown", "UNIMPLEMENTED", "")
    (rest,) = [one for one in caplog.records if one.getMessage() == "api.request"]
    assert (rest.endpoint, rest.method, rest.status) == ("sentry-api-0-organizations", "GET", 200)
    assert rest.caller == first.caller
