"""Every form in which a call may come: content types, compression, browsers."""

import gzip
import json

import pytest

from sentry import options
from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils.rpc import RpcStatus, unframe
from tests.sentry.integrations.grpc import door
from tests.sentry.integrations.scene import FULL_NAME, PATH

GRPC_WEB_TYPES = [
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web+proto; charset=utf-8",
    "Application/GRPC-Web",
]
TEXT_TYPES = ["application/grpc-web-text", "application/grpc-web-text+proto"]


@pytest.fixture
def get(scene):
    return scm_pb2.GetRepositoryRequest(repository_id=scene.repository.id)


@pytest.fixture
def blame(scene):
    return scm_pb2.StreamFileBlameRequest(
        repository_id=scene.repository.id, commit_sha=scene.git.head(), filepath=PATH
    )


def blamed(answer):
    return [
        (message.commit_id, message.author.name, line)
        for message in answer.responses
        for line in message.lines
    ]


@pytest.mark.parametrize("prefix", ["", "/grpc"])
@pytest.mark.parametrize("content_type", GRPC_WEB_TYPES)
def test_grpc_web(scene, get, content_type, prefix):
    http = door.post(
        "GetRepository", door.framed(get), content_type, prefix=prefix, x_api_key=scene.token
    )
    assert http["content-type"] == door.GRPC_WEB
    assert door.grpc_web("GetRepository", http).response.name == FULL_NAME


@pytest.mark.parametrize("content_type", TEXT_TYPES)
def test_grpc_web_text(scene, get, content_type):
    import base64

    body = base64.b64encode(door.framed(get))
    http = door.post("GetRepository", body, content_type, x_api_key=scene.token)
    assert http["content-type"] == door.GRPC_WEB_TEXT
    assert door.grpc_web("GetRepository", http).response.name == FULL_NAME


def test_grpc_web_text_in_padded_pieces(scene, get):
    import base64

    whole = door.framed(get)
    body = b"".join(base64.b64encode(whole[at : at + 4]) for at in range(0, len(whole), 4))
    assert body.count(b"=") > 2
    http = door.post("GetRepository", body, door.GRPC_WEB_TEXT, x_api_key=scene.token)
    assert door.grpc_web("GetRepository", http).response.name == FULL_NAME


def test_streams_in_grpc_web_and_in_its_text_form(scene, blame):
    import base64

    binary = door.post("StreamFileBlame", door.framed(blame), x_api_key=scene.token)
    text = door.post(
        "StreamFileBlame",
        base64.b64encode(door.framed(blame)),
        door.GRPC_WEB_TEXT,
        x_api_key=scene.token,
    )
    assert text["content-type"] == door.GRPC_WEB_TEXT
    for http in (binary, text):
        answer = door.grpc_web("StreamFileBlame", http)
        assert answer.status is RpcStatus.OK
        assert len(answer.responses) > 1
        assert blamed(answer) == scene.git.blame()


def test_a_stream_that_fails_in_its_text_form(scene, blame):
    import base64

    blame.filepath = "nowhere.py"
    http = door.post(
        "StreamFileBlame",
        base64.b64encode(door.framed(blame)),
        door.GRPC_WEB_TEXT,
        x_api_key=scene.token,
    )
    answer = door.grpc_web("StreamFileBlame", http)
    assert answer.status is RpcStatus.NOT_FOUND
    assert answer.responses == ()


def test_connect_proto(scene, get):
    http = door.post("GetRepository", get.SerializeToString(), door.PROTO, x_api_key=scene.token)
    assert (http.status_code, http["content-type"]) == (200, door.PROTO)
    assert scm_pb2.Repository.FromString(http.content).name == FULL_NAME


@pytest.mark.parametrize("version", [{}, {"connect_protocol_version": "1"}])
def test_connect_json(scene, version):
    body = json.dumps({"repositoryId": str(scene.repository.id)}).encode()
    http = door.post("GetRepository", body, door.JSON, x_api_key=scene.token, **version)
    assert (http.status_code, http["content-type"]) == (200, door.JSON)
    assert http.json()["name"] == FULL_NAME
    assert http.json()["provider"] == "PROVIDER_GITHUB"
    assert http["x-ratelimit-limit"] == "6000"


def test_connect_json_failure(scene):
    http = door.post("GetRepository", b'{"repositoryId": "1"}', door.JSON, x_api_key=scene.token)
    assert door.connect_failure(http) == door.Failure(
        http_status=404,
        code="not_found",
        message="repository not found",
        reason="RESOURCE_NOT_FOUND",
    )


@pytest.mark.parametrize("content_type", [door.CONNECT_PROTO, door.CONNECT_JSON])
def test_connect_stream(scene, blame, content_type):
    from google.protobuf import json_format

    as_json = content_type == door.CONNECT_JSON
    message = json_format.MessageToJson(blame).encode() if as_json else blame
    http = door.post("StreamFileBlame", door.framed(message), content_type, x_api_key=scene.token)

    *frames, (flag, end) = unframe(http.content)
    assert http["content-type"] == content_type
    assert flag & door.END_OF_STREAM
    assert json.loads(end) == {}
    if as_json:
        lines = [line for _, payload in frames for line in json.loads(payload)["lines"]]
    else:
        parsed = [scm_pb2.BlameRange.FromString(payload) for _, payload in frames]
        lines = [line for one in parsed for line in one.lines]
    assert lines == [text for _, _, text in scene.git.blame()]


def test_connect_stream_failure(scene, blame):
    without = door.post("StreamFileBlame", door.framed(blame), door.CONNECT_PROTO)
    assert door.connect_failure(without).code == "unauthenticated"
    wrong = door.post(
        "StreamFileBlame",
        door.framed(blame),
        door.CONNECT_PROTO,
        connect_timeout_ms="x",
        x_api_key=scene.token,
    )
    failure = door.connect_failure(wrong)
    assert (failure.code, failure.reason) == ("invalid_argument", "ARGUMENT_INVALID")


class TestCompression:
    def test_a_compressed_grpc_web_request_and_answer(self, scene, get):
        body = door.framed(gzip.compress(get.SerializeToString()), flag=door.COMPRESSED)
        http = door.post(
            "GetRepository",
            body,
            x_api_key=scene.token,
            grpc_encoding="gzip",
            grpc_accept_encoding="gzip",
        )
        assert http["grpc-encoding"] == "gzip"
        assert door.grpc_web("GetRepository", http).response.name == FULL_NAME

    def test_a_compressed_connect_request_and_answer(self, scene, get):
        http = door.post(
            "GetRepository",
            gzip.compress(get.SerializeToString()),
            door.PROTO,
            x_api_key=scene.token,
            content_encoding="gzip",
            accept_encoding="br, gzip",
        )
        assert http["content-encoding"] == "gzip"
        got = scm_pb2.Repository.FromString(gzip.decompress(http.content))
        assert got.name == FULL_NAME

    def test_a_compressed_connect_stream(self, scene, blame):
        body = door.framed(gzip.compress(blame.SerializeToString()), flag=door.COMPRESSED)
        http = door.post(
            "StreamFileBlame",
            body,
            door.CONNECT_PROTO,
            x_api_key=scene.token,
            connect_content_encoding="gzip",
            connect_accept_encoding="gzip",
        )
        frames = unframe(http.content)
        assert http["connect-content-encoding"] == "gzip"
        assert all(flag & door.COMPRESSED for flag, _ in frames[:-1])
        first = scm_pb2.BlameRange.FromString(gzip.decompress(frames[0][1]))
        assert list(first.lines) == [scene.git.blame()[0][2]]

    def test_an_unknown_compression_of_answers_is_passed_over(self, scene, get):
        http = door.post(
            "GetRepository", door.framed(get), x_api_key=scene.token, grpc_accept_encoding="br"
        )
        assert door.grpc_web("GetRepository", http).response.name == FULL_NAME

    @pytest.mark.parametrize(
        ("content_type", "header"),
        [
            (door.GRPC_WEB, "grpc_encoding"),
            (door.PROTO, "content_encoding"),
        ],
    )
    def test_an_unknown_compression_of_a_request(self, scene, get, content_type, header):
        body = door.framed(get) if content_type == door.GRPC_WEB else get.SerializeToString()
        http = door.post(
            "GetRepository", body, content_type, x_api_key=scene.token, **{header: "br"}
        )
        if content_type == door.GRPC_WEB:
            answer = door.grpc_web("GetRepository", http)
            assert (answer.status, answer.reason) == (
                RpcStatus.UNIMPLEMENTED,
                "PROTOCOL_UNSUPPORTED",
            )
            assert answer.message == "compressions are: identity, gzip"
        else:
            failure = door.connect_failure(http)
            assert (failure.http_status, failure.code) == (415, "unimplemented")

    @pytest.mark.parametrize(
        "payload",
        [b"not gzip", gzip.compress(b"x" * 100)[:-9], b"", gzip.compress(b"\xff")],
        # gzip writes the time: without names of their own the workers would collect other tests.
        ids=["not gzip", "cut short", "empty", "no message"],
    )
    def test_what_is_no_such_compression_or_ends_early(self, scene, payload):
        http = door.post(
            "GetRepository",
            door.framed(payload, flag=door.COMPRESSED),
            x_api_key=scene.token,
            grpc_encoding="gzip",
        )
        answer = door.grpc_web("GetRepository", http)
        assert answer.status is RpcStatus.INVALID_ARGUMENT
        assert answer.message in {
            "message: cannot be read",
            "repository_id: expected a positive id",
        }

    def test_a_compressed_frame_without_a_compression(self, scene, get):
        body = door.framed(gzip.compress(get.SerializeToString()), flag=door.COMPRESSED)
        answer = door.grpc_web(
            "GetRepository", door.post("GetRepository", body, x_api_key=scene.token)
        )
        assert answer.status is RpcStatus.INVALID_ARGUMENT
        assert answer.reason == "MESSAGE_MALFORMED"

    @pytest.mark.parametrize("content_type", [door.GRPC_WEB, door.PROTO])
    def test_a_bomb(self, scene, content_type):
        bomb = gzip.compress(b"\0" * 64 * 1024 * 1024)
        header = "content_encoding" if content_type == door.PROTO else "grpc_encoding"
        body = bomb if content_type == door.PROTO else door.framed(bomb, flag=door.COMPRESSED)
        http = door.post(
            "GetRepository", body, content_type, x_api_key=scene.token, **{header: "gzip"}
        )
        if content_type == door.PROTO:
            failure = door.connect_failure(http)
            assert (failure.http_status, failure.reason) == (429, "MESSAGE_TOO_LARGE")
        else:
            answer = door.grpc_web("GetRepository", http)
            assert answer.status is RpcStatus.RESOURCE_EXHAUSTED
            assert answer.reason == "MESSAGE_TOO_LARGE"


class TestBrowsers:
    ALLOWED = "https://app.example.com"

    @pytest.fixture(autouse=True)
    def _origins(self):
        with options.override({"grpc.cors-origins": [self.ALLOWED]}):
            yield

    def preflight(self, **headers):
        return door.post("GetRepository", b"", door.GRPC_WEB, verb="OPTIONS", **headers)

    def test_a_preflight_of_an_allowed_origin(self):
        http = self.preflight(origin=self.ALLOWED, access_control_request_method="POST")
        assert http.status_code == 204
        assert http["access-control-allow-origin"] == self.ALLOWED
        assert http["access-control-allow-methods"] == "POST"
        allowed = http["access-control-allow-headers"].split(", ")
        assert {"x-api-key", "grpc-timeout", "x-grpc-web", "content-type"} <= set(allowed)
        assert http["vary"] == "Origin"
        assert http.content == b""

    @pytest.mark.parametrize("origin", ["https://evil.example.com", "null", ""])
    def test_a_preflight_of_another_origin(self, origin):
        http = self.preflight(origin=origin)
        assert http.status_code == 204
        assert not http.has_header("access-control-allow-origin")
        assert not http.has_header("access-control-allow-headers")

    def test_options_without_an_origin(self):
        http = self.preflight()
        assert http.status_code == 204
        assert not http.has_header("access-control-allow-origin")

    @pytest.mark.parametrize("content_type", [door.GRPC_WEB, door.GRPC_WEB_TEXT])
    def test_an_answer_to_an_allowed_origin(self, scene, get, content_type):
        import base64

        body = door.framed(get)
        if content_type == door.GRPC_WEB_TEXT:
            body = base64.b64encode(body)
        http = door.post(
            "GetRepository", body, content_type, x_api_key=scene.token, origin=self.ALLOWED
        )
        assert http["access-control-allow-origin"] == self.ALLOWED
        assert "grpc-status" in http["access-control-expose-headers"]
        assert "Origin" in http["vary"]
        assert door.grpc_web("GetRepository", http).response.name == FULL_NAME

    def test_an_answer_to_another_origin(self, scene, get):
        http = door.post(
            "GetRepository", door.framed(get), x_api_key=scene.token, origin="https://evil.test"
        )
        assert not http.has_header("access-control-allow-origin")
        assert http["vary"] == "Origin"
        assert door.grpc_web("GetRepository", http).response.name == FULL_NAME

    def test_a_refusal_is_readable_too(self, get):
        http = door.post("Nothing", door.framed(get), origin=self.ALLOWED)
        assert http["access-control-allow-origin"] == self.ALLOWED

    def test_any_origin_is_none(self, get):
        with options.override({"grpc.cors-origins": ["*"]}):
            http = door.post("GetRepository", door.framed(get), origin=self.ALLOWED)
        assert not http.has_header("access-control-allow-origin")
