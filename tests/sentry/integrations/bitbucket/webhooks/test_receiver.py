"""Deliveries: verified on their bytes, and read."""

import hashlib
import hmac
import json

import pytest

from sentry.integrations.bitbucket.webhooks.receiver import BitbucketWebhookReceiver
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.types import PullRequestState
from sentry.integrations.source_code_management.webhooks import (
    PullRequestEvent,
    PushEvent,
    RepositoryChangedEvent,
    RepositoryDeletedEvent,
    WebhookRequest,
)

RECEIVER = BitbucketWebhookReceiver()
SECRET = "hush ☃"
REPOSITORY = {"uuid": "{r}", "full_name": "acme/shop", "links": {"html": {"href": "https://w/r"}}}


def commit(letter: str) -> dict[str, object]:
    return {
        "hash": letter * 40,
        "date": "2024-01-02T03:04:05+00:00",
        "message": letter,
        "author": {"raw": "Dora <d@x>"},
    }


def ref(letter: str, name: str = "main", kind: str = "branch") -> dict[str, object]:
    return {"type": kind, "name": name, "target": {"type": "commit", "hash": letter * 40}}


def request(body: bytes, event: str = "repo:push", **headers: str) -> WebhookRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(headers={"x-event-key": event, **named}, body=body)


def signed(body: bytes, secret: str = SECRET, event: str = "repo:push") -> WebhookRequest:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return request(body, event, x_hub_signature=f"sha256={digest}")


def events(event: str, **body: object):
    raw = json.dumps({"repository": REPOSITORY, **body}).encode()
    return RECEIVER.events(request(raw, event))


def push(**change: object):
    return events("repo:push", push={"changes": [change]})


# --- signatures ------------------------------------------------------------------------------


def test_every_secret_verifies():
    delivery = signed(b'{"a": 1}')
    assert RECEIVER.is_authentic(delivery, [SECRET], now=0.0)
    assert RECEIVER.is_authentic(delivery, ["old", SECRET], now=0.0)
    assert RECEIVER.is_authentic(signed(b""), [SECRET], now=0.0)


@pytest.mark.parametrize("secrets", [[], [""], ["other"], ["other", ""]])
def test_without_the_secret_nothing_is_authentic(secrets):
    assert not RECEIVER.is_authentic(signed(b"{}"), secrets, now=0.0)
    assert not RECEIVER.is_authentic(signed(b"{}", secret=""), secrets, now=0.0)


def test_a_changed_body_is_not_authentic():
    whole = signed(b'{"a": 1}')
    for body in (b'{"a": 2}', b'{"a":1}', b"", b'{"a": 1}\n'):
        changed = WebhookRequest(headers=whole.headers, body=body)
        assert not RECEIVER.is_authentic(changed, [SECRET], now=0.0)


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", "sha256", "sha1=" + "a" * 40, "sha256=" + "0" * 64, "sha256=ü", "{}"],
)
def test_a_bad_signature(signature):
    delivery = request(b"{}", x_hub_signature=signature)
    assert not RECEIVER.is_authentic(delivery, [SECRET], now=0.0)
    right = signed(b"{}").headers["x-hub-signature"].removeprefix("sha256=")
    for form in (right, f"SHA256={right}", f"sha256={right} ", f"sha256={right.upper()}"):
        assert not RECEIVER.is_authentic(request(b"{}", x_hub_signature=form), [SECRET], now=0.0)


def test_no_signature_at_all():
    assert not RECEIVER.is_authentic(request(b"{}"), [SECRET], now=0.0)


def test_the_id_of_a_delivery():
    assert RECEIVER.delivery_id(request(b"", x_request_uuid="u-1")) == "u-1"
    assert RECEIVER.delivery_id(request(b"")) == ""


# --- pushes ----------------------------------------------------------------------------------


def test_a_push_oldest_commit_first():
    (event,) = push(old=ref("a"), new=ref("c"), commits=[commit("c"), commit("b")], truncated=False)
    assert isinstance(event, PushEvent)
    assert (event.repository_id, event.branch) == ("{r}", "main")
    assert (event.before, event.after, event.is_complete) == ("a" * 40, "c" * 40, True)
    assert [each.commit.sha[0] for each in event.commits] == ["b", "c"]
    assert all(each.changes is None for each in event.commits)


def test_more_commits_than_the_delivery_holds():
    (event,) = push(old=ref("a"), new=ref("c"), commits=[commit("c")], truncated=True)
    assert isinstance(event, PushEvent)
    assert not event.is_complete
    (event,) = push(old=ref("a"), new=ref("c"))
    assert isinstance(event, PushEvent)
    assert not event.is_complete


def test_a_branch_comes_and_goes():
    (made,) = push(old=None, new=ref("c", "feature/x"), commits=[commit("c")], truncated=False)
    assert isinstance(made, PushEvent)
    assert (made.branch, made.before, made.after) == ("feature/x", "", "c" * 40)
    (gone,) = push(old=ref("c", "feature/x"), new=None, truncated=False)
    assert isinstance(gone, PushEvent)
    assert (gone.before, gone.after, gone.commits, gone.is_complete) == ("c" * 40, "", (), True)


def test_several_branches_and_a_tag():
    changes = [
        {"old": None, "new": ref("a", "one"), "commits": []},
        {"old": None, "new": ref("a", "v1", "tag")},
        {"old": ref("a", "v0", "tag"), "new": None},
        {"old": None, "new": ref("a", "two", "named_branch"), "commits": []},
        {"old": None, "new": None},
    ]
    found = events("repo:push", push={"changes": changes})
    assert [each.branch for each in found if isinstance(each, PushEvent)] == ["one", "two"]
    assert len(found) == 2


# --- the rest --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["repo:updated", "repo:transfer"])
def test_a_repository_is_another_one_now(name):
    (event,) = events(name)
    assert isinstance(event, RepositoryChangedEvent)
    assert (event.repository.identifier, event.repository.external_id) == ("acme/shop", "{r}")


def test_a_repository_is_gone():
    assert events("repo:deleted") == [RepositoryDeletedEvent(repository_id="{r}")]


@pytest.mark.parametrize("name", ["created", "updated", "fulfilled", "rejected"])
def test_pull_requests(name):
    (event,) = events(f"pullrequest:{name}", pullrequest={"id": 7, "title": "t", "state": "OPEN"})
    assert isinstance(event, PullRequestEvent)
    assert (event.repository_id, event.pull_request.key) == ("{r}", "7")
    assert event.pull_request.state is PullRequestState.OPEN


@pytest.mark.parametrize("name", ["repo:fork", "issue:created", "pullrequest:approved", "", "x"])
def test_what_is_not_followed(name):
    assert events(name) == []
    assert RECEIVER.events(request(b"[]", name)) == []


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"[]", b'{"a": NaN}', b"[" * 100_000, b"\xff"]
)
def test_a_body_that_is_none(body):
    with pytest.raises(HostUnavailable):
        RECEIVER.events(request(body))
