"""When a body is read, and how far."""

import base64
import io
from typing import Any

import pytest

from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils.client import _call_application
from sentry.testutils.factories import Factories
from sentry.testutils.rpc import RpcStatus
from tests.sentry.integrations.grpc import door

pytestmark = pytest.mark.django_db


class Silence:
    """A caller who has stopped sending."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("a caller who is not known was waited for")


def call(stream: Any, content_type: str, *, length="", method="GetRepository", **headers: str):
    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return _call_application(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": f"{door.PATH}{method}",
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
            "wsgi.input": stream,
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": length,
            **named,
        }
    )


UNKNOWN = {
    "nobody": {},
    "unknown key": {"x_api_key": "sapk_nobody"},
    "unknown service": {"x_signature": "v1=00", "x_key_id": "nobody"},
}


@pytest.mark.parametrize("headers", UNKNOWN.values(), ids=UNKNOWN.keys())
@pytest.mark.parametrize(
    ("content_type", "method"),
    [
        (door.GRPC_WEB, "GetRepository"),
        (door.GRPC_WEB_TEXT, "GetRepository"),
        (door.GRPC_WEB, "StreamFileBlame"),
    ],
)
def test_nothing_is_read_of_a_caller_who_is_not_known(content_type, method, headers):
    http = call(Silence(), content_type, length="100", method=method, **headers)
    assert door.grpc_web(method, http).status is RpcStatus.UNAUTHENTICATED


@pytest.mark.parametrize("content_type", [door.PROTO, door.JSON])
def test_nothing_is_read_over_connect_either(content_type):
    assert call(Silence(), content_type, length="100").status_code == 401


def test_a_caller_without_the_scope_is_not_read_from(scene):
    _, token = Factories.create_api_key(scene.organization, scope_list=["event:read"])
    http = call(Silence(), door.GRPC_WEB, length="100", x_api_key=token)
    assert door.grpc_web("GetRepository", http).status is RpcStatus.PERMISSION_DENIED


def test_a_mutation_without_frames_and_without_a_length_is_not_carried_out(scene):
    cut = scm_pb2.CreateCodeMappingRequest(
        project_id=scene.project.id, repository_id=scene.repository.id, stack_root="/cut/"
    ).SerializeToString()
    http = call(io.BytesIO(cut), door.PROTO, method="CreateCodeMapping", x_api_key=scene.token)
    failure = door.connect_failure(http)
    assert failure.http_status == 400
    assert failure.message.startswith("content-length: is needed")


def test_a_frame_needs_no_length(scene):
    message = scm_pb2.GetRepositoryRequest(repository_id=scene.repository.id)
    http = call(io.BytesIO(door.framed(message)), door.GRPC_WEB, x_api_key=scene.token)
    assert door.grpc_web("GetRepository", http).response.id == scene.repository.id


@pytest.mark.parametrize("header", ["x_idempotency_key", "x_organization_id", "x_signature"])
def test_a_header_that_came_empty_is_not_overlooked(scene, header):
    http = door.post("GetRepository", door.framed(b""), x_api_key=scene.token, **{header: ""})
    answer = door.grpc_web("GetRepository", http)
    assert answer.status is RpcStatus.INVALID_ARGUMENT
    assert answer.message == f"{header.replace('_', '-')}: is empty or not ASCII"


@pytest.mark.parametrize("text", [b"[]", b'"x"', b"1", b"null", b"", b"  "])
def test_json_that_is_no_object(scene, text):
    http = door.post("ListRepositories", text, door.JSON, x_api_key=scene.token)
    failure = door.connect_failure(http)
    assert failure.http_status == 400
    assert failure.reason == "MESSAGE_MALFORMED"


def test_text_that_begins_with_padding(scene):
    body = b"====" + base64.b64encode(door.framed(b""))
    http = door.post("ListRepositories", body, door.GRPC_WEB_TEXT, x_api_key=scene.token)
    assert door.grpc_web("ListRepositories", http).status is RpcStatus.INVALID_ARGUMENT
