"""Streams and connections: what a server does between two messages must not matter."""

import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from sentry.integrations.grpc.call import current_call, current_caller
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.actions import commit_context, repositories
from sentry.testutils.rpc import RpcStatus, unframe
from sentry.utils.deadline import deadline_end
from tests.sentry.integrations.grpc import door
from tests.sentry.integrations.scene import FULL_NAME, PATH


def environ_of(scene, message, method="StreamFileBlame", **more):
    import io

    body = door.framed(message)
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"{door.PATH}{method}",
        "QUERY_STRING": "",
        "CONTENT_TYPE": door.GRPC_WEB,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_API_KEY": scene.token,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        **more,
    }


def start(environ):
    """The parts of the application's answer, not asked for yet, and what was started."""
    from sentry.wsgi import application

    started = []

    def start_response(status, headers, _error=None, /):
        started.append((status, headers))
        return lambda _: None

    return application(environ, start_response), started


@pytest.fixture
def blame(scene):
    return scm_pb2.StreamFileBlameRequest(
        repository_id=scene.repository.id, commit_sha=scene.git.head(), filepath=PATH
    )


@pytest.fixture
def seen(monkeypatch):
    """What the action sees of its call at each step, and that it was closed."""
    real = commit_context.stream_file_blame
    steps: list[Any] = []

    def watching(caller, **fields):
        try:
            for part in real(caller, **fields):
                steps.append((current_caller(), current_call().policy.name, deadline_end()))
                yield part
        finally:
            steps.append("closed")

    monkeypatch.setattr(commit_context, "stream_file_blame", watching)
    return steps


def test_each_message_may_be_asked_for_in_another_context(scene, blame, seen):
    parts, started = start(environ_of(scene, blame, HTTP_GRPC_TIMEOUT="30S"))
    body = []
    iterator = iter(parts)
    while True:
        part = contextvars.Context().run(next, iterator, None)
        if part is None:
            break
        body.append(part)
    contextvars.Context().run(parts.close)

    assert started[0][0] == "200 OK"
    messages = [payload for flag, payload in unframe(b"".join(body)) if flag == 0]
    assert len(messages) > 1
    *steps, closed = seen
    assert closed == "closed"
    assert len(steps) == len(messages)
    assert len(set(steps)) == 1
    caller, method, end = steps[0]
    assert (caller.organization_id, method) == (scene.organization.id, "StreamFileBlame")
    assert end is not None


@pytest.mark.django_db(transaction=True)
def test_each_message_may_be_asked_for_in_another_thread(scene, blame, seen):
    parts, _ = start(environ_of(scene, blame))
    iterator = iter(parts)
    body = []
    while True:
        with ThreadPoolExecutor(1) as pool:
            part = pool.submit(next, iterator, None).result(60)
            pool.submit(connections.close_all).result(60)
        if part is None:
            break
        body.append(part)
    parts.close()
    frames = unframe(b"".join(body))
    assert frames[-1][0] == 0x80
    assert b"grpc-status: 0" in frames[-1][1]


def test_between_two_messages_nothing_is_current(scene, blame, seen):
    parts, _ = start(environ_of(scene, blame, HTTP_GRPC_TIMEOUT="30S"))
    for _ in parts:
        assert deadline_end() is None
        with pytest.raises(LookupError):
            current_call()
    parts.close()


def test_a_stream_that_is_left_early_is_closed(scene, blame, seen):
    parts, _ = start(environ_of(scene, blame))
    next(iter(parts))
    parts.close()
    assert seen[-1] == "closed"
    assert seen.count("closed") == 1
    assert deadline_end() is None


def test_a_stream_that_was_never_read_is_closed(scene, blame):
    parts, _ = start(environ_of(scene, blame))
    parts.close()
    assert deadline_end() is None


def test_the_deadline_ends_a_stream_between_messages(scene, blame, monkeypatch):
    """The first message is sent; then time passes."""
    real = commit_context.stream_file_blame

    def slow(caller, **fields):
        for number, part in enumerate(real(caller, **fields)):
            if number:
                current_call().deadline = 0.0
            yield part

    monkeypatch.setattr(commit_context, "stream_file_blame", slow)
    answer = scene.rpc("StreamFileBlame", blame)
    assert answer.status is RpcStatus.DEADLINE_EXCEEDED
    assert len(answer.responses) == 1


def test_a_failure_after_some_messages_keeps_them(scene, blame, monkeypatch):
    real = commit_context.stream_file_blame

    def breaking(caller, **fields):
        yield next(iter(real(caller, **fields)))
        raise ValueError("a secret cause")

    monkeypatch.setattr(commit_context, "stream_file_blame", breaking)
    answer = scene.rpc("StreamFileBlame", blame)
    assert answer.status is RpcStatus.INTERNAL
    assert len(answer.responses) == 1
    assert b"secret" not in answer.http.content


def test_a_stream_that_is_over_before_it_begins(scene, blame):
    answer = scene.rpc("StreamFileBlame", blame, headers={"grpc-timeout": "0S"})
    assert answer.status is RpcStatus.DEADLINE_EXCEEDED


def test_the_caller_is_unknown_before_it_was_asked_for(scene):
    from sentry.integrations.grpc.call import RpcCall, active
    from sentry.integrations.grpc.policy import POLICIES

    def nobody():
        raise AssertionError("it is not asked")

    call = RpcCall(
        policy=next(iter(POLICIES.values())),
        deadline=0.0,
        deadline_sent=False,
        authenticate=nobody,
    )
    with active(call), pytest.raises(LookupError):
        current_caller()


@pytest.mark.django_db(transaction=True)
class TestConnections:
    """No Django request ends here, so the door itself gives connections back."""

    def is_open(self):
        return connection.connection is not None

    def run_in_a_thread(self, work):
        results = []

        def run():
            try:
                results.append(work())
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(60)
        return results[0]

    def is_given_back(self):
        """PostgreSQL's go back to the pool; SQLite's stay open, and stay usable."""
        if connection.vendor == "postgresql":
            return not self.is_open()
        return connection.is_usable()

    def test_after_a_unary_call(self, scene):
        request = scm_pb2.GetRepositoryRequest(repository_id=scene.repository.id)

        def work():
            name = scene.rpc("GetRepository", request).response.name
            return name, self.is_given_back()

        assert self.run_in_a_thread(work) == (FULL_NAME, True)

    def test_after_a_call_that_failed(self, scene, monkeypatch):
        def fail(*_, **__):
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM nowhere")

        monkeypatch.setattr(repositories, "get_repository", fail)

        def work():
            answer = scene.rpc("GetRepository", scm_pb2.GetRepositoryRequest(repository_id=1))
            return answer.status, self.is_given_back()

        status, given_back = self.run_in_a_thread(work)
        assert status in {RpcStatus.INTERNAL, RpcStatus.UNAVAILABLE}
        assert given_back

    def test_at_a_streams_end(self, scene, blame):
        def work():
            answer = scene.rpc("StreamFileBlame", blame)
            return answer.status, self.is_given_back()

        assert self.run_in_a_thread(work) == (RpcStatus.OK, True)

    def test_when_a_stream_is_left_early(self, scene, blame):
        def work():
            parts, _ = start(environ_of(scene, blame))
            next(iter(parts))
            parts.close()
            return self.is_given_back()

        assert self.run_in_a_thread(work)

    def test_when_a_stream_is_refused(self, scene, blame):
        scene.token = "sapk_unknown"

        def work():
            answer = scene.rpc("StreamFileBlame", blame)
            return answer.status, self.is_given_back()

        assert self.run_in_a_thread(work) == (RpcStatus.UNAUTHENTICATED, True)

    @pytest.mark.skipif("connection.vendor != 'postgresql'", reason="PostgreSQL's own")
    def test_connections_that_broke_are_replaced(self, scene):
        """After the server ended them, each one in the pool fails one call at most."""
        import psycopg

        request = scm_pb2.GetRepositoryRequest(repository_id=scene.repository.id)
        pool_size = connection.settings_dict["OPTIONS"]["pool"]["max_size"]
        params = connection.get_connection_params()
        address = {name: params[name] for name in ("dbname", "user", "host", "port", "password")
                   if name in params}  # fmt: skip
        with psycopg.connect(**address, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        answers = [scene.rpc("GetRepository", request) for _ in range(pool_size + 1)]
        assert answers[-1].response.name == FULL_NAME
        assert {answer.status for answer in answers} <= {RpcStatus.OK, RpcStatus.UNAVAILABLE}
