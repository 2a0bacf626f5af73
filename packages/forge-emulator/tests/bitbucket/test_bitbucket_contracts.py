"""Every kind of answer against the description that Bitbucket publishes of its own API."""

import os
from pathlib import Path

import pytest

from .conftest import OAUTH_TOKEN, bearer

pytestmark = pytest.mark.contracts

REPO = "/repositories/acme/shop"


@pytest.fixture(scope="session")
def contracts() -> Path:
    folder = os.environ.get("CONTRACTS_DIR")
    if not folder:
        pytest.skip("CONTRACTS_DIR is not set: the hosts' descriptions are not here")
    return Path(folder)


@pytest.fixture
def emulator(start_emulator, contracts):
    """An emulator that holds all that passes against Bitbucket's description."""
    running = start_emulator(contracts=contracts)
    yield running
    assert running.problems == []
    assert running.checked > 0


@pytest.fixture
def filled(emulator, client, shop):
    """An emulator with a merged and an open pull request, and a hook."""
    emulator.add_pull_request(
        "acme/shop", title="z", head="feature/x", base="main", merge_commit=shop.commits[6]
    )
    emulator.add_pull_request("acme/shop", title="y", head="main", base="old", body="*text*")
    client.post(
        f"{REPO}/hooks",
        json={"url": "https://x.example/", "events": ["repo:push"], "secret": "s", "active": True},
    )
    return client


READS = [
    "/user",
    "/user/workspaces",
    "/workspaces/acme",
    "/repositories/acme",
    "/repositories/acme?q=name%20~%20%22sho%22&pagelen=1",
    REPO,
    f"{REPO}/commit/main",
    f"{REPO}/commit/main/pullrequests",
    f"{REPO}/commits?pagelen=2",
    f"{REPO}/commits/main?exclude=old&path=src",
    f"{REPO}/diffstat/main",
    f"{REPO}/diffstat/main..old?topic=true",
    f"{REPO}/hooks",
    f"{REPO}/merge-base/main..old",
    f"{REPO}/pullrequests",
    f"{REPO}/pullrequests?state=MERGED",
    f"{REPO}/pullrequests/1",
    f"{REPO}/refs?q=name%3D%22main%22",
    f"{REPO}/refs/branches",
    f"{REPO}/refs/branches/feature%2Fx",
    f"{REPO}/refs/tags",
    f"{REPO}/src/main/?max_depth=5",
    f"{REPO}/src/main/src/",
    f"{REPO}/src/main/crlf.txt?format=meta",
    "/workspaces/acme/search/code?search_query=two%20repo%3Ashop",
    "/workspaces/acme/search/code?search_query=two&fields=%2Bvalues.file.commit.repository",
]


@pytest.mark.parametrize("url", READS)
def test_read(filled, url):
    response = filled.get(url)
    assert response.status_code == 200
    assert response.json()


def test_the_main_branch(client):
    response = client.get(f"{REPO}/src", follow_redirects=True)
    assert response.json()["values"]


def test_hooks(filled):
    (hook,) = filled.get(f"{REPO}/hooks").json()["values"]
    address = f"{REPO}/hooks/{hook['uuid']}"
    answers = [
        filled.get(address),
        filled.put(address, json={"url": "https://y.example/", "events": ["repo:updated"]}),
        filled.delete(address),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 204]


def test_errors(emulator, connect, client):
    emulator.add_token(OAUTH_TOKEN, "dora", "account")
    answers = [
        client.get("/repositories/acme/none"),
        client.get("/repositories/none"),
        client.get(f"{REPO}/commit/none"),
        client.get(f"{REPO}/src/main/none"),
        connect(emulator, bearer("wrong")).get("/user"),
        connect(emulator, bearer(OAUTH_TOKEN)).get(REPO),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 404, 401, 403]
