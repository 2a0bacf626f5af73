"""Each fault as a client meets it, over a real socket."""

import gzip
import json
import socket

import httpx
import pytest

from forge_emulator import FAULT_KINDS, Fault

PATH = "/repos/acme/shop"
QUERY = {"query": '{repository(owner:"acme",name:"shop"){id name a:url b:isPrivate}}'}


def raw_answer(emulator, path=PATH) -> bytes:
    """Every byte that the server sends until it closes."""
    host, port = emulator.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: t\r\n"
            "Authorization: Bearer ghp_test\r\n\r\n".encode()
        )
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


MESSAGES = {
    401: "Bad credentials",
    403: "Resource not accessible by integration",
    404: "Not Found",
    409: "Git Repository is empty.",
    410: "Issues has been disabled in this repository.",
    422: "Validation Failed",
    429: "Too Many Requests",
    500: "Server Error",
    502: "Server Error",
    503: "No server is currently available to service your request.",
    504: "Gateway Timeout",
}


@pytest.mark.parametrize("status", sorted(MESSAGES))
def test_status_in_the_hosts_form(emulator, client, status):
    emulator.faults.add(Fault(kind="status", status=status, times=1, headers={"Retry-After": "7"}))
    response = client.get(PATH)
    assert response.status_code == status
    assert response.json()["message"] == MESSAGES[status]
    assert response.headers["retry-after"] == "7"
    assert client.get(PATH).status_code == 200
    assert emulator.requests[0].fault == "status"
    assert emulator.requests[1].fault is None


def test_status_with_a_body(emulator, client):
    emulator.faults.add(
        Fault(kind="status", status=503, body=b"<p>down</p>", content_type="text/html")
    )
    response = client.get(PATH)
    assert (response.status_code, response.text) == (503, "<p>down</p>")
    assert response.headers["content-type"] == "text/html"
    assert client.get(PATH).status_code == 503


def test_matching_and_counting(emulator, client):
    emulator.faults.add(Fault(kind="status", status=500, match="/commits", times=2))
    emulator.faults.add(Fault(kind="status", status=502, method="post", match="rest", times=1))
    assert client.get(PATH).status_code == 200
    assert [client.get(f"{PATH}/commits").status_code for _ in range(3)] == [500, 500, 200]
    assert client.post(f"{PATH}/issues", json={"title": "x"}).status_code == 502
    assert client.post(f"{PATH}/issues", json={"title": "x"}).status_code == 201
    assert emulator.faults.pending() == []
    emulator.faults.add(Fault(kind="drop", match="graphql"))
    emulator.faults.clear()
    assert client.post("/graphql", json=QUERY).status_code == 200


def test_primary_limit(emulator, client, clock):
    emulator.faults.add(Fault(kind="rate_limit_primary", times=1))
    response = client.get(PATH)
    assert response.status_code == 403
    assert response.headers["x-ratelimit-remaining"] == "0"
    assert int(response.headers["x-ratelimit-reset"]) == int(clock.now.timestamp()) + 3600
    assert "API rate limit exceeded" in response.json()["message"]


def test_primary_limit_of_graphql(emulator, client):
    emulator.faults.add(Fault(kind="rate_limit_primary", times=1))
    response = client.post("/graphql", json=QUERY)
    assert response.json()["errors"][0]["type"] == "RATE_LIMITED"
    assert response.headers["x-ratelimit-remaining"] == "0"
    emulator.faults.add(Fault(kind="rate_limit_primary", times=1, status=429))
    assert client.post("/graphql", json=QUERY).status_code == 429


@pytest.mark.parametrize(("status", "seconds"), [(403, 3), (429, 0)])
def test_secondary_limit(emulator, client, status, seconds):
    emulator.faults.add(Fault(kind="rate_limit_secondary", status=status, seconds=seconds, times=1))
    response = client.get(PATH)
    assert response.status_code == status
    assert response.headers["retry-after"] == str(seconds)
    assert int(response.headers["x-ratelimit-remaining"]) > 0
    assert "secondary rate limit" in response.json()["message"]


def test_secondary_limit_without_limits(start_emulator, connect):
    emulator = start_emulator(rate_limit=None)
    emulator.faults.add(Fault(kind="rate_limit_secondary"))
    response = connect(emulator).get(PATH)
    assert (response.status_code, response.headers["retry-after"]) == (403, "60")


def test_errors_inside_graphql(emulator, client):
    emulator.faults.add(Fault(kind="graphql_errors", times=1))
    response = client.post("/graphql", json=QUERY)
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["message"]
    emulator.faults.add(Fault(kind="graphql_errors", times=1, body=b'{"errors": [{}]}'))
    assert client.post("/graphql", json=QUERY).json() == {"errors": [{}]}


def test_resource_limits(emulator, client):
    emulator.faults.add(Fault(kind="resource_limits_exceeded", match="graphql", times=2))
    answer = client.post("/graphql", json=QUERY).json()
    repository = answer["data"]["repository"]
    assert repository["name"] == "shop"
    assert repository["a"] is repository["b"] is None
    assert {error["type"] for error in answer["errors"]} == {"RESOURCE_LIMITS_EXCEEDED"}
    assert [error["path"] for error in answer["errors"]] == [
        ["repository", "a"],
        ["repository", "b"],
    ]
    missing = {"query": '{repository(owner:"no",name:"where"){id}}'}
    answer = client.post("/graphql", json=missing).json()
    assert answer["errors"][0]["path"] == []


@pytest.mark.parametrize("status", [None, 502])
def test_html(emulator, client, status):
    emulator.faults.add(Fault(kind="html", status=status))
    response = client.get(PATH)
    assert response.status_code == (status or 200)
    assert response.headers["content-type"].startswith("text/html")
    assert response.text.startswith("<!DOCTYPE html>")


def test_truncated(emulator, client):
    whole = client.get(PATH).content
    emulator.faults.add(Fault(kind="truncated", times=2))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(PATH)
    head, _, body = raw_answer(emulator).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(whole)}".encode() in head
    assert body == whole[: len(whole) // 2]
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_truncated_with_a_body(emulator):
    emulator.faults.add(Fault(kind="truncated", body=b"0123456789", content_type="text/plain"))
    head, _, body = raw_answer(emulator).partition(b"\r\n\r\n")
    assert body == b"01234"
    assert b"text/plain" in head


def test_empty(emulator, client):
    emulator.faults.add(Fault(kind="empty", times=1))
    response = client.get(PATH)
    assert (response.status_code, response.content) == (200, b"")


def test_drop(emulator, client):
    emulator.faults.add(Fault(kind="drop", times=2))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(PATH)
    assert raw_answer(emulator) == b""
    assert [request.status for request in emulator.requests] == [0, 0]


def test_latency_outlasts_a_timeout(emulator, client):
    emulator.faults.add(Fault(kind="latency", seconds=30, times=1))
    with pytest.raises(httpx.ReadTimeout):
        client.get(PATH, timeout=0.2)
    emulator.faults.add(Fault(kind="latency", seconds=0.01, times=1))
    assert client.get(PATH).json()["id"] == 1001


def test_stopping_ends_the_wait(emulator, connect):
    """A request that waits for a minute does not keep the emulator from stopping."""
    emulator.faults.add(Fault(kind="latency", seconds=600))
    with pytest.raises(httpx.ReadTimeout):
        connect(emulator).get(PATH, timeout=0.2)
    emulator.stop()
    with pytest.raises(RuntimeError):
        _ = emulator.url


def test_slow_drip(emulator, client):
    expected = client.get(PATH).json()
    emulator.faults.add(Fault(kind="slow_drip", seconds=0.2, times=1))
    with client.stream("GET", PATH) as response:
        parts = list(response.iter_raw(chunk_size=None))
    assert json.loads(b"".join(parts)) == expected
    assert len(parts) > 1


def test_slow_drip_ends_with_the_emulator(emulator, connect):
    emulator.faults.add(Fault(kind="slow_drip", seconds=600, body=b"x" * 100))
    client = connect(emulator)
    with client.stream("GET", PATH) as response:
        parts = response.iter_raw()
        assert response.headers["content-length"] == "100"
        emulator.stop()
        with pytest.raises(httpx.RemoteProtocolError):
            list(parts)


def test_oversized(emulator, client):
    emulator.faults.add(Fault(kind="oversized", size=3_000_000))
    response = client.get(PATH)
    assert len(response.content) == 3_000_000
    assert set(response.json()) == {"data"}


def test_gzip_bomb(emulator, client):
    emulator.faults.add(Fault(kind="gzip_bomb", size=5_000_000))
    with client.stream("GET", PATH) as response:
        packed = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert len(packed) < 50_000
    assert len(gzip.decompress(packed)) == 5_000_000


def test_redirect(emulator, client):
    emulator.faults.add(
        Fault(kind="redirect", location="http://other.example/x", status=301, times=1)
    )
    response = client.get(PATH)
    assert response.status_code == 301
    assert response.headers["location"] == "http://other.example/x"
    emulator.faults.add(Fault(kind="redirect", location="/repos/acme/empty", times=1))
    assert client.get(PATH, follow_redirects=True).json()["name"] == "empty"


def test_status_for_git(emulator, client):
    emulator.faults.add(Fault(kind="status", status=503, match="git"))
    url = "/acme/shop.git/info/refs?service=git-upload-pack"
    assert client.get(url).status_code == 503
    assert client.get(PATH).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "fire"}, "no fault"),
        ({"kind": "status"}, "needs a status"),
        ({"kind": "redirect"}, "needs a location"),
        ({"kind": "drop", "times": 0}, "1 or more"),
    ],
)
def test_faults_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        Fault(**arguments)


def test_every_kind_is_tested():
    from pathlib import Path

    here = Path(__file__)
    text = here.read_text() + (here.parent / "test_git_http.py").read_text()
    assert [kind for kind in FAULT_KINDS if f'kind="{kind}"' not in text] == []
