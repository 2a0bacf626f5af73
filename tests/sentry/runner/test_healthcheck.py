"""The health check of a container; the door itself is tested in ``tests/tooling/test_container``."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sentry.runner import healthcheck


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_known = (self.path, self.headers["Host"]) == ("/_health/", "sentry.example.com")
        self.send_response(200 if is_known else 400)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Says nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/_health/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("hosts", "sent"),
    [
        ("", "localhost"),
        ("*", "localhost"),
        ("sentry.example.com,localhost", "sentry.example.com"),
        (".example.com", "example.com"),
    ],
)
def test_the_host_header_is_one_that_is_allowed(hosts: str, sent: str) -> None:
    assert healthcheck.allowed_host({"SENTRY_ALLOWED_HOSTS": hosts}) == sent


def test_a_server_that_lives(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["healthcheck", url])
    monkeypatch.setenv("SENTRY_ALLOWED_HOSTS", "sentry.example.com")
    assert healthcheck.main() == 0
    monkeypatch.setenv("SENTRY_ALLOWED_HOSTS", "*")
    assert healthcheck.main() == 1
    assert capsys.readouterr().err == "status 400\n"


def test_nobody_answers() -> None:
    assert healthcheck.check("http://127.0.0.1:1/", "localhost") == (
        "no answer: ConnectionRefusedError"
    )
