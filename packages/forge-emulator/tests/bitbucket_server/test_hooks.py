"""Webhooks: their registration, and what is sent to them."""

import hashlib
import hmac

import pytest

from forge_emulator import HostedRepository

SECRET = "s3cret"
HOOKS = "/rest/api/latest/projects/X/repos/y/webhooks"
EVENTS = ["repo:refs_changed", "repo:modified", "pr:opened", "pr:modified", "pr:merged"]
ZERO = "0" * 40


@pytest.fixture
def emulator(start, shop, tmp_path):
    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "x.git"))
    running = start(allow_push=True)
    running.add_repository(HostedRepository(full_name="X/y", path=tmp_path / "x.git", id=77))
    return running


@pytest.fixture
def hook(client, inbox):
    """Registers a webhook with the given fields."""

    def run(**fields):
        body = {
            "name": "sentry",
            "url": inbox.url,
            "events": EVENTS,
            "configuration": {"secret": SECRET},
            "active": True,
        }
        return client.post(HOOKS, json=body | fields)

    return run


def arrived(emulator, inbox, event):
    emulator.wait_for_deliveries()
    found = [each for each in inbox.received if each.headers["x-event-key"] == event]
    for each in found:
        digest = hmac.new(SECRET.encode(), each.body, hashlib.sha256).hexdigest()
        assert each.headers["x-hub-signature"] == f"sha256={digest}"
        assert each.headers["x-request-id"]
        assert each.json()["eventKey"] == event
    return [each.json() for each in found]


def test_register_change_and_remove(hook, client):
    made = hook().json()
    assert (made["configuration"], made["active"]) == ({"secret": SECRET}, True)
    twin = hook().json()
    assert twin["id"] != made["id"]
    one = f"{HOOKS}/{made['id']}"
    changed = client.put(one, json=made | {"events": ["pr:merged"], "active": False}).json()
    assert (changed["events"], changed["active"]) == (["pr:merged"], False)
    assert [each["id"] for each in client.get(HOOKS).json()["values"]] == [made["id"], twin["id"]]
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == client.delete(one).status_code == 404


@pytest.mark.parametrize(
    ("fields", "context"),
    [
        ({"name": ""}, "name"),
        ({"url": "ftp://x"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["repo:deleted"]}, "events"),
    ],
)
def test_what_a_registration_needs(hook, fields, context):
    answer = hook(**fields)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["context"] == context


def test_a_body_that_is_none(client):
    for body in (b"", b"[]", b"{"):
        assert client.post(HOOKS, content=body).status_code == 400


def test_pushes_tell_refs_alone(hook, emulator, inbox, git):
    hook()
    git("clone", "-q", "x.git", "work")
    work = ("-C", "work", "-c", "user.name=n", "-c", "user.email=e@x")
    tip = git("-C", "work", "rev-parse", "main").stdout.decode().strip()
    git(*work, "commit", "-q", "--allow-empty", "-m", "more")
    new = git("-C", "work", "rev-parse", "main").stdout.decode().strip()
    remote = emulator.url.replace("http://", "http://dora:BBDC-token@") + "/scm/x/y.git"
    git(*work, "push", "-q", remote, "main", "main~1:refs/tags/t", "main:refs/heads/new")
    git(*work, "push", "-q", remote, ":refs/heads/new")
    first, second = arrived(emulator, inbox, "repo:refs_changed")
    assert first["repository"]["id"] == 77
    assert first["actor"]["name"] == "dora"
    shown = {
        each["refId"]: (each["ref"]["type"], each["type"], each["fromHash"], each["toHash"])
        for each in first["changes"]
    }
    assert shown == {
        "refs/heads/main": ("BRANCH", "UPDATE", tip, new),
        "refs/heads/new": ("BRANCH", "ADD", ZERO, new),
        "refs/tags/t": ("TAG", "ADD", ZERO, tip),
    }
    (gone,) = second["changes"]
    assert (gone["type"], gone["toHash"]) == ("DELETE", ZERO)


def test_pull_requests(hook, emulator, inbox, shop):
    hook()
    pull = emulator.add_pull_request("X/y", title="P", head="feature/x", base="old")
    emulator.change_pull_request("X/y", pull.number, title="Q")
    emulator.change_pull_request("X/y", pull.number, merge_commit=shop.commits[6])
    assert arrived(emulator, inbox, "pr:opened")[0]["pullRequest"]["state"] == "OPEN"
    assert arrived(emulator, inbox, "pr:modified")[0]["pullRequest"]["title"] == "Q"
    merged = arrived(emulator, inbox, "pr:merged")[0]["pullRequest"]
    assert (merged["state"], merged["properties"]["mergeCommit"]["id"]) == (
        "MERGED",
        shop.commits[6],
    )


def test_a_new_name_is_told_and_an_end_is_not(hook, emulator, inbox):
    hook()
    emulator.rename_repository("X/y", "Z/other")
    emulator.remove_repository("Z/other")
    (renamed,) = arrived(emulator, inbox, "repo:modified")
    old, new = renamed["old"], renamed["new"]
    assert (old["project"]["key"], old["slug"], old["id"]) == ("X", "y", 77)
    assert (new["project"]["key"], new["slug"], new["id"]) == ("Z", "other", 77)
    assert len(inbox.received) == 1


def test_only_what_was_asked_for_and_unsigned_without_a_secret(hook, emulator, inbox):
    hook(events=["pr:merged"])
    hook(configuration={})
    hook(active=False)
    emulator.rename_repository("X/y", "Z/other")
    emulator.wait_for_deliveries()
    (only,) = inbox.received
    assert "x-hub-signature" not in only.headers
