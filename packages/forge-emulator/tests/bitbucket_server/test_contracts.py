"""Every kind of answer against the description that Atlassian publishes of the API."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.contracts

API = "/rest/api/latest"
REPO = f"{API}/projects/ACME/repos/shop"
HEAD = "refs%2Fheads%2Fmain"

READS = [
    f"{API}/application-properties",
    f"{API}/repos",
    f"{API}/repos?name=sh&permission=REPO_ADMIN&start=0&limit=1",
    f"{API}/projects/ACME/repos",
    f"{API}/users/dora",
    REPO,
    f"{API}/projects/~dora/repos/old",
    f"{REPO}/default-branch",
    f"{REPO}/branches?filterText=feat",
    f"{REPO}/commits",
    f"{REPO}/commits?until=main&path=src%2Fapp.py&followRenames=true&start=1&limit=2",
    f"{REPO}/browse/src/app.py?blame=true&at={HEAD}",
    f"{REPO}/browse/src/app.py?blame=true&noContent=true&at={HEAD}",
    f"{REPO}/browse/src/app.py?size=true",
    f"{REPO}/browse/src/app.py?type=true",
    f"{REPO}/browse",
    f"{REPO}/browse/docs",
    f"{REPO}/browse/docs/gr%C3%BC%C3%9Fe%20%E2%98%83.md",
    f"{REPO}/files",
    f"{REPO}/files/docs",
    f"{REPO}/raw/a%20b.txt?at=main",
    f"{REPO}/compare/commits?from=main&to=old",
    f"{REPO}/compare/changes?from=main&to=old",
    f"{REPO}/webhooks",
]


@pytest.fixture
def checked(start):
    """An emulator that holds all that passes against the description."""
    folder = os.environ.get("CONTRACTS_DIR")
    if not folder:
        pytest.skip("CONTRACTS_DIR is not set: the hosts' descriptions are not here")
    running = start(contracts=Path(folder))
    yield running
    assert running.problems == []


@pytest.fixture
def client(checked, connect):
    return connect(checked)


@pytest.mark.parametrize("url", READS)
def test_read(checked, client, url):
    assert client.get(url).status_code == 200
    assert checked.checked == int("/raw/" not in url)


def test_commits_and_their_pull_requests(checked, client, shop):
    for oid in shop.commits:
        assert client.get(f"{REPO}/commits/{oid}").status_code == 200
        assert client.get(f"{REPO}/commits/{oid}/changes").status_code == 200
    merged = shop.commits[6]
    for title, merge in (("P", None), ("Q", merged)):
        checked.add_pull_request(
            "ACME/shop", title=title, head="feature/x", base="old", merge_commit=merge
        )
    declined = checked.add_pull_request("ACME/shop", title="R", head="feature/x", base="old")
    checked.change_pull_request("ACME/shop", declined.number, closed=True)
    answer = client.get(f"{REPO}/commits/{merged}/pull-requests")
    assert [pull["state"] for pull in answer.json()["values"]] == ["MERGED"]


def test_webhooks(checked, client):
    body = {
        "name": "sentry",
        "url": "https://sentry.example/hook",
        "events": ["repo:refs_changed"],
        "configuration": {"secret": "s3cret"},
        "active": True,
        "sslVerificationRequired": True,
    }
    made = client.post(f"{REPO}/webhooks", json=body).json()
    one = f"{REPO}/webhooks/{made['id']}"
    assert client.get(one).json() == made
    assert client.put(one, json=body | {"name": "other"}).json()["name"] == "other"
    assert client.delete(one).status_code == 204
    assert checked.checked == 3


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (f"{API}/projects/ACME/repos/none", 404),
        (f"{API}/projects/NONE/repos", 404),
        (f"{REPO}/commits/{'0' * 40}", 404),
        (f"{REPO}/browse/none", 404),
        (f"{REPO}/files/a%20b.txt", 400),
        (f"{API}/projects/ACME/repos/empty/default-branch", 404),
        (f"{REPO}/compare/changes?from=none&to=main", 404),
    ],
)
def test_errors(checked, client, url, status):
    assert client.get(url).status_code == status
    assert checked.checked == 1
