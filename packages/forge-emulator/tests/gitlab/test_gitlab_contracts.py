"""Every kind of answer against the description that GitLab publishes of its own API."""

import os
from pathlib import Path

import pytest

from .conftest import SHOP

pytestmark = pytest.mark.contracts

REPOSITORY = f"{SHOP}/repository"
FILE = f"{REPOSITORY}/files/src%2Fapp.py"


@pytest.fixture
def emulator(start_emulator):
    """An emulator that holds all that passes against GitLab's description."""
    folder = os.environ.get("CONTRACTS_DIR")
    if not folder:
        pytest.skip("CONTRACTS_DIR is not set: the hosts' descriptions are not here")
    running = start_emulator(contracts=Path(folder))
    yield running
    assert running.problems == []
    assert running.checked > 0


READS = [
    "/user",
    "/users?search=a",
    "/personal_access_tokens/self",
    "/projects?membership=true&simple=true&order_by=id&sort=asc&pagination=keyset&per_page=2",
    "/projects?search=shop&search_namespaces=true&archived=false",
    SHOP,
    f"{REPOSITORY}/branches?search=ma",
    f"{REPOSITORY}/commits?ref_name=main&path=src&per_page=2&page=1",
    f"{REPOSITORY}/commits/main",
    f"{REPOSITORY}/commits/main/diff?per_page=1",
    f"{REPOSITORY}/commits/feature%2Fx/merge_requests",
    f"{REPOSITORY}/compare?from=old&to=main&straight=false",
    f"{REPOSITORY}/merge_base?refs=old,main",
    f"{REPOSITORY}/tree?ref=main&recursive=true&pagination=keyset&per_page=2",
    f"{REPOSITORY}/tree?recursive=true&pagination=none",
    f"{FILE}?ref=main",
    f"{FILE}/blame?ref=main&range[start]=1&range[end]=2",
    f"{FILE}/blame?ref=main",
    f"{SHOP}/search?scope=blobs&search=two",
    f"{SHOP}/-/search?scope=issues&search=x",
    f"{SHOP}/issues?state=all&search=x&order_by=created_at&sort=desc",
    f"{SHOP}/issues/1",
    f"{SHOP}/issues/1/notes",
    f"{SHOP}/hooks",
]


@pytest.fixture
def filled(emulator, client, shop):
    """With an issue, a note, a merge request and a hook."""
    user = client.get("/user").json()["id"]
    body = {"title": "x", "labels": ["a"], "assignee_ids": [user], "description": "d"}
    client.post(f"{SHOP}/issues", json=body)
    client.post(f"{SHOP}/issues/1/notes", json={"body": "y"})
    client.post(f"{SHOP}/hooks", json={"url": "http://127.0.0.1:1/", "token": "t"})
    merge = shop.git("rev-list", "--merges", "-1", "main")
    emulator.add_pull_request(
        "acme/tools/shop", title="z", head="feature/x", base="main", merge_commit=merge
    )
    return client


@pytest.mark.parametrize("url", READS)
def test_read(filled, url):
    answer = filled.get(url)
    assert answer.status_code == 200
    assert answer.json()


def test_changes(filled):
    hook = filled.get(f"{SHOP}/hooks").json()[0]["id"]
    answers = [
        filled.put(f"{SHOP}/issues/1", json={"state_event": "close", "assignee_ids": [0]}),
        filled.put(f"{SHOP}/hooks/{hook}", json={"url": "http://127.0.0.1:2/"}),
        filled.delete(f"{SHOP}/hooks/{hook}"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 204]


def test_what_is_refused(filled):
    answers = [
        filled.get("/projects/none%2Fnone"),
        filled.get(f"{REPOSITORY}/commits/none"),
        filled.get(f"{REPOSITORY}/files/none?ref=main"),
        filled.post(f"{SHOP}/issues", json={"title": ""}),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 400]
