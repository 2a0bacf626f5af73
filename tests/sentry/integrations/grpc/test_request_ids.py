"""The id of a call: in its answer, in the action, and at every step of a stream."""

import pytest

from sentry import options
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.actions import commit_context, repositories
from sentry.testutils.client import Client
from sentry.utils import request_id
from sentry.utils.logging import StructuredFormatter
from tests.sentry.integrations.grpc import door
from tests.sentry.integrations.scene import PATH


@pytest.mark.parametrize(
    "content_type", [door.GRPC_WEB, door.GRPC_WEB_TEXT, door.PROTO, door.JSON, "text/plain"]
)
def test_every_form_tells_it(db, content_type):
    http = door.post("GetRepository", b"", content_type, x_request_id="mine")
    assert http["x-request-id"] == "mine"


def test_browsers_may_send_and_read_it(db):
    with options.override({"grpc.cors-origins": ["https://app.example"]}):
        http = door.post("GetRepository", b"", origin="https://app.example")
        before = Client().call(
            "OPTIONS", "/grpc" + door.PATH, headers={"origin": "https://app.example"}
        )
    assert "x-request-id" in http["access-control-expose-headers"]
    assert "x-request-id" in before["access-control-allow-headers"]


def test_the_action_sees_it(scene, monkeypatch):
    seen = []
    get = repositories.get_repository

    def watched(*args, **kwargs):
        seen.append(request_id.current())
        return get(*args, **kwargs)

    monkeypatch.setattr(repositories, "get_repository", watched)
    request = scm_pb2.GetRepositoryRequest(repository_id=scene.repository.id)
    answer = scene.rpc("GetRepository", request, headers={"x-request-id": "mine"})
    assert answer.http["x-request-id"] == "mine"
    assert seen == ["mine"]


def test_every_step_of_a_stream_sees_it(scene, monkeypatch):
    seen = []
    blame = commit_context.stream_file_blame

    def watched(*args, **kwargs):
        for item in blame(*args, **kwargs):
            seen.append(request_id.current())
            yield item
        seen.append(request_id.current())

    monkeypatch.setattr(commit_context, "stream_file_blame", watched)
    request = scm_pb2.StreamFileBlameRequest(
        repository_id=scene.repository.id, commit_sha=scene.git.head(), filepath=PATH
    )
    scene.rpc("StreamFileBlame", request, headers={"x-request-id": "mine"})
    assert len(seen) > 1
    assert set(seen) == {"mine"}


def test_an_unhandled_error_is_logged_with_it(scene, monkeypatch, caplog):
    def fail(*_, **__):
        raise ValueError

    monkeypatch.setattr(repositories, "get_repository", fail)
    caplog.handler.setFormatter(StructuredFormatter())
    request = scm_pb2.GetRepositoryRequest(repository_id=1)
    scene.rpc("GetRepository", request, headers={"x-request-id": "mine"})
    (line,) = [line for line in caplog.text.splitlines() if "rpc.unhandled_error" in line]
    assert "request_id='mine'" in line
