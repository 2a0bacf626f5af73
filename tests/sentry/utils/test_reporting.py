"""Reports of unhandled errors, received by a small server on loopback."""

import gzip
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from google.rpc import error_details_pb2

from sentry.api.endpoints import organizations
from sentry.conf.dsn import check_dsn
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.actions import repositories
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories
from sentry.testutils.rpc import RpcStatus, call
from sentry.utils import reporting, request_id
from sentry.utils.reporting_client import QUEUE_SIZE, ReportClient, _Transport

PATIENCE = 10
SECRET = "sntryu_" + "5e" * 32
PASSWORD = "hunter2hunter2"


@dataclass
class Receiver:
    """A server that takes envelopes."""

    dsn: str
    bodies: list[bytes] = field(default_factory=list)

    def events(self) -> list[dict[str, Any]]:
        """The events in all envelopes: every third line is an item's payload."""
        return [json.loads(body.split(b"\n")[2]) for body in self.bodies]


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    made = Receiver(dsn="")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            is_gzip = self.headers.get("content-encoding") == "gzip"
            made.bodies.append(gzip.decompress(body) if is_gzip else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        made.dsn = f"http://public@127.0.0.1:{server.server_port}/7"
        settings.SENTRY_SDK_DSN = made.dsn
        yield made
        reporting._client(made.dsn).close()
        reporting._client.cache_clear()
        server.shutdown()
        thread.join()


@pytest.fixture
def api_key(db) -> str:
    scopes = ["org:read", "repository:read"]
    _, token = Factories.create_api_key(Factories.create_organization(), scopes)
    return token


def fail(*_: object, **__: object) -> None:
    local = PASSWORD + "-local"
    raise ValueError(f"{local[:0]}token {SECRET} at https://ada:{PASSWORD}@host.example/")


def rpc(token: str, **headers: str) -> Any:
    request = scm_pb2.GetRepositoryRequest(repository_id=1)
    return call(Client(), "GetRepository", request, token=token, headers=headers)


def test_an_error_of_an_rpc_arrives_without_secrets(receiver, api_key, monkeypatch):
    monkeypatch.setattr(repositories, "get_repository", fail)
    answer = rpc(api_key, **{"x-request-id": "mine", "cookie": "a=b"})
    assert answer.status is RpcStatus.INTERNAL
    reporting.flush(PATIENCE)
    (event,) = receiver.events()
    assert event["event_id"] == answer.detail(error_details_pb2.ErrorInfo).metadata["event_id"]
    assert event["logentry"]["message"] == "rpc.unhandled_error"
    assert event["extra"]["method"] == "GetRepository"
    assert event["tags"] == {"silo_mode": "MONOLITH", "request_id": "mine"}
    (exception,) = event["exception"]["values"]
    assert exception["type"] == "ValueError"
    assert exception["stacktrace"]["frames"][-1]["function"] == "fail"
    (body,) = receiver.bodies
    for secret in (SECRET, f"{PASSWORD}@", f"{PASSWORD}-local", api_key, "a=b", '"vars"'):
        assert secret.encode() not in body


def test_an_error_of_a_rest_endpoint_arrives(receiver, api_key, monkeypatch):
    monkeypatch.setattr(organizations, "list_organizations", fail)
    response = Client().get("/api/0/organizations/", headers={"x-api-key": api_key})
    assert response.status_code == 500
    reporting.flush(PATIENCE)
    (event,) = receiver.events()
    assert event["event_id"] == response.json()["eventId"]
    assert event["tags"]["request_id"] == response["x-request-id"]
    for secret in (SECRET, f"{PASSWORD}@", api_key):
        assert secret.encode() not in receiver.bodies[0]


def test_an_error_outside_of_endpoints_arrives_with_its_cause(receiver, db, monkeypatch):
    monkeypatch.setattr("sentry.api.base.Endpoint.finalize_response", fail)
    response = Client().get("/api/0/organizations/")
    reporting.flush(PATIENCE)
    (event,) = receiver.events()
    assert event["event_id"] == response.json()["eventId"]
    assert event["exception"]["values"][-1]["type"] == "ValueError"


def test_what_a_caller_does_wrong_is_not_reported(receiver, api_key):
    assert rpc("nonsense").status is RpcStatus.UNAUTHENTICATED
    assert rpc(api_key).status is RpcStatus.NOT_FOUND
    assert Client().get("/api/0/nowhere/").status_code == 404
    reporting.flush(PATIENCE)
    assert receiver.bodies == []


def test_without_a_dsn_nothing_is_sent(receiver, settings, caplog):
    settings.SENTRY_SDK_DSN = ""
    event_id = reporting.report_exception("test.failed", error=ValueError("why"), fact=1)
    reporting.flush(PATIENCE)
    assert receiver.bodies == []
    (record,) = caplog.records
    assert (record.getMessage(), record.event_id, record.fact) == ("test.failed", event_id, 1)


def test_the_error_at_hand_is_found(receiver):
    try:
        fail()
    except ValueError:
        reporting.report_exception("test.failed")
    reporting.report_exception("test.without_error")
    reporting.flush(PATIENCE)
    first, second = receiver.events()
    assert first["exception"]["values"][0]["type"] == "ValueError"
    assert "exception" not in second


def test_nothing_is_sent_while_an_own_envelope_is_handled(receiver, caplog):
    with reporting.silenced():
        event_id = reporting.report_exception("ingest.failed", error=ValueError("why"))
    reporting.flush(PATIENCE)
    assert receiver.bodies == []
    assert event_id in {getattr(record, "event_id", "") for record in caplog.records}


def test_an_error_inside_of_reporting_is_logged_alone(receiver, monkeypatch, caplog):
    def broken(*_: object, **__: object) -> None:
        reporting.report_exception("inner.failed", error=ValueError("inner"))
        raise RuntimeError("the reporter broke")

    monkeypatch.setattr(ReportClient, "send", broken)
    event_id = reporting.report_exception("test.failed", error=ValueError("why"))
    assert [record.getMessage() for record in caplog.records] == [
        "test.failed",
        "inner.failed",
        "reporting.failed",
    ]
    assert caplog.records[-1].lost_event_id == event_id


def test_own_keys(settings):
    settings.SENTRY_SDK_DSN = "https://public@errors.example/7"
    assert reporting.is_own_key("public")
    assert not reporting.is_own_key("other")
    settings.SENTRY_SDK_DSN = ""
    assert not reporting.is_own_key("")


@pytest.fixture
def mute_server(settings) -> Iterator[None]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listening:
        dsn = f"http://public@127.0.0.1:{listening.getsockname()[1]}/7"
        settings.SENTRY_SDK_DSN = dsn
        yield
    reporting._client.cache_clear()


def test_a_server_that_does_not_answer_costs_the_request_nothing(
    mute_server, api_key, monkeypatch, settings
):
    monkeypatch.setattr(repositories, "get_repository", fail)
    waiting = threading.Event()
    monkeypatch.setattr(_Transport, "_send_request", lambda *_, **__: waiting.wait(PATIENCE))
    # As many as fit into the queue and more: not one of these may wait for the thread that sends.
    for number in range(QUEUE_SIZE + 20):
        with request_id.bound(str(number)):
            assert rpc(api_key).status is RpcStatus.INTERNAL
    assert not waiting.is_set()
    waiting.set()
    reporting._client(settings.SENTRY_SDK_DSN).close()


def test_a_failed_delivery_is_said_once_and_not_reported(settings, monkeypatch, caplog):
    monkeypatch.setattr(_Transport, "_last_said", -1e9)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings.SENTRY_SDK_DSN = f"http://public@127.0.0.1:{port}/7"
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            reporting.report_exception("test.failed", error=ValueError("why"))
            reporting.flush(PATIENCE)
        _until(lambda: "reporting.delivery_failed" in caplog.text)
    reporting._client(settings.SENTRY_SDK_DSN).close()
    reporting._client.cache_clear()
    names = [record.getMessage() for record in caplog.records]
    assert names.count("reporting.delivery_failed") == 1
    assert set(names) == {"test.failed", "reporting.delivery_failed"}


def _until(condition: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


@pytest.mark.parametrize(
    "text",
    ["nonsense", "https://host/7", "ftp://key@host/7", "https://key@host/", "https://key@host:x/7",
     "https://key@/7", "https://key@host/seven"],
)  # fmt: skip
def test_a_malformed_dsn_stops_the_start_and_is_not_repeated(text):
    with pytest.raises(ImproperlyConfigured, match="SENTRY_SDK_DSN: expected") as caught:
        check_dsn(text)
    assert str(caught.value) == "SENTRY_SDK_DSN: expected https://key@host/project"


@pytest.mark.parametrize("text", ["", "https://key@host/7", "http://key:old@host:9000/a/b/7"])
def test_a_dsn(text):
    assert check_dsn(text) == text


def test_the_ambient_dsn_is_not_ours(monkeypatch, settings):
    monkeypatch.setitem(os.environ, "SENTRY_DSN", "http://public@127.0.0.1:1/7")
    assert settings.SENTRY_SDK_DSN == ""
