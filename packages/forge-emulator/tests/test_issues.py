"""Issues, comments, labels, assignees, hooks, and what a search finds of them."""

import pytest

ISSUES = "/repos/acme/shop/issues"


def create(client, **fields):
    response = client.post(ISSUES, json={"title": "Broken"} | fields)
    assert response.status_code == 201
    return response.json()


def test_create_and_read(emulator, client):
    made = create(client, body="It ☃ broke", labels=["BUG", "new"], assignees=["dora"])
    assert (made["number"], made["state"], made["user"]["login"]) == (1, "open", "dora")
    assert [label["name"] for label in made["labels"]] == ["bug", "new"]
    assert made["html_url"] == f"{emulator.url}/acme/shop/issues/1"
    assert client.get(made["url"]).json() == made
    assert [issue.title for issue in emulator.issues("acme/shop")] == ["Broken"]
    assert client.get("/repos/acme/shop").json()["open_issues_count"] == 1


def test_location(emulator, client):
    response = client.post(ISSUES, json={"title": "x"})
    assert response.headers["location"] == f"{emulator.url}/repos/acme/shop/issues/1"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"title": ""}, 422),
        ({"title": 1}, 422),
        ({"title": "x", "body": []}, 422),
        ({"title": "x", "labels": "bug"}, 422),
        ({"title": "x", "labels": [1]}, 422),
        ({"title": "x", "assignees": ["nobody"]}, 422),
        ({"title": "x" * 257}, 422),
        ({"title": "x", "body": "x" * 65_537}, 422),
        ([], 400),
    ],
)
def test_bad_issue(emulator, client, body, status):
    response = client.post(ISSUES, json=body)
    assert response.status_code == status
    assert response.json()["status"] == str(status)
    assert emulator.issues("acme/shop") == []


def test_bodies_that_are_not_json(client):
    for content in (b"{", b"\xff", b"[" * 100_000):
        response = client.post(ISSUES, content=content)
        assert (response.status_code, response.json()["message"]) == (400, "Problems parsing JSON")
    assert client.post(ISSUES, content=b"x" * (8 * 1024 * 1024 + 1)).status_code == 413


def test_lone_surrogate_leaves_as_utf8(client):
    response = client.post(ISSUES, content=b'{"title": "a\\ud800b"}')
    assert response.json()["title"] == "a?b"


def test_who_may_write(emulator, connect):
    assert connect(emulator, None).post(ISSUES, json={"title": "x"}).status_code == 401
    shop_only = connect(emulator, "ghp_narrow")
    assert shop_only.post(ISSUES, json={"title": "x"}).status_code == 201
    assert shop_only.post("/repos/acme/empty/issues", json={"title": "x"}).status_code == 403
    archived = connect(emulator).post("/repos/dora/old/issues", json={"title": "x"})
    assert archived.status_code == 403
    assert "archived" in archived.json()["message"]


def test_issues_turned_off(client):
    assert client.get("/repos/dora/old/issues").status_code == 410


def test_list(client, clock):
    for number in range(1, 6):
        create(client, title=f"Issue {number}", labels=["bug"] if number % 2 else [])
        clock.move(minutes=1)
    client.patch(f"{ISSUES}/2", json={"state": "closed"})
    client.post(f"{ISSUES}/1/comments", json={"body": "hm"})

    def numbers(**params):
        return [issue["number"] for issue in client.get(ISSUES, params=params).json()]

    assert numbers() == [5, 4, 3, 1]
    assert numbers(state="closed") == [2]
    assert numbers(state="all", direction="asc") == [1, 2, 3, 4, 5]
    assert numbers(labels="bug") == [5, 3, 1]
    assert numbers(labels="bug,none") == []
    assert numbers(sort="updated")[0] == 1
    assert numbers(sort="comments")[0] == 1
    assert numbers(since="2026-01-01T00:03:00Z") == [5, 4, 1]
    assert numbers(creator="nobody") == []
    assert numbers(assignee="none") == [5, 4, 3, 1]
    assert numbers(assignee="*") == numbers(assignee="dora") == []
    page = client.get(ISSUES, params={"per_page": 3})
    assert [i["number"] for i in client.get(page.links["next"]["url"]).json()] == [1]
    for bad in (
        {"state": "x"},
        {"sort": "x"},
        {"direction": "x"},
        {"since": "x"},
        {"since": "2026-01-01"},
    ):
        assert client.get(ISSUES, params=bad).status_code == 422


def test_update(client, clock):
    create(client, body="text", labels=["bug"])
    clock.move(minutes=1)
    closed = client.patch(f"{ISSUES}/1", json={"state": "closed", "state_reason": "not_planned"})
    assert closed.json()["state_reason"] == "not_planned"
    assert closed.json()["closed_at"] == closed.json()["updated_at"] == "2026-01-01T00:01:00Z"
    opened = client.patch(
        f"{ISSUES}/1", json={"state": "open", "title": "New", "body": None}
    ).json()
    assert (opened["state_reason"], opened["closed_at"]) == ("reopened", None)
    assert (opened["title"], opened["body"]) == ("New", None)
    assert [label["name"] for label in opened["labels"]] == ["bug"]
    changed = client.patch(
        f"{ISSUES}/1", json={"labels": [{"name": "question"}], "assignee": "Alice"}
    ).json()
    assert [label["name"] for label in changed["labels"]] == ["question"]
    assert changed["assignee"]["login"] == "alice"
    assert client.patch(f"{ISSUES}/1", json={"state": "x"}).status_code == 422
    assert client.patch(f"{ISSUES}/1", json={"state_reason": "x"}).status_code == 422
    assert client.patch(f"{ISSUES}/9", json={}).status_code == 404


def test_comments(client, clock):
    create(client)
    made = client.post(f"{ISSUES}/1/comments", json={"body": "one"})
    assert made.status_code == 201
    clock.move(minutes=1)
    client.post(f"{ISSUES}/1/comments", json={"body": "two"})
    assert [c["body"] for c in client.get(f"{ISSUES}/1/comments").json()] == ["one", "two"]
    since = client.get(f"{ISSUES}/1/comments", params={"since": "2026-01-01T00:01:00Z"})
    assert [c["body"] for c in since.json()] == ["two"]
    url = made.json()["url"]
    assert client.patch(url, json={"body": "new"}).json()["body"] == "new"
    assert client.get(url).json()["updated_at"] == "2026-01-01T00:01:00Z"
    assert client.get(f"{ISSUES}/1").json()["comments"] == 2
    for bad in (client.post(f"{ISSUES}/1/comments", json={}), client.patch(url, json={"body": ""})):
        assert bad.json()["errors"][0]["code"] == "missing_field"
    assert client.get(f"{ISSUES}/comments/999").status_code == 404
    number = made.json()["id"]
    assert client.get(f"/repos/acme/empty/issues/comments/{number}").status_code == 404


def test_labels_and_assignees(client):
    labels = client.get("/repos/acme/shop/labels").json()
    assert len(labels) == 9
    assert labels[0]["name"] == "bug"
    logins = [user["login"] for user in client.get("/repos/acme/shop/assignees").json()]
    assert logins == ["acme", "alice", "dora", "eve"]


def test_hooks(emulator, client):
    hooks = "/repos/acme/shop/hooks"
    config = {"url": "https://example.com/hook", "secret": "s3cret", "content_type": "json"}
    made = client.post(hooks, json={"config": config, "events": ["push", "issues"]})
    assert made.status_code == 201
    assert made.json()["config"]["secret"] == "********"
    assert "s3cret" not in client.get(hooks).text
    stored = emulator.world.store.hooks(1001)
    assert stored[0].config["secret"] == "s3cret"
    assert "s3cret" not in repr(stored)
    again = client.post(hooks, json={"config": config})
    assert again.status_code == 422
    assert client.post(hooks, json={}).status_code == 422
    url = made.json()["url"]
    assert client.get(url).json() == made.json()
    assert client.delete(url).status_code == 204
    assert client.delete(url).status_code == 404
    assert client.get(url).status_code == 404
    assert client.get(hooks).json() == []


def test_hook_of_another_repository(client):
    made = client.post("/repos/acme/shop/hooks", json={"config": {"url": "https://x.example"}})
    number = made.json()["id"]
    assert client.get(f"/repos/acme/empty/hooks/{number}").status_code == 404


def found(client, query, kind="issues"):
    response = client.get(f"/search/{kind}", params={"q": query})
    assert response.status_code == 200
    assert response.json()["total_count"] == len(response.json()["items"])
    return response.json()["items"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("repo:acme/shop", [2, 1]),
        ('"it broke"', [1]),
        ("it in:title", []),
        ("repo:acme/shop is:open", [2]),
        ("state:closed author:dora", [1]),
        ("label:bug", [1]),
        ("assignee:dora type:issue", [2]),
        ("is:pr", []),
        ("org:acme mark:abc", [2]),
        ("user:nobody", []),
    ],
)
def test_search_issues(client, query, numbers):
    create(client, body="It broke", labels=["bug"])
    create(client, title="Second mark:abc", assignees=["dora"])
    client.patch(f"{ISSUES}/1", json={"state": "closed"})
    assert [issue["number"] for issue in found(client, query)] == numbers


def test_search_lags(start_emulator, connect, clock):
    client = connect(start_emulator(search_lag=30))
    create(client, title="Marked")
    assert found(client, "Marked") == []
    clock.move(seconds=31)
    assert len(found(client, "Marked")) == 1
    assert len(found(client, "shop", "repositories")) == 1


def test_search_repositories(client):
    assert [r["name"] for r in found(client, "SHOP", "repositories")] == ["shop"]
    assert [r["name"] for r in found(client, "org:acme in:name e", "repositories")] == [
        "empty",
        "secret",
    ]
    assert client.get("/search/repositories").status_code == 422


def test_search_code(emulator, client, connect, shop):
    hits = found(client, "repo:acme/shop TWO", "code")
    assert [hit["path"] for hit in hits] == ["src/app.py"]
    assert hits[0]["sha"] == shop.git("rev-parse", "HEAD:src/app.py")
    assert client.get(hits[0]["url"]).json()["sha"] == hits[0]["sha"]
    assert found(client, "repo:acme/shop feature path:src extension:py", "code")
    assert found(client, "repo:acme/shop feature filename:app", "code") == []
    assert found(client, "repo:acme/empty anything", "code") == []
    assert client.get("/search/code?q=repo:acme/shop").status_code == 422
    assert connect(emulator, None).get("/search/code?q=two").status_code == 401
    assert found(client, "a\0b", "code") == []
    assert client.get("/search/code", params={"q": "x" * 257}).status_code == 422
    assert found(client, "-e", "code") == found(client, "--open-files-in-pager=x", "code") == []
