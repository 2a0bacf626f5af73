"""What several worker processes on one database know of each other."""

import http.client
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils import rpc
from tests import live
from tests.sentry.signing import METHOD, headers_of, request_to, shared_secrets, signed

BODY = rpc.frame(scm_pb2.ListRepositoriesRequest().SerializeToString())
UNAUTHENTICATED = "16"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A server of two workers and one of a single worker, on one database."""

    servers: tuple[str, str]
    home: Path
    environment: dict[str, str]
    organization_id: int
    api_key: str
    api_key_id: int


def post(url: str, path: str, headers: dict[str, str]) -> str:
    """The grpc-status of a call over a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=live.PATIENCE)
    try:
        connection.request("POST", path, BODY, {"content-type": rpc.CONTENT_TYPE, **headers})
        body = connection.getresponse().read()
    finally:
        connection.close()
    trailers = rpc._parse_trailers(rpc.unframe(body)[-1][1])
    return trailers["grpc-status"]


def run_sentry(environment: dict[str, str], *arguments: str) -> None:
    """Runs the ``sentry`` command; fails with it."""
    subprocess.run(
        [str(live.BIN / "sentry"), *arguments],
        env=environment,
        check=True,
        capture_output=True,
        timeout=live.PATIENCE,
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp("cluster")
    environment = {
        **os.environ,
        "SENTRY_HOME": str(home),
        "SCM_SHARED_SECRETS": shared_secrets(),
        "SENTRY_OPTION_AUTH_CACHE_TTL": "0",
    }
    run_sentry(environment, "init")

    def sentry(*arguments):
        return live._sentry(environment, home, *arguments)

    organization = sentry("organization", "create", "Acme", "--slug", "acme")
    token = home / "api.key"
    created = sentry(
        "apikey", "create", "--organization", "acme", "--scopes", "repository:read",
        "--token-file", str(token),
    )  # fmt: skip
    run = [str(live.BIN / "sentry"), "run", "web", "--no-tasks", "--port", "0", "--workers"]
    with ExitStack() as stack:
        two = stack.enter_context(live.running([*run, "2"], environment, home))
        one = stack.enter_context(live.running([*run, "1"], environment, home))
        yield Cluster(
            servers=(two.url, one.url),
            home=home,
            environment=environment,
            organization_id=organization["id"],
            api_key=token.read_text(encoding="ascii").strip(),
            api_key_id=created["id"],
        )


def sign(cluster: Cluster, **fields: str):
    return signed(request_to("ListRepositories", BODY, cluster.organization_id, **fields))


def test_a_request_that_one_process_took_is_refused_by_all_others(cluster):
    request = sign(cluster)
    path, headers = request.path, headers_of(request)
    two, one = cluster.servers
    assert post(two, path, headers) == "0"
    assert post(one, path, headers) == UNAUTHENTICATED
    assert {post(two, path, headers) for _ in range(12)} == {UNAUTHENTICATED}


def test_of_the_same_request_sent_to_all_at_once_one_is_taken(cluster):
    from concurrent.futures import ThreadPoolExecutor

    request = sign(cluster, nonce=secrets.token_urlsafe(18))
    with ThreadPoolExecutor(8) as pool:
        statuses = list(
            pool.map(
                lambda number: post(cluster.servers[number % 2], request.path, headers_of(request)),
                range(16),
            )
        )
    assert sorted(statuses) == ["0"] + [UNAUTHENTICATED] * 15


def test_a_key_that_is_revoked_by_another_process_is_refused(cluster):
    headers = {"x-api-key": cluster.api_key}
    path = METHOD + "ListRepositories"
    assert {post(url, path, headers) for url in cluster.servers * 2} == {"0"}
    revoke = ["apikey", "revoke", str(cluster.api_key_id), "--organization", "acme"]
    run_sentry(cluster.environment, *revoke)
    assert {post(url, path, headers) for url in cluster.servers * 2} == {UNAUTHENTICATED}
