"""Pull requests, webhooks and the search."""

import pytest

REPO = "/repositories/acme/shop"
EVENTS = ["repo:push", "pullrequest:created"]


def test_a_commits_pull_requests(emulator, client, shop):
    merge = shop.commits[6]
    emulator.add_pull_request(
        "acme/shop", title="Feature", head="feature/x", base="main", body="Why",
        author="bob", merge_commit=merge,
    )  # fmt: skip
    emulator.add_pull_request("acme/shop", title="Open", head="main", base="old")
    oid = shop.git("rev-parse", "feature/x")
    (stub,) = client.get(f"{REPO}/commit/{oid}/pullrequests").json()["values"]
    assert sorted(stub) == ["id", "links", "title", "type"]
    pull = client.get(f"{REPO}/pullrequests/{stub['id']}").json()
    assert (pull["title"], pull["description"], pull["state"]) == ("Feature", "Why", "MERGED")
    assert pull["merge_commit"]["hash"] == merge[:12]
    assert pull["source"]["branch"]["name"] == "feature/x"
    assert pull["source"]["commit"]["hash"] == oid[:12]
    assert pull["author"]["nickname"] == "bob"
    opened = client.get(f"{REPO}/pullrequests").json()["values"]
    assert [(each["title"], each["state"]) for each in opened] == [("Open", "OPEN")]
    merged = client.get(f"{REPO}/pullrequests?state=MERGED&state=OPEN").json()
    assert merged["size"] == 2
    assert client.get(f"{REPO}/pullrequests/9").status_code == 404
    assert client.get(f"{REPO}/commit/{'e' * 40}/pullrequests").status_code == 404


def test_hooks(client):
    body = {"url": "https://x.example/a", "events": EVENTS, "secret": "hush", "description": "d"}
    made = client.post(f"{REPO}/hooks", json=body)
    assert made.status_code == 201
    hook = made.json()
    assert (hook["secret_set"], hook["active"], hook["events"]) == (True, True, EVENTS)
    assert "hush" not in made.text
    address = f"{REPO}/hooks/{hook['uuid']}"
    changed = client.put(address, json={"events": ["repo:updated"], "active": False}).json()
    assert (changed["events"], changed["active"]) == (["repo:updated"], False)
    assert (changed["secret_set"], changed["url"]) == (True, body["url"])
    assert client.put(address, json={"secret": None}).json()["secret_set"] is False
    assert client.get(address.replace("{", "").replace("}", "")).json()["uuid"] == hook["uuid"]
    assert client.get(f"{REPO}/hooks").json()["size"] == 1
    assert client.delete(address).status_code == 204
    assert client.delete(address).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"url": "ftp://x"}, {"events": []}, {"events": ["repo:sold"]}, {"secret": "x" * 129}],
)
def test_a_hook_that_cannot_be(client, wrong):
    body = {"url": "https://x.example/", "events": EVENTS} | wrong
    assert client.post(f"{REPO}/hooks", json=body).status_code == 400


def test_hooks_are_the_administrators(emulator, connect):
    emulator.add_token("ATCTT3x-other", "robot", "acme/empty")
    assert connect(emulator, "Bearer ATCTT3x-other").get(f"{REPO}/hooks").status_code == 403
    assert connect(emulator, None).get(f"{REPO}/hooks").status_code == 401


def found(client, query):
    answer = client.get("/workspaces/acme/search/code", params={"search_query": query})
    return [each["file"]["path"] for each in answer.raise_for_status().json()["values"]]


def test_code_is_searched_by_words(client, shop):
    assert found(client, "repo:shop two") == ["src/app.py"]
    assert found(client, 'repo:shop "def feature" return') == ["src/feature.py"]
    assert found(client, "repo:shop ext:md schön") == ["docs/grüße ☃.md"]
    assert found(client, "repo:shop path:docs two") == []
    assert found(client, "repo:empty two") == []
    (hit,) = client.get(
        "/workspaces/acme/search/code", params={"search_query": "repo:shop TWO"}
    ).json()["values"]
    assert hit["content_matches"] == [
        {"lines": [{"line": 3, "segments": [{"text": "TWO", "match": True}]}]}
    ]
    assert hit["file"]["links"]["self"]["href"].endswith(
        f"/acme/shop/src/{shop.git('rev-parse', 'main')}/src/app.py"
    )


@pytest.mark.parametrize("query", ["", "repo:shop", "x" * 251, "a OR b", "a -b"])
def test_a_search_that_cannot_be(client, query):
    answer = client.get("/workspaces/acme/search/code", params={"search_query": query})
    assert answer.status_code == 400


def test_the_index_lags(start_emulator, connect, clock):
    client = connect(start_emulator(search_lag=60))
    assert found(client, "repo:shop two") == []
    clock.move(seconds=60)
    assert found(client, "repo:shop two") == ["src/app.py"]
