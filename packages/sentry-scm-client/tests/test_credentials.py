"""Who calls: what is sent, what is refused, and that no secret is seen anywhere else."""

import io
import logging
import traceback
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sentry_scm_client import AsyncScmClient, Repository, RetryPolicy, ScmClient, ScmError

from .conftest import OpenDriver
from .loopback import ScmBackend, message_answer, status_answer

SECRET = "sntrys_do-not-show-me"
KINDS: dict[str, dict[str, Any]] = {
    "api_key": {"api_key": SECRET},
    "token": {"token": SECRET, "organization_id": 7},
    "shared_secret": {"shared_secret": SECRET, "key_id": "billing", "organization_id": 7},
    "header": {"api_key": "k", "headers": {"x-proxy-password": SECRET}},
}


def sent(**arguments: Any) -> httpx.Headers:
    """The headers of a call with these credentials."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return message_answer(Repository())

    with ScmClient("h", transport=httpx.MockTransport(answer), **arguments) as client:
        client.get_repository(1)
    return seen[0].headers


def test_api_key():
    headers = sent(api_key="k3y")
    assert headers["x-api-key"] == "k3y"
    assert not headers.keys() & {"authorization", "x-organization-id", "x-signature"}


def test_token():
    headers = sent(token="sntryu_1", organization_id=7)
    assert headers["authorization"] == "Bearer sntryu_1"
    assert headers["x-organization-id"] == "7"
    assert "x-api-key" not in headers


def test_shared_secret():
    headers = sent(shared_secret="s", key_id="billing", organization_id=7)
    assert headers["x-key-id"] == "billing"
    assert headers["x-signature"].startswith("v1=")
    assert not headers.keys() & {"authorization", "x-api-key"}


@pytest.mark.parametrize("client", [ScmClient, AsyncScmClient])
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "exactly one credential.*got none"),
        ({"api_key": "a", "token": "b"}, "got api_key and token"),
        ({"api_key": "a", "shared_secret": "b"}, "got api_key and shared_secret"),
        ({"shared_secret": "a"}, "needs key_id= and organization_id="),
        ({"shared_secret": "a", "key_id": "k"}, "needs key_id= and organization_id="),
        ({"shared_secret": "", "key_id": "k", "organization_id": 1}, "shared_secret is empty"),
        ({"shared_secret": "a", "key_id": "", "organization_id": 1}, "key_id must be"),
        ({"shared_secret": "a", "key_id": "a\nb", "organization_id": 1}, "key_id must be"),
        ({"api_key": "a", "key_id": "k"}, "key_id= belongs to shared_secret="),
        ({"api_key": ""}, "api_key is empty"),
        ({"api_key": f"{SECRET}\n"}, "api_key must be printable ASCII"),
        ({"api_key": f"{SECRET}ü"}, "api_key must be printable ASCII"),
        ({"token": " "}, "token is empty"),
        ({"token": f" {SECRET}"}, "token must be printable ASCII"),
        ({"api_key": "a", "organization_id": 0}, "organization_id must be more than 0"),
        ({"api_key": "a", "headers": {"X-Api-Key": SECRET}}, "sets the header x-api-key itself"),
        ({"api_key": "a", "headers": {"x-signature-nonce": "x"}}, "sets the header"),
        ({"api_key": "a", "headers": {"a b": "x"}}, "header's name"),
        ({"api_key": "a", "headers": {"x-a": f"{SECRET}\r\ny: z"}}, "header x-a must be"),
        ({"api_key": "a", "compression": "br"}, "compression"),
        ({"api_key": "a", "max_response_bytes": 0}, "max_response_bytes"),
        ({"api_key": "a", "ca_file": "x", "ssl_context": object()}, "not both"),
        ({"api_key": "a", "path_prefix": "/a?b"}, "path_prefix"),
    ],
)
def test_wrong_arguments(client: type, arguments: dict[str, Any], text: str):
    with pytest.raises(ValueError, match=text) as caught:
        client("h", **arguments)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("host", "secure", "text"),
    [
        ("", True, "host must be like"),
        ("https://", True, "host must be like"),
        ("ftp://h", True, "host must be like"),
        ("h:port", True, "host must be like"),
        ("h:99999", True, "host must be like"),
        ("http://[::1", False, "host must be like"),
        ("a b", True, "host must be like"),
        ("bücher.example", True, "host must be like"),
        (f"https://user:{SECRET}@h", True, "user or password"),
        (f"https://h/?token={SECRET}", True, "query"),
        ("https://h/#x", True, "fragment"),
        ("http://h", True, "secure=False"),
        ("https://h", False, "contradicts"),
    ],
)
def test_wrong_host(host: str, secure: bool, text: str):
    with pytest.raises(ValueError, match=text) as caught:
        ScmClient(host, "k", secure=secure)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "arguments", "url"),
    [
        ("sentry.example.com:443", {}, "https://sentry.example.com:443"),
        ("sentry.example.com", {}, "https://sentry.example.com"),
        ("localhost:8000", {"secure": False}, "http://localhost:8000"),
        ("https://sentry.example.com/base/", {}, "https://sentry.example.com/base"),
        ("[::1]:80", {"secure": False, "path_prefix": "grpc/"}, "http://[::1]:80/grpc"),
    ],
)
def test_address(host: str, arguments: dict[str, Any], url: str):
    client = ScmClient(host, "k", **arguments)
    endpoint = client._settings.endpoint
    client.close()
    assert endpoint.url("X") == f"{url}/sentry.integrations.scm.v1.ScmService/X"


@pytest.mark.parametrize("kind", KINDS)
def test_secret_is_in_no_repr(open_driver: OpenDriver, kind: str):
    driver = open_driver("h", **KINDS[kind], secure=True)
    client = driver.client
    everything = [client, client._connection, client._connection._auth, client._settings]
    shown = [f"{thing!r} {thing!s}" for thing in everything]
    shown += [repr(vars(client)), repr(vars(client._connection))]
    assert SECRET not in "".join(shown)
    assert repr(client) == f"<{type(client).__name__} https://h>"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "fate",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.LocalProtocolError(f"Illegal header value b'{SECRET}'"),
        16,
        13,
        "html",
    ],
    ids=str,
)
def test_secret_is_in_no_exception(open_driver: OpenDriver, kind: str, fate: Any):
    def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(fate, Exception):
            raise fate
        if isinstance(fate, int):
            return status_answer(fate, "refused")
        return httpx.Response(502, html=f"<p>{request.headers}</p>")

    driver = open_driver(
        "h",
        transport=httpx.MockTransport(answer),
        retries=RetryPolicy.NONE,
        secure=True,
        **KINDS[kind],
    )
    with pytest.raises(ScmError) as caught:
        driver.call("get_repository", 1)
    _assert_no_trace(caught.value)


def _assert_no_trace(error: BaseException) -> None:
    """No secret in the error, its causes, or the local variables of any frame of ours."""
    assert error.__cause__ is None
    assert error.__context__ is None
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    # The frames of this test hold the secret on purpose; those of the client must not.
    ours = [frame for frame in told.stack if "/tests/" not in frame.filename]
    assert any("sentry_scm_client" in frame.filename for frame in ours)
    assert SECRET not in "".join(f"{frame.line} {frame.locals}" for frame in ours)
    assert SECRET not in f"{error!r} {error!s} {error.args} {vars(error)}"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What httpx, httpcore and we log at their most talkative, however logging is set up."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    loggers = [logging.getLogger()]
    loggers += [
        logger
        for name, logger in logging.root.manager.loggerDict.items()
        if name.startswith(("httpx", "httpcore", "sentry_scm_client", "h11", "asyncio"))
        and isinstance(logger, logging.Logger)
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        monkeypatch.setattr(logger, "disabled", False)
        monkeypatch.setattr(logger, "propagate", False)
        logger.setLevel(1)
        logger.addHandler(handler)
    yield stream
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
        logger.removeHandler(handler)


@pytest.mark.parametrize("kind", KINDS)
def test_secret_is_in_no_log(
    open_driver: OpenDriver, host: str, backend: ScmBackend, log: io.StringIO, kind: str
):
    driver = open_driver(host, **KINDS[kind])
    driver.call("get_repository", 1)
    driver.call("stream_file_blame", 1, "abcd", "a.py")
    assert "send_request_headers" in log.getvalue()
    assert SECRET not in log.getvalue()
    assert SECRET in str(backend.seen[0].headers) or kind == "shared_secret"
