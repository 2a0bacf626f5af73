"""Issues, notes, merge requests and webhooks, which are kept in memory."""

import base64

import pytest

from .conftest import SHOP

ISSUES = f"{SHOP}/issues"
SIGNING = f"whsec_{base64.b64encode(b'k' * 32).decode()}"


def test_an_issue_is_opened_changed_and_found(client, emulator):
    alice = client.get("/users?username=ALICE").json()[0]["id"]
    made = client.post(
        ISSUES,
        json={"title": "Red door", "description": "d", "labels": "a,b", "assignee_ids": [alice, 7]},
    )
    assert made.status_code == 201
    body = made.json()
    assert (body["iid"], body["state"], body["labels"]) == (1, "opened", ["a", "b"])
    assert [user["username"] for user in body["assignees"]] == ["alice"]
    assert body["web_url"] == f"{emulator.url}/acme/tools/shop/-/issues/1"
    closed = client.put(f"{ISSUES}/1", json={"state_event": "close", "assignee_ids": [0]}).json()
    assert (closed["state"], closed["assignees"]) == ("closed", [])
    assert client.put(f"{ISSUES}/1", json={"state_event": "close"}).json()["state"] == "closed"
    assert client.put(f"{ISSUES}/1", json={"state_event": "reopen"}).json()["closed_at"] is None
    for query, count in (
        ("search=DOOR red", 1),
        ("search=blue", 0),
        ("state=closed", 0),
        ("state=opened", 1),
        ("created_after=2027-01-01T00:00:00Z", 0),
        ("labels=a,b", 1),
        ("iids[]=2", 0),
    ):
        assert len(client.get(f"{ISSUES}?{query}").json()) == count
    assert len(client.get(f"{SHOP}/search?scope=issues&search=red").json()) == 1


def test_notes(client):
    client.post(ISSUES, json={"title": "x"})
    made = client.post(f"{ISSUES}/1/notes", json={"body": "Hello"})
    assert (made.status_code, made.json()["body"]) == (201, "Hello")
    client.post(f"{ISSUES}/1/notes", json={"body": "Again"})
    listed = client.get(f"{ISSUES}/1/notes").json()
    assert [note["body"] for note in listed] == ["Again", "Hello"]
    assert client.get(f"{ISSUES}/1").json()["user_notes_count"] == 2
    assert client.post(f"{ISSUES}/9/notes", json={"body": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        ({}, 400, {"error": "title is missing"}),
        ({"title": ""}, 400, {"message": {"title": ["can't be blank"]}}),
        ({"title": 7}, 400, {"error": "title is invalid"}),
        ({"title": "x", "assignee_ids": ["a"]}, 400, {"error": "assignee_ids is invalid"}),
    ],
)
def test_an_issue_that_is_refused(client, body, status, answer):
    given = client.post(ISSUES, json=body)
    assert (given.status_code, given.json()) == (status, answer)
    assert client.post(ISSUES, content=b"[").status_code == 400


def test_a_project_that_takes_nothing(client):
    assert client.post("/projects/1004/issues", json={"title": "x"}).status_code == 403
    assert client.get("/projects/1004/issues").status_code == 403
    assert client.post("/projects/1004/hooks", json={"url": "http://x"}).status_code == 403


def test_merge_requests_of_a_commit(client, emulator, shop):
    client.post(ISSUES, json={"title": "x"})
    merge = shop.git("rev-list", "--merges", "-1", "main")
    emulator.add_pull_request(
        "acme/tools/shop", title="Feature", head="feature/x", base="main", merge_commit=merge
    )
    tip = shop.git("rev-parse", "feature/x")
    (found,) = client.get(f"{SHOP}/repository/commits/{tip}/merge_requests").json()
    assert (found["iid"], found["state"], found["merge_commit_sha"]) == (1, "merged", merge)
    url = f"{SHOP}/repository/commits/{tip}/merge_requests?state=opened"
    assert client.get(url).json() == []


def test_hooks_are_registered_changed_and_removed(client):
    hooks = f"{SHOP}/hooks"
    made = client.post(hooks, json={"url": "http://127.0.0.1:1/", "token": "hush"}).json()
    assert "hush" not in str(made)
    assert (made["push_events"], made["merge_requests_events"]) == (True, False)
    assert (made["token_present"], made["signing_token_present"]) == (True, False)
    changed = client.put(
        f"{hooks}/{made['id']}", json={"merge_requests_events": True, "signing_token": SIGNING}
    ).json()
    assert (changed["push_events"], changed["merge_requests_events"]) == (True, True)
    assert changed["signing_token_present"]
    assert client.get(f"{hooks}/{made['id']}").json() == changed
    assert client.get(hooks).json() == [changed]
    assert client.delete(f"{hooks}/{made['id']}").status_code == 204
    assert client.delete(f"{hooks}/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"url": "ftp://x"}, 422),
        ({"url": "http://x", "push_events": "perhaps"}, 400),
        ({"url": "http://x", "signing_token": "whsec_c2hvcnQ="}, 422),
        ({"url": "http://x", "signing_token": "k" * 44}, 422),
    ],
)
def test_a_hook_that_is_refused(client, body, status):
    assert client.post(f"{SHOP}/hooks", json=body).status_code == status
