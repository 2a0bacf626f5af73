"""Deadlines: how they are sent, what they bound, and that nothing of them stays."""

import time

import pytest
from django.db import connection

from sentry import options
from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils.rpc import RpcStatus
from sentry.utils.deadline import deadline_end
from tests.sentry.integrations.grpc import door
from tests.sentry.integrations.scene import FULL_NAME, PATH


def get(scene, content_type=door.GRPC_WEB, **headers):
    request = scm_pb2.GetRepositoryRequest(repository_id=scene.repository.id)
    body = request.SerializeToString() if content_type == door.PROTO else door.framed(request)
    return door.post("GetRepository", body, content_type, x_api_key=scene.token, **headers)


@pytest.mark.parametrize("text", ["10S", "1H", "99999999H", "2M", "5000m", "9000000u", "99999999n"])
def test_what_grpc_sends(scene, text):
    answer = door.grpc_web("GetRepository", get(scene, grpc_timeout=text))
    if text == "99999999n":  # a tenth of a second may be too short on a busy machine
        assert answer.status in {RpcStatus.OK, RpcStatus.DEADLINE_EXCEEDED}
    else:
        assert answer.response.name == FULL_NAME


@pytest.mark.parametrize("text", ["1", "S", "-1S", "1s", "123456789S", "1.5S", " 1S", "٣S", "1SS"])
def test_what_grpc_never_sends(scene, text):
    answer = door.grpc_web("GetRepository", get(scene, grpc_timeout=text))
    if text == " 1S":  # HTTP strips a header's value; a server that did not is refused
        assert answer.status in {RpcStatus.OK, RpcStatus.INVALID_ARGUMENT}
        return
    assert answer.status is RpcStatus.INVALID_ARGUMENT
    assert answer.message == "grpc-timeout: is malformed"


@pytest.mark.parametrize("text", ["x", "-1", "12345678901", "1.5", "1S"])
def test_what_connect_never_sends(scene, text):
    failure = door.connect_failure(get(scene, door.PROTO, connect_timeout_ms=text))
    assert (failure.http_status, failure.message) == (400, "connect-timeout-ms: is malformed")


def test_what_connect_sends(scene):
    assert get(scene, door.PROTO, connect_timeout_ms="60000").status_code == 200


@pytest.mark.parametrize("text", ["0S", "0n", "1n", "1u"])
def test_a_deadline_that_is_over(scene, text):
    answer = door.grpc_web("GetRepository", get(scene, grpc_timeout=text))
    assert answer.status is RpcStatus.DEADLINE_EXCEEDED
    assert answer.reason == "DEADLINE_EXCEEDED"
    assert answer.message == "the deadline passed before the work was done"
    failure = door.connect_failure(get(scene, door.PROTO, connect_timeout_ms="0"))
    assert (failure.http_status, failure.code) == (504, "deadline_exceeded")


class TestBounds:
    """How much time a call is given, as the work under it sees it."""

    @pytest.fixture
    def seen(self, monkeypatch):
        from sentry.integrations.source_code_management.actions import repositories

        real, seconds = repositories.get_repository, []

        def watching(caller, **fields):
            end = deadline_end()
            assert end is not None
            seconds.append(end - time.monotonic())
            return real(caller, **fields)

        monkeypatch.setattr(repositories, "get_repository", watching)
        return seconds

    def test_without_one_the_default_holds(self, scene, seen):
        get(scene)
        with options.override({"grpc.default-deadline": 7.0}):
            get(scene)
        assert 20 < seen[0] <= 30
        assert 0 < seen[1] <= 7

    def test_none_is_longer_than_the_longest(self, scene, seen):
        get(scene, grpc_timeout="10H")
        with options.override({"grpc.max-deadline": 50.0}):
            get(scene, door.PROTO, connect_timeout_ms="9999999999")
        assert 60 < seen[0] <= 120
        assert 30 < seen[1] <= 50

    def test_afterwards_there_is_none(self, scene, seen):
        get(scene, grpc_timeout="10S")
        assert deadline_end() is None
        assert len(seen) == 1


def test_a_slow_host_is_left_at_the_deadline(scene):
    from forge_emulator import Fault

    scene.emulator.faults.add(Fault(kind="latency", seconds=60))
    request = scm_pb2.GetFileRequest(repository_id=scene.repository.id, path=PATH)
    http = door.post("GetFile", door.framed(request), x_api_key=scene.token, grpc_timeout="700m")
    answer = door.grpc_web("GetFile", http)
    assert answer.status is RpcStatus.DEADLINE_EXCEEDED


# Counts far enough to take longer than any deadline here, unless it is stopped.
FOREVER = (
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000000000) "
    "SELECT count(*) FROM n"
)


@pytest.fixture
def endless(monkeypatch):
    """A read whose statement does not end by itself."""
    from sentry.integrations.source_code_management.actions import repositories

    def slow(caller, **fields):
        with connection.cursor() as cursor:
            cursor.execute(FOREVER)
        raise AssertionError("the statement was not stopped")

    monkeypatch.setattr(repositories, "get_repository", slow)


@pytest.mark.django_db(transaction=True)
def test_an_endless_statement_is_stopped_at_the_deadline(scene, endless):
    for content_type, headers in (
        (door.GRPC_WEB, {"grpc_timeout": "400m"}),
        (door.PROTO, {"connect_timeout_ms": "400"}),
    ):
        http = get(scene, content_type, **headers)
        if content_type == door.GRPC_WEB:
            assert door.grpc_web("GetRepository", http).status is RpcStatus.DEADLINE_EXCEEDED
        else:
            assert door.connect_failure(http).code == "deadline_exceeded"


@pytest.mark.django_db(transaction=True)
def test_the_next_call_is_not_bounded_by_the_last_ones_deadline(scene):
    get(scene, grpc_timeout="1n")
    time.monotonic()
    assert door.grpc_web("GetRepository", get(scene)).response.name == FULL_NAME


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="PostgreSQL's own")
@pytest.mark.django_db(transaction=True)
class TestStatementTimeout:
    @pytest.fixture
    def statements(self, monkeypatch):
        """What was sent to the server, below Django's own cursor."""
        import psycopg

        sent = []
        execute, run = psycopg.Cursor.execute, psycopg.Connection.execute

        def cursor_execute(self, query, *args, **kwargs):
            sent.append(str(query))
            return execute(self, query, *args, **kwargs)

        def connection_execute(self, query, *args, **kwargs):
            sent.append(str(query))
            return run(self, query, *args, **kwargs)

        monkeypatch.setattr(psycopg.Cursor, "execute", cursor_execute)
        monkeypatch.setattr(psycopg.Connection, "execute", connection_execute)
        return sent

    def timeout_now(self):
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return cursor.fetchone()[0]

    def test_only_a_deadline_that_was_sent_sets_it(self, scene, statements):
        get(scene)
        assert not any("statement_timeout" in sql for sql in statements)
        get(scene, grpc_timeout="30S")
        (value,) = [sql for sql in statements if sql.startswith("SET statement_timeout")]
        assert 25_000 < int(value.rpartition("=")[2]) <= 30_020

    def test_it_is_reset_afterwards(self, scene, statements):
        get(scene, grpc_timeout="30S")
        assert statements[-1] == "RESET statement_timeout" or "RESET" in "".join(statements)
        assert self.timeout_now() == "0"

    def test_a_connection_of_the_pool_is_clean_after_a_statement_was_stopped(
        self, scene, endless, statements
    ):
        get(scene, grpc_timeout="300m")
        assert self.timeout_now() == "0"

    def test_it_holds_for_streams_and_is_reset_at_their_end(self, scene, statements):
        request = scm_pb2.StreamFileBlameRequest(
            repository_id=scene.repository.id, commit_sha=scene.git.head(), filepath=PATH
        )
        door.post(
            "StreamFileBlame", door.framed(request), x_api_key=scene.token, grpc_timeout="30S"
        )
        assert any(sql.startswith("SET statement_timeout") for sql in statements)
        assert self.timeout_now() == "0"
