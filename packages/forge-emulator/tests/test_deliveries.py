"""Webhooks are sent for what really happens, and say what git says."""

import hashlib
import hmac
import socket
import threading
from urllib.parse import parse_qs

import pytest

SECRET = "s3cret"
ZERO = "0" * 40


def is_signed(delivery, secret=SECRET):
    digest = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
    return delivery.headers["x-hub-signature-256"] == f"sha256={digest}"


def test_ping_when_a_hook_is_registered(forge):
    made = forge.hook()
    (ping,) = forge.arrived("ping")
    assert is_signed(ping)
    assert not is_signed(ping, "other")
    assert ping.json()["hook_id"] == made["id"]
    assert SECRET.encode() not in ping.body


def test_a_push_is_told_as_git_tells_it(forge):
    forge.hook()
    before = forge.work.git("rev-parse", "main")
    first = forge.work.commit("Ünicode ☃", {"neu/ä b.txt": b"1\n"})
    forge.work.git("mv", "docs/README.md", "LIESMICH.md")
    last = forge.work.commit("Move", {"a b.txt": None, "large.txt": b"small\n"})
    forge.push("main")
    (push,) = forge.arrived("push")
    body = push.json()
    assert is_signed(push)
    assert (body["ref"], body["before"], body["after"]) == ("refs/heads/main", before, last)
    assert not body["forced"]
    assert not body["created"]
    assert body["repository"]["id"] == 77
    assert [commit["id"] for commit in body["commits"]] == [first, last]
    assert body["commits"][0]["message"] == "Ünicode ☃"
    assert body["commits"][0]["added"] == ["neu/ä b.txt"]
    assert body["commits"][0]["author"]["username"] == "alice"
    assert body["commits"][1]["added"] == ["LIESMICH.md"]
    assert sorted(body["commits"][1]["removed"]) == ["a b.txt", "docs/README.md"]
    assert body["commits"][1]["modified"] == ["large.txt"]
    assert body["head_commit"] == body["commits"][1]
    assert all(commit["distinct"] for commit in body["commits"])


def test_branches_and_tags_come_and_go(forge):
    forge.hook()
    tip = forge.work.git("rev-parse", "main")
    fresh = forge.work.commit("New", {"new.txt": b"1"})
    forge.push("main:refs/heads/branch", "v1~1:refs/tags/t")
    forge.push(":refs/heads/branch", ":refs/tags/t")
    made, tag, gone, untagged = (delivery.json() for delivery in forge.arrived("push"))
    assert (made["ref"], made["before"], made["created"]) == ("refs/heads/branch", ZERO, True)
    assert [commit["id"] for commit in made["commits"]] == [fresh]
    assert tag["ref"] == "refs/tags/t"
    assert tag["commits"] == []
    assert (gone["after"], gone["deleted"], gone["head_commit"]) == (ZERO, True, None)
    assert untagged["ref"] == "refs/tags/t"
    assert tip != fresh


def test_force_push(forge):
    forge.hook()
    forge.work.git("reset", "-q", "--hard", "main~2")
    forge.push("main", force=True)
    (push,) = forge.arrived("push")
    assert push.json()["forced"]
    assert push.json()["commits"] == []


def test_a_merge_shows_what_it_changed_against_its_first_parent(forge):
    forge.hook()
    forge.work.git("checkout", "-q", "-b", "side", "main~1")
    forge.work.commit("Side", {"side.txt": b"1"})
    forge.work.git("checkout", "-q", "main")
    forge.work.git("merge", "-q", "--no-ff", "-m", "M", "side", env=forge.work.identity())
    forge.push("main")
    (push,) = forge.arrived("push")
    assert [commit["added"] for commit in push.json()["commits"]] == [["side.txt"], ["side.txt"]]


def test_no_push_no_delivery(forge):
    forge.hook()
    forge.push("main")
    assert forge.arrived("push") == []


def test_pushes_side_by_side_are_told_once_each(forge):
    forge.hook(events=["push"])
    names = [f"b{number}" for number in range(6)]
    for name in names:
        forge.work.git("branch", name, "main~1")
    threads = [threading.Thread(target=forge.push, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refs = sorted(delivery.json()["ref"] for delivery in forge.arrived("push"))
    assert refs == [f"refs/heads/{name}" for name in names]


def test_pull_requests(forge):
    forge.hook()
    pull = forge.emulator.add_pull_request("x/y", title="P", head="feature/x", base="old")
    forge.emulator.change_pull_request("x/y", pull.number, title="Q")
    forge.emulator.change_pull_request("x/y", pull.number, merge_commit="main")
    opened, edited, closed = (delivery.json() for delivery in forge.arrived("pull_request"))
    assert (opened["action"], opened["pull_request"]["state"]) == ("opened", "open")
    assert edited["pull_request"]["title"] == "Q"
    assert closed["action"] == "closed"
    assert closed["pull_request"]["merged"]
    assert closed["pull_request"]["merge_commit_sha"] == forge.work.git("rev-parse", "main")


def test_renamed_transferred_deleted(forge):
    forge.hook()
    forge.emulator.rename_repository("x/y", "x/z")
    forge.emulator.rename_repository("x/z", "w/z")
    forge.emulator.remove_repository("w/z")
    bodies = [delivery.json() for delivery in forge.arrived("repository")]
    assert [body["action"] for body in bodies] == ["renamed", "transferred", "deleted"]
    assert [body["repository"]["full_name"] for body in bodies] == ["x/z", "w/z", "w/z"]
    assert bodies[0]["changes"] == {"repository": {"name": {"from": "y"}}}
    with pytest.raises(KeyError):
        forge.emulator.rename_repository("x/y", "x/a")
    with pytest.raises(ValueError, match="already a repository"):
        forge.emulator.rename_repository("acme/shop", "acme/empty")


def test_only_what_a_hook_asked_for(forge):
    hook = forge.hook(events=["repository"])
    forge.emulator.add_pull_request("x/y", title="P", head="feature/x", base="old")
    assert forge.arrived("pull_request") == []
    url = f"/repos/x/y/hooks/{hook['id']}"
    changed = forge.client.patch(url, json={"events": ["pull_request"]})
    assert changed.json()["events"] == ["pull_request"]
    forge.emulator.add_pull_request("x/y", title="P", head="feature/x", base="old")
    assert len(forge.arrived("pull_request")) == 1
    assert forge.client.patch(url, json={"active": False}).json()["active"] is False
    forge.emulator.add_pull_request("x/y", title="P", head="feature/x", base="old")
    assert len(forge.arrived("pull_request")) == 1
    new = {"config": {"url": f"{forge.inbox.url}/new", "secret": "n", "content_type": "json"}}
    forge.client.patch(url, json={"active": True, **new})
    forge.emulator.add_pull_request("x/y", title="P", head="feature/x", base="old")
    assert is_signed(forge.arrived("pull_request")[-1], "n")
    assert forge.client.patch(url, json={"config": {}}).status_code == 422
    assert forge.client.patch("/repos/x/y/hooks/999", json={}).status_code == 404


def test_form_and_unsigned(forge):
    forge.hook(content_type="form", secret="")
    (ping,) = forge.arrived("ping")
    assert ping.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "hook_id" in parse_qs(ping.body.decode())["payload"][0]
    assert "x-hub-signature-256" not in ping.headers


def test_an_app_hears_of_its_installations_repositories(forge):
    forge.emulator.set_app_webhook(forge.inbox.url, "app-secret")
    forge.emulator.rename_repository("x/y", "x/z")
    forge.emulator.add_pull_request("acme/shop", title="P", head="feature/x", base="old")
    (renamed,) = forge.arrived("repository")
    assert renamed.json()["installation"]["id"] == 888
    assert is_signed(renamed, "app-secret")
    told = {d.json()["installation"]["id"] for d in forge.arrived("pull_request")}
    assert told == {777, 888}


def test_the_record_and_again(forge):
    forge.hook()
    (record,) = forge.emulator.wait_for_deliveries()
    assert record.status == 200
    assert record.headers["x-github-event"] == "ping"
    assert record.headers["x-hub-signature-256"] == "[redacted]"
    assert SECRET not in repr(record)
    forge.emulator.redeliver(record)
    assert len(forge.emulator.wait_for_deliveries()) == 2
    one, two = forge.inbox.received
    assert (one.headers, one.body) == (two.headers, two.body)
    forge.emulator.clear_deliveries()
    assert forge.emulator.deliveries == []


def test_refused_deliveries_are_not_sent_again_unless_asked(forge, start_emulator, connect):
    forge.inbox.statuses = [500]
    forge.hook()
    (record,) = forge.emulator.wait_for_deliveries()
    assert (record.status, record.attempts) == (500, 1)
    patient = start_emulator(delivery_retries=3)
    forge.inbox.statuses = [500, 502, 200]
    hook = {"config": {"url": forge.inbox.url, "content_type": "json"}}
    connect(patient).post("/repos/acme/shop/hooks", json=hook)
    (record,) = patient.wait_for_deliveries()
    assert (record.status, record.attempts) == (200, 3)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/hook",
        "http://example.com/hook?token=t0p",
        "https://127.0.0.1/hook",
        "ftp://127.0.0.1/",
        "http://[bad/",
        "nonsense",
    ],
)
def test_nothing_leaves_this_machine(forge, url):
    forge.hook(url=url)
    (record,) = forge.emulator.wait_for_deliveries()
    assert (record.status, record.attempts) == (0, 1)
    assert "this machine" in record.problem
    assert "t0p" not in record.url


def test_nobody_listens(forge):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        forge.hook(url=f"http://u:pw@127.0.0.1:{taken.getsockname()[1]}/")
        (record,) = forge.emulator.wait_for_deliveries()
    assert record.status == 0
    assert record.problem == "ConnectionRefusedError"
    assert "pw" not in record.url


def test_waiting_ends(forge):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        forge.hook(url=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(TimeoutError):
            forge.emulator.wait_for_deliveries(timeout=0.05)
