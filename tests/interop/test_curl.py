"""``curl`` and JSON: Connect by hand."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests import live
from tests.interop import facts

pytestmark = pytest.mark.skipif(not live.found("curl"), reason="needs curl, which was not found")
SERVICE = "sentry.integrations.scm.v1.ScmService"


def curl(server: str, method: str, request: object, *headers: str) -> tuple[int, Any]:
    """Posts JSON; gives the HTTP status and the decoded answer."""
    command = ["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", "--data", "@-"]
    for header in ("content-type: application/json", *headers):
        command += ["--header", header]
    done = subprocess.run(
        [*command, f"{server}/{SERVICE}/{method}"], input=json.dumps(request),
        capture_output=True, text=True, check=True, timeout=live.PATIENCE,
    )  # fmt: skip
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


@pytest.fixture
def key(installation: live.Platform) -> str:
    """The header with the installation's API key."""
    return f"x-api-key: {installation.api_key}"


@pytest.fixture
def slow_host(installation: live.Platform) -> Iterator[None]:
    """The host answers blame late: long after the deadline."""
    control = f"{installation.emulator_url}/_emulator/faults"
    fault = json.dumps({"kind": "latency", "seconds": 20, "match": "graphql", "times": 1}).encode()
    urllib.request.urlopen(urllib.request.Request(control, data=fault, method="POST")).close()
    yield
    urllib.request.urlopen(urllib.request.Request(control, method="DELETE")).close()


def test_a_call_with_json(server: str, installation: live.Platform, key: str) -> None:
    status, answer = curl(server, "ListRepositories", {"pageSize": 10}, key)
    assert status == 200
    (repository,) = answer["repositories"]
    assert repository["id"] == str(installation.repository_id)
    assert repository["name"] == "acme/shop"
    assert repository["provider"] == "PROVIDER_GITHUB"


def test_the_prefixed_path_answers_the_same(server: str, key: str) -> None:
    assert curl(f"{server}/grpc", "ListRepositories", {}, key) == curl(
        server, "ListRepositories", {}, key
    )


def test_blame_of_a_line(server: str, installation: live.Platform, key: str) -> None:
    request = {
        "repositoryId": installation.repository_id, "commitSha": facts.head(installation),
        "filepath": live.PATH, "lineNumber": 2,
    }  # fmt: skip
    status, answer = curl(server, "GetCommitContext", request, key)
    assert status == 200
    expected = facts.line(installation, 2)
    assert answer["blameCommitId"] == expected["commit"]
    assert answer["blameAuthor"]["name"] == expected["author"]
    assert answer["codeSnippet"] == expected["code"]


def test_an_error_is_connects_json_with_details(server: str, key: str) -> None:
    status, answer = curl(server, "GetRepository", {"repositoryId": 1}, key)
    assert (status, answer["code"]) == (404, "not_found")
    assert answer["details"][0]["type"] == "google.rpc.ErrorInfo"
    assert curl(server, "GetRepository", {"repositoryId": 1})[0] == 401


@pytest.mark.usefixtures("slow_host")
def test_a_deadline_ends_the_call_at_the_server(
    server: str, installation: live.Platform, key: str
) -> None:
    request = {
        "repositoryId": installation.repository_id, "commitSha": facts.head(installation),
        "filepath": live.PATH, "lineNumber": 1,
    }  # fmt: skip
    status, answer = curl(server, "GetCommitContext", request, key, "connect-timeout-ms: 300")
    assert (status, answer["code"]) == (504, "deadline_exceeded")
