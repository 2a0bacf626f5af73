"""Service hooks: their registrations, and what they send."""

import base64

import pytest

from forge_emulator import HostedRepository

from .conftest import REPO, TOKEN

ALL = "/acme/_apis/hooks/subscriptions"


@pytest.fixture
def subscribe(client):
    def run(
        event: str = "git.push", status: int = 200, repo=REPO, url="https://x.example/", **more
    ):
        found = client.get(repo).json()
        body = {
            "publisherId": "tfs",
            "eventType": event,
            "consumerId": "webHooks",
            "consumerActionId": "httpRequest",
            "publisherInputs": {
                "projectId": found["project"]["id"], "repository": found["id"],
            },
            "consumerInputs": {"url": url, "basicAuthPassword": "s3cret", **more},
        }  # fmt: skip
        answer = client.post(ALL, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    return run


def test_a_subscription_lives(subscribe, client):
    made = subscribe(basicAuthUsername="u")
    assert made["consumerInputs"]["basicAuthPassword"] == "********"
    one = f"{ALL}/{made['id']}"
    assert client.get(one).json() == made
    assert client.get(ALL, params={"publisherId": "tfs"}).json()["value"] == [made]
    assert client.get(ALL, params={"eventType": "git.repo.deleted"}).json()["value"] == []
    changed = made | {"consumerInputs": {"url": "https://y.example/"}}
    again = client.put(one, json={k: changed[k] for k in (
        "publisherId", "eventType", "consumerId", "consumerActionId", "publisherInputs",
        "consumerInputs",
    )}).json()  # fmt: skip
    assert again["id"] == made["id"]
    assert again["consumerInputs"] == {"url": "https://y.example/"}
    assert client.delete(one).status_code == 200
    assert client.delete(one).status_code == client.get(one).status_code == 404


def test_what_is_no_subscription(subscribe):
    subscribe("git.unknown", 400)
    subscribe(status=400, nonsense="x")
    subscribe(status=400, url="http://x.example/")


@pytest.fixture
def pushed(start, connect, inbox, shop, tmp_path):
    """An emulator that takes pushes to P/x, who hears of them, and a clone."""
    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "x.git"))
    emulator = start(allow_push=True)
    emulator.add_repository(HostedRepository(full_name="P/x", path=tmp_path / "x.git", id=77))
    work = type(shop)(tmp_path / "work")
    shop.git("clone", "-q", str(tmp_path / "x.git"), str(work.path))

    def push(*refs: str) -> None:
        pair = base64.b64encode(f":{TOKEN}".encode()).decode()
        work.git("-c", f"http.extraHeader=Authorization: Basic {pair}", "push", "-q",
                 f"{emulator.url}/acme/P/_git/x", *refs)  # fmt: skip

    def arrived():
        emulator.wait_for_deliveries()
        received, inbox.received[:] = list(inbox.received), []
        return received

    return emulator, connect(emulator), work, push, arrived


def _hook(client, url: str, event: str, **inputs: str) -> None:
    found = client.get("/acme/P/_apis/git/repositories/x").json()
    body = {
        "publisherId": "tfs",
        "eventType": event,
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": {"projectId": found["project"]["id"], "repository": found["id"]},
        "consumerInputs": {"url": url, **inputs},
    }
    assert client.post(ALL, json=body).status_code == 200


def test_a_push_is_told_whole(pushed, inbox):
    _, client, work, push, arrived = pushed
    _hook(client, inbox.url, "git.push", basicAuthUsername="u", basicAuthPassword="s3cret")
    _hook(client, inbox.url, "git.repo.deleted")
    before = work.git("rev-parse", "HEAD")
    oids = [work.commit(f"Change {n}", {"new.txt": f"{n}".encode()}) for n in range(2)]
    push("main", "HEAD:refs/tags/t")
    (delivery,) = arrived()
    assert delivery.headers["authorization"] == "Basic " + base64.b64encode(b"u:s3cret").decode()
    body = delivery.json()
    assert (body["eventType"], body["publisherId"]) == ("git.push", "tfs")
    resource = body["resource"]
    assert [each["commitId"] for each in resource["commits"]] == oids[::-1]
    assert {(u["name"], u["oldObjectId"], u["newObjectId"]) for u in resource["refUpdates"]} == {
        ("refs/heads/main", before, oids[1]),
        ("refs/tags/t", "0" * 40, oids[1]),
    }
    push(":refs/heads/old")
    (gone,) = arrived()
    assert gone.json()["resource"]["commits"] == []
    assert gone.json()["id"] != body["id"]


def test_other_changes_are_told_to_those_who_asked(pushed, inbox):
    emulator, client, _, _, arrived = pushed
    for event in ("git.pullrequest.created", "git.pullrequest.merged", "git.repo.renamed",
                  "git.repo.deleted"):  # fmt: skip
        _hook(client, inbox.url, event, httpHeaders="X-Own: secret\nX-Other:b\nnonsense")
    pull = emulator.add_pull_request("P/x", title="T", head="feature/x", base="old")
    emulator.change_pull_request("P/x", pull.number, title="U")
    emulator.change_pull_request("P/x", pull.number, merge_commit="main")
    emulator.rename_repository("P/x", "P/y")
    emulator.remove_repository("P/y")
    deliveries = arrived()
    assert [each.headers["x-own"] for each in deliveries] == ["secret"] * 4
    assert "authorization" not in deliveries[0].headers
    created, merged, renamed, deleted = [each.json() for each in deliveries]
    assert (created["resource"]["title"], created["resource"]["status"]) == ("T", "active")
    assert merged["resource"]["status"] == "completed"
    assert (renamed["resource"]["oldName"], renamed["resource"]["newName"]) == ("x", "y")
    assert deleted["resource"]["repositoryName"] == "y"
    assert deleted["resource"]["repositoryId"] == renamed["resource"]["repository"]["id"]
