"""Webhooks are sent for what really happens, and say what git says."""

import hashlib
import hmac
import json

import pytest

from forge_emulator import HostedRepository

from .conftest import OAUTH_TOKEN

SECRET = "s3cret"
EVENTS = [
    "repo:push", "repo:updated", "repo:transfer", "repo:deleted", "pullrequest:created",
    "pullrequest:updated", "pullrequest:fulfilled", "pullrequest:rejected",
]  # fmt: skip


@pytest.fixture
def forge(start_emulator, connect, inbox, shop, tmp_path):
    """An emulator that takes pushes to `x/y`, a clone of it in `work`, and who hears of them."""
    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "x.git"))
    emulator = start_emulator(allow_push=True)
    emulator.add_repository(HostedRepository(full_name="x/y", path=tmp_path / "x.git", id=77))
    work = type(shop)(tmp_path / "work")
    shop.git("clone", "-q", str(tmp_path / "x.git"), str(work.path))
    return Forge(emulator, connect(emulator), inbox, work)


class Forge:
    def __init__(self, emulator, client, inbox, work) -> None:
        self.emulator, self.client, self.inbox, self.work = emulator, client, inbox, work

    def hook(self, events=EVENTS, **more):
        body = {"url": self.inbox.url, "secret": SECRET, "events": list(events)} | more
        answer = self.client.post("/repositories/x/y/hooks", json=body)
        assert answer.status_code == 201
        return answer.json()

    def push(self, *refs, force=False):
        remote = self.emulator.url.replace("http://", f"http://x-token-auth:{OAUTH_TOKEN}@")
        flags = ["-f"] if force else []
        self.work.git("push", "-q", *flags, f"{remote}/x/y.git", *refs)

    def arrived(self, event):
        self.emulator.wait_for_deliveries()
        return [
            json.loads(each.body)
            for each in self.inbox.received
            if each.headers["x-event-key"] == event
        ]


def test_a_delivery_is_signed_with_the_hooks_secret(forge):
    made = forge.hook()
    forge.hook(secret="")
    forge.work.commit("New", {"new.txt": b"1"})
    forge.push("main")
    forge.emulator.wait_for_deliveries()
    signed, bare = forge.inbox.received
    digest = hmac.new(SECRET.encode(), signed.body, hashlib.sha256).hexdigest()
    assert signed.headers["x-hub-signature"] == f"sha256={digest}"
    assert "x-hub-signature" not in bare.headers
    assert signed.headers["x-hook-uuid"] == made["uuid"].strip("{}")
    assert signed.headers["x-request-uuid"] != bare.headers["x-request-uuid"]
    assert signed.headers["x-attempt-number"] == "1"
    assert SECRET.encode() not in signed.body


def test_a_push_is_told_as_git_tells_it(forge):
    forge.hook()
    before = forge.work.git("rev-parse", "main")
    made = [forge.work.commit(f"{n} ☃", {"new.txt": str(n).encode()}) for n in range(3)]
    forge.push("main")
    (body,) = forge.arrived("repo:push")
    (change,) = body["push"]["changes"]
    assert (change["old"]["target"]["hash"], change["new"]["target"]["hash"]) == (before, made[-1])
    assert [each["hash"] for each in change["commits"]] == made[::-1]
    assert [each["message"] for each in change["commits"]] == ["2 ☃\n", "1 ☃\n", "0 ☃\n"]
    flags = ("forced", "created", "closed", "truncated")
    assert [change[name] for name in flags] == [False] * 4
    assert body["repository"]["full_name"] == "x/y"
    assert body["actor"]["nickname"] == "dora"


def test_five_commits_are_shown_and_no_more(forge):
    forge.hook()
    made = [forge.work.commit(str(n), {"new.txt": str(n).encode()}) for n in range(6)]
    forge.push("main")
    (change,) = forge.arrived("repo:push")[0]["push"]["changes"]
    assert [each["hash"] for each in change["commits"]] == made[:0:-1]
    assert change["truncated"]


def test_branches_and_tags_come_and_go(forge):
    forge.hook()
    fresh = forge.work.commit("New", {"new.txt": b"1"})
    forge.push("main:refs/heads/a/b", "v1:refs/tags/t")
    forge.push(":refs/heads/a/b", ":refs/tags/t")
    made, gone = (
        {change[side]["name"]: change for change in body["push"]["changes"]}
        for body, side in zip(forge.arrived("repo:push"), ("new", "old"), strict=True)
    )
    assert (made["a/b"]["old"], made["a/b"]["created"]) == (None, True)
    assert [each["hash"] for each in made["a/b"]["commits"]] == [fresh]
    assert made["t"]["new"]["type"] == "tag"
    assert made["t"]["new"]["target"]["hash"] == forge.work.git("rev-parse", "v1^{commit}")
    assert (gone["a/b"]["new"], gone["a/b"]["closed"]) == (None, True)
    assert "commits" not in gone["a/b"]


def test_a_forced_push(forge):
    forge.hook()
    forge.work.git("reset", "-q", "--hard", "main~2")
    forge.push("main", force=True)
    (change,) = forge.arrived("repo:push")[0]["push"]["changes"]
    assert change["forced"]
    assert change["commits"] == []


def test_pull_requests(forge):
    forge.hook()
    pull = forge.emulator.add_pull_request("x/y", title="One", head="feature/x", base="old")
    forge.emulator.change_pull_request("x/y", pull.number, title="Two")
    forge.emulator.change_pull_request("x/y", pull.number, merge_commit="main~2")
    other = forge.emulator.add_pull_request("x/y", title="No", head="feature/x", base="old")
    forge.emulator.change_pull_request("x/y", other.number, closed=True)
    told = [
        (name, each["pullrequest"]["title"], each["pullrequest"]["state"])
        for name in EVENTS
        for each in forge.arrived(name)
        if name.startswith("pullrequest:")
    ]
    assert told == [
        ("pullrequest:created", "One", "OPEN"),
        ("pullrequest:created", "No", "OPEN"),
        ("pullrequest:updated", "Two", "OPEN"),
        ("pullrequest:fulfilled", "Two", "MERGED"),
        ("pullrequest:rejected", "No", "DECLINED"),
    ]


def test_a_repository_is_renamed_transferred_and_deleted(forge):
    forge.hook()
    uuid = forge.client.get("/repositories/x/y").json()["uuid"]
    forge.emulator.rename_repository("x/y", "x/z")
    forge.emulator.rename_repository("x/z", "w/z")
    forge.emulator.remove_repository("w/z")
    (renamed,) = forge.arrived("repo:updated")
    assert renamed["changes"]["full_name"] == {"old": "x/y", "new": "x/z"}
    assert renamed["repository"]["full_name"] == "x/z"
    (moved,) = forge.arrived("repo:transfer")
    assert moved["repository"]["full_name"] == "w/z"
    (gone,) = forge.arrived("repo:deleted")
    assert {each["repository"]["uuid"] for each in (renamed, moved, gone)} == {uuid}


def test_only_what_was_asked_for(forge):
    forge.hook(events=["repo:updated"])
    forge.hook(active=False)
    forge.work.commit("New", {"new.txt": b"1"})
    forge.push("main")
    forge.emulator.wait_for_deliveries()
    assert forge.inbox.received == []
