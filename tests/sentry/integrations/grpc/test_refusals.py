"""What bad input gets: a clear error with the right code, in the caller's own form."""

import io
import json

import pytest

from sentry import options
from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils.rpc import RpcStatus
from tests.sentry.integrations.grpc import door
from tests.sentry.integrations.scene import FULL_NAME, PATH


@pytest.fixture
def get(scene):
    return scm_pb2.GetRepositoryRequest(repository_id=scene.repository.id)


def ask(scene, body, method="GetRepository", content_type=door.GRPC_WEB, **headers):
    http = door.post(method, body, content_type, x_api_key=scene.token, **headers)
    return door.grpc_web(method, http)


def assert_malformed(answer):
    assert answer.status is RpcStatus.INVALID_ARGUMENT
    assert answer.reason == "MESSAGE_MALFORMED"
    assert answer.message.startswith("message: ")
    assert answer.responses == ()


class TestMessages:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\0",
            b"\0\0\0\0",
            b"\0\0\0\0\x05\x08",
            door.framed(b"\xff\xff\xff"),
            door.framed(b"\x08"),
            door.framed(b"<html>"),
            door.framed(b"\x08\x01") * 2,
            door.framed(b"", flag=0x80),
            door.framed(b"\x08\x01") + b"\0\0",
            door.framed(b"\x08\x01", flag=0x02),
        ],
    )
    def test_malformed_truncated_none_or_two(self, scene, body):
        assert_malformed(ask(scene, body))

    def test_doubly_framed(self, scene, get):
        twice = door.framed(door.framed(get))
        answer = ask(scene, twice)
        assert answer.status is RpcStatus.INVALID_ARGUMENT
        listed = ask(
            scene,
            door.framed(door.framed(scm_pb2.ListRepositoriesRequest(page_size=1))),
            "ListRepositories",
        )
        assert listed.status is RpcStatus.INVALID_ARGUMENT
        assert listed.responses == ()

    def test_a_frame_where_connect_takes_none(self, scene, get):
        http = door.post("GetRepository", door.framed(get), door.PROTO, x_api_key=scene.token)
        assert door.connect_failure(http).http_status == 400

    @pytest.mark.parametrize("body", [b"{", b"[1]", b"null", b"", b'{"repositoryId": "x"}'])
    def test_json_that_is_no_such_message(self, scene, body):
        http = door.post("GetRepository", body, door.JSON, x_api_key=scene.token)
        failure = door.connect_failure(http)
        assert (failure.http_status, failure.code) == (400, "invalid_argument")
        assert failure.message == "message: cannot be read"

    @pytest.mark.parametrize("text", ['{"provider": "PROVIDER_NOPE"}', '{"statuss": 1}'])
    def test_names_that_json_does_not_know(self, scene, text):
        """Left out in silence, a misspelt filter would list everything."""
        http = door.post("ListRepositories", text.encode(), door.JSON, x_api_key=scene.token)
        failure = door.connect_failure(http)
        assert (failure.code, failure.reason) == ("invalid_argument", "MESSAGE_MALFORMED")

    def test_deep_json(self, scene):
        body = b'{"repositoryId":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        http = door.post("GetRepository", body, door.JSON, x_api_key=scene.token)
        assert door.connect_failure(http).reason == "MESSAGE_MALFORMED"

    @pytest.mark.parametrize("text", ["not base64!", "AAAA*", "A", "AA=A"])
    def test_text_that_is_no_base64(self, scene, text):
        assert_malformed(ask(scene, text.encode(), content_type=door.GRPC_WEB_TEXT))

    @pytest.mark.parametrize("query", ["\x00", "a\x00b"])
    def test_nul(self, scene, query):
        request = scm_pb2.ListRepositoriesRequest(query=query)
        answer = ask(scene, door.framed(request), "ListRepositories")
        assert answer.status is RpcStatus.INVALID_ARGUMENT
        assert answer.message == "query: holds NUL or half a surrogate pair"

    @pytest.mark.parametrize("text", ['"\\ud800"', '"a\\udfffb"', '"\\ud83d\\ud83d"'])
    def test_half_a_surrogate_pair_through_json(self, scene, text):
        body = f'{{"query": {text}}}'.encode()
        http = door.post("ListRepositories", body, door.JSON, x_api_key=scene.token)
        assert door.connect_failure(http).code == "invalid_argument"

    def test_text_that_is_not_utf_8(self, scene):
        assert_malformed(ask(scene, door.framed(b"\x1a\x01\xff"), "ListRepositories"))


class TestSizes:
    @pytest.fixture(autouse=True)
    def _small(self):
        with options.override({"grpc.max-request-bytes": 2000}):
            yield

    def test_larger_than_any_body(self, scene):
        answer = ask(scene, door.framed(b"\0" * 5000))
        assert answer.status is RpcStatus.RESOURCE_EXHAUSTED
        assert answer.reason == "MESSAGE_TOO_LARGE"
        assert answer.message == "the message is larger than this server takes"

    def test_larger_than_any_body_in_text_and_in_connect(self, scene):
        text = ask(scene, b"A" * 8000, content_type=door.GRPC_WEB_TEXT)
        assert text.reason == "MESSAGE_TOO_LARGE"
        http = door.post("GetRepository", b"\0" * 5000, door.PROTO, x_api_key=scene.token)
        assert door.connect_failure(http).http_status == 429

    def test_without_a_length(self, scene, get, monkeypatch):
        def send(body):
            return self.without_length(scene, body)

        assert send(door.framed(get)).response.name == FULL_NAME
        assert send(door.framed(b"\0" * 5000)).reason == "MESSAGE_TOO_LARGE"

    def test_a_body_that_comes_in_pieces(self, scene, get):
        body = door.framed(get)
        answer = self.without_length(scene, body, stream=Trickle(body), length=str(len(body)))
        assert answer.response.name == FULL_NAME

    @pytest.mark.parametrize("length", ["-1", "abc", "1_0", "٣"])
    def test_a_length_that_is_none(self, scene, get, length):
        answer = self.without_length(scene, door.framed(get), length=length)
        assert answer.status is RpcStatus.INVALID_ARGUMENT
        assert answer.message == "content-length: is malformed"

    def test_a_body_that_ends_before_its_length(self, scene, get):
        body = door.framed(get)
        assert_malformed(self.without_length(scene, body, length=str(len(body) + 5)))

    def without_length(self, scene, body, *, stream=None, length=None):
        from sentry.testutils.client import _call_application

        environ = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": f"/grpc{door.PATH}GetRepository",
            "QUERY_STRING": "",
            "CONTENT_TYPE": door.GRPC_WEB,
            "HTTP_X_API_KEY": scene.token,
            "wsgi.input": stream or io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
        }
        if length is not None:
            environ["CONTENT_LENGTH"] = length
        return door.grpc_web("GetRepository", _call_application(environ))


class Trickle(io.BytesIO):
    """A stream that gives one byte at a time."""

    def read(self, size=-1):
        return super().read(min(size, 1))


def test_an_answer_that_is_too_large(scene):
    with options.override({"grpc.max-response-bytes": 20}):
        answer = ask(scene, door.framed(scm_pb2.ListRepositoriesRequest()), "ListRepositories")
    assert answer.status is RpcStatus.RESOURCE_EXHAUSTED
    assert answer.reason == "MESSAGE_TOO_LARGE"
    assert answer.responses == ()


class TestSizeOfMessages:
    """The limit is the message's; the frame around it does not count."""

    LIMIT = 4 * 1024 * 1024

    def message(self, size):
        """A ListRepositoriesRequest of exactly so many bytes."""
        query = "x" * (size - 5)
        raw = scm_pb2.ListRepositoriesRequest(query=query).SerializeToString()
        assert len(raw) == size
        return raw

    @pytest.mark.parametrize("content_type", [door.GRPC_WEB, door.PROTO])
    def test_the_largest_and_one_more(self, scene, content_type):
        for size, code in ((self.LIMIT, "invalid_argument"), (self.LIMIT + 1, None)):
            body = self.message(size)
            if content_type == door.PROTO:
                http = door.post("ListRepositories", body, door.PROTO, x_api_key=scene.token)
                failure = door.connect_failure(http)
                assert failure.code == (code or "resource_exhausted")
                reason = failure.reason
            else:
                answer = ask(scene, door.framed(body), "ListRepositories")
                reason = answer.reason
            assert reason == ("ARGUMENT_INVALID" if code else "MESSAGE_TOO_LARGE")


def test_a_message_of_a_stream_that_is_too_large(scene):
    request = scm_pb2.StreamFileBlameRequest(
        repository_id=scene.repository.id, commit_sha=scene.git.head(), filepath=PATH
    )
    with options.override({"grpc.max-response-bytes": 20}):
        answer = ask(scene, door.framed(request), "StreamFileBlame")
    assert (answer.status, answer.reason) == (RpcStatus.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")
    assert answer.responses == ()


class TestProtocol:
    def test_unknown_methods(self, scene):
        for method in ("Nothing", "", "getrepository", "GetRepository/", "../x"):
            answer = ask(scene, b"", method)
            assert answer.status is RpcStatus.UNIMPLEMENTED, method
            assert answer.reason == "METHOD_UNKNOWN"
        http = door.post("Nothing", b"{}", door.JSON)
        failure = door.connect_failure(http)
        assert (failure.http_status, failure.code) == (404, "unimplemented")

    def test_an_unknown_service_with_a_content_type_of_grpc(self):
        from sentry.testutils.client import Client

        for kind in (door.GRPC_WEB, "application/grpc", door.CONNECT_PROTO):
            http = Client().call("POST", "/a.Service/Method", data=b"x", content_type=kind)
            assert http.status_code in {200, 404}
            assert b"<html" not in http.content.lower()
        http = Client().call("POST", "/a.Service/Method", data=b"x", content_type=door.GRPC_WEB)
        answer = door.grpc_web("Nothing", http)
        assert (answer.status, answer.reason) == (RpcStatus.UNIMPLEMENTED, "METHOD_UNKNOWN")

    @pytest.mark.parametrize(
        "content_type",
        [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc-web+json",
            "application/grpc-web-text+json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/connect+proto",
            "",
        ],
    )
    def test_unknown_content_types(self, scene, get, content_type):
        http = door.post("GetRepository", door.framed(get), content_type, x_api_key=scene.token)
        failure = door.connect_failure(http)
        assert (failure.http_status, failure.code) == (415, "unimplemented")
        assert failure.reason == "PROTOCOL_UNSUPPORTED"
        assert "application/grpc-web+proto" in failure.message

    @pytest.mark.parametrize("content_type", [door.PROTO, door.JSON])
    def test_a_stream_is_no_unary_call(self, scene, content_type):
        http = door.post("StreamFileBlame", b"{}", content_type, x_api_key=scene.token)
        failure = door.connect_failure(http)
        assert (failure.http_status, failure.reason) == (415, "PROTOCOL_UNSUPPORTED")
        assert "application/connect+proto" in failure.message

    @pytest.mark.parametrize("verb", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
    def test_other_http_methods(self, scene, verb):
        query = "?connect=v1&encoding=json&message=%7B%7D"
        http = door.post("GetRepository", b"", "", verb=verb, query=query, x_api_key=scene.token)
        assert http.status_code == 405
        assert http["allow"] == "POST, OPTIONS"
        assert door.connect_failure(http).reason == "PROTOCOL_UNSUPPORTED"

    @pytest.mark.parametrize("version", ["2", "", "x", "1.0"])
    def test_a_wrong_version_of_connect(self, scene, version):
        http = door.post(
            "GetRepository",
            b"{}",
            door.JSON,
            x_api_key=scene.token,
            connect_protocol_version=version,
        )
        failure = door.connect_failure(http)
        assert (failure.http_status, failure.message) == (
            400,
            "connect-protocol-version: expected 1",
        )

    @pytest.mark.parametrize("prefix", ["", "/grpc"])
    def test_the_control_silo_serves_no_rpc(self, scene, get, settings, prefix):
        settings.SILO_MODE = "CONTROL"
        http = door.post("GetRepository", door.framed(get), prefix=prefix, x_api_key=scene.token)
        answer = door.grpc_web("GetRepository", http)
        assert (answer.status, answer.reason) == (RpcStatus.UNIMPLEMENTED, "WRONG_SILO")
        http = door.post("GetRepository", b"{}", door.JSON, prefix=prefix)
        assert door.connect_failure(http).http_status == 501

    def test_a_region_serves_rpcs(self, scene, get, settings):
        settings.SILO_MODE = "REGION"
        assert ask(scene, door.framed(get)).response.name == FULL_NAME

    def test_headers_that_mean_nothing_here_do_no_harm(self, scene, get):
        answer = ask(
            scene,
            door.framed(get),
            connect_timeout_ms="nonsense",
            content_encoding="br",
            te="trailers",
        )
        assert answer.response.name == FULL_NAME

    def test_the_texts_are_ours(self, scene):
        """No exception text of a library leaves."""
        wrong = [
            door.post("GetRepository", body, kind, x_api_key=scene.token).content
            for kind in (door.GRPC_WEB, door.JSON, door.PROTO)
            for body in (b"\xff", b"{", b"\x0a\xff", door.framed(b"\xff"))
        ]
        for content in wrong:
            for word in (
                b"parse",
                b"Traceback",
                b"ailed",
                b"configured",
                b"protobuf",
                b"Exception",
            ):
                assert word not in content, json.dumps(content.decode("latin-1"))
