"""GitHub's signatures, and the reading of what it delivers."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from sentry.integrations.github.webhooks.receiver import GitHubWebhookReceiver
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.types import (
    ChangeKind,
    FileChange,
    PullRequestState,
)
from sentry.integrations.source_code_management.webhooks import (
    AppWebhookReceiver,
    CredentialChangedEvent,
    PullRequestEvent,
    PushEvent,
    RepositoriesAddedEvent,
    RepositoryChangedEvent,
    RepositoryDeletedEvent,
    WebhookRequest,
)

RECEIVER = GitHubWebhookReceiver()
BODY = b'{"zen": "\xc3\xbc"}'
SHA = "a" * 40
WRONG: list[Any] = [None, True, 7, 1.5, "x", [], {}, [None], "\ud800\0"]


def request(body=BODY, **headers):
    return WebhookRequest(headers=headers, body=body)


def signed(body=BODY, secret="s3cret"):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return request(body, **{"x-hub-signature-256": f"sha256={digest}"})


def is_authentic(delivery, *secrets):
    return RECEIVER.is_authentic(delivery, secrets, now=0.0)


def events(event, value, **headers):
    return RECEIVER.events(
        request(json.dumps(value).encode(), **{"x-github-event": event}, **headers)
    )


def test_it_is_a_receiver_of_apps_too():
    assert isinstance(RECEIVER, AppWebhookReceiver)


def test_githubs_own_example_of_a_signature():
    """From "Validating webhook deliveries", "Testing the webhook payload validation"."""
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    delivery = request(b"Hello, World!", **{"x-hub-signature-256": f"sha256={digest}"})
    assert is_authentic(delivery, "It's a Secret to Everybody")
    assert not is_authentic(delivery, "It's a secret to everybody")


def test_any_secret_verifies_and_none_does_not():
    assert is_authentic(signed(), "other", "s3cret", "third")
    assert not is_authentic(signed())
    assert not is_authentic(signed(secret=""), "")
    assert not is_authentic(signed(), "s3cret ")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        "sha256",
        "=",
        "sha256=zz",
        "sha1=" + "0" * 40,
        "é\ud800",
        "sha256=" + "0" * 64,
    ],
)
def test_what_is_no_signature(header):
    assert not is_authentic(request(**{"x-hub-signature-256": header}), "s3cret")
    assert not is_authentic(request(**{"x-hub-signature": header}), "s3cret")


def test_the_id_of_a_delivery():
    assert RECEIVER.delivery_id(request(**{"x-github-delivery": "7-7"})) == "7-7"
    assert RECEIVER.delivery_id(request()) == ""


def push(**changes):
    commit = {
        "id": SHA,
        "message": "M",
        "timestamp": "2026-01-01T01:00:00+01:00",
        "url": "https://github.com/o/n/commit/a",
        "author": {"name": "Ada", "email": "ada@example.com", "username": "ada"},
        "added": ["a b"],
        "removed": ["ü"],
        "modified": ["c"],
    }
    whole = {
        "ref": "refs/heads/feature/x",
        "before": "0" * 40,
        "after": SHA,
        "commits": [commit],
        "repository": {"id": 9},
    }
    return whole | changes


def test_a_push():
    (event,) = events("push", push())
    assert isinstance(event, PushEvent)
    assert (event.repository_id, event.branch) == ("9", "feature/x")
    assert (event.before, event.after, event.is_complete) == ("", SHA, True)
    (pushed,) = event.commits
    assert pushed.commit.author.external_id == "github:ada"
    assert pushed.commit.committed_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert pushed.changes == (
        FileChange(path="a b", kind=ChangeKind.ADDED),
        FileChange(path="ü", kind=ChangeKind.REMOVED),
        FileChange(path="c", kind=ChangeKind.MODIFIED),
    )


def test_pushes_that_do_not_hold_everything():
    commit = push()["commits"][0]
    bare = {key: commit[key] for key in ("id", "message", "timestamp", "author")}
    (event,) = events("push", push(commits=[bare] * 2048))
    assert isinstance(event, PushEvent)
    assert not event.is_complete
    assert event.commits[0].changes is None
    many = commit | {"added": [f"f{number}" for number in range(3000)]}
    (event,) = events("push", push(commits=[many]))
    assert isinstance(event, PushEvent)
    assert event.commits[0].changes is None


def test_a_branch_that_is_gone_and_a_tag():
    (event,) = events("push", push(before=SHA, after="0" * 40, commits=[]))
    assert isinstance(event, PushEvent)
    assert event.after == ""
    assert events("push", push(ref="refs/tags/v1")) == []


def pull_request(**changes):
    pull = {
        "number": 7,
        "title": "T",
        "body": None,
        "state": "open",
        "user": {"login": "ada"},
        "head": {"ref": "x", "sha": SHA},
        "base": {"ref": "main", "sha": SHA},
        "merge_commit_sha": SHA,
        "html_url": "https://github.com/o/n/pull/7",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
        "merged_at": None,
    }
    return {"action": "opened", "pull_request": pull | changes, "repository": {"id": 9}}


def test_a_pull_request():
    (event,) = events("pull_request", pull_request())
    assert isinstance(event, PullRequestEvent)
    assert (event.repository_id, event.pull_request.key) == ("9", "7")
    assert event.pull_request.state is PullRequestState.OPEN
    assert event.updated_at == datetime(2026, 1, 2, tzinfo=UTC)
    merged = pull_request(state="closed", merged_at="2026-01-03T00:00:00Z")
    (event,) = events("pull_request", merged)
    assert isinstance(event, PullRequestEvent)
    assert (event.pull_request.state, event.pull_request.merge_sha) == ("merged", SHA)


def repository(action, **more):
    facts = {
        "id": 9,
        "full_name": "o/new",
        "html_url": "https://github.com/o/new",
        "default_branch": "main",
        "updated_at": "2026-01-02T00:00:00Z",
    }
    return {"action": action, "repository": facts, **more}


@pytest.mark.parametrize("action", ["renamed", "transferred"])
def test_a_repository_with_another_name(action):
    (event,) = events("repository", repository(action))
    assert isinstance(event, RepositoryChangedEvent)
    assert (event.repository.name, event.repository.external_id) == ("o/new", "9")
    assert event.updated_at == datetime(2026, 1, 2, tzinfo=UTC)


def test_a_repository_that_is_gone_and_settings():
    assert events("repository", repository("deleted")) == [
        RepositoryDeletedEvent(repository_id="9")
    ]
    for action in ("created", "archived", "publicized", "edited"):
        assert events("repository", repository(action)) == []
    (event,) = events("repository", repository("edited", changes={"default_branch": {"from": "m"}}))
    assert isinstance(event, RepositoryChangedEvent)


def installation(action: str, **more: Any) -> dict[str, Any]:
    sender = {"url": "https://api.github.com/users/ada"}
    return {"action": action, "installation": {"id": 7}, "sender": sender, **more}


def test_what_concerns_an_installation_as_a_whole():
    changed = CredentialChangedEvent(installation="api.github.com:7")
    for action in ("deleted", "suspend", "unsuspend"):
        assert events("installation", installation(action)) == [changed]
    added = RepositoriesAddedEvent(installation="api.github.com:7")
    assert events("installation_repositories", installation("added")) == [added]
    for event, action in (("installation", "created"), ("installation_repositories", "removed")):
        assert events(event, installation(action)) == []
    for nothing in ({"installation": None}, {"sender": {"url": "https://["}}):
        assert events("installation", installation("deleted", **nothing)) == []


def test_a_form():
    raw = urlencode({"payload": json.dumps(push())}).encode()
    kind = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    delivery = request(raw, **{"x-github-event": "push"}, **kind)
    assert len(RECEIVER.events(delivery)) == 1
    for bad in (b"", b"payload", b"a=b", b"\xff=", b"payload=%FF", b"&" * 100):
        with pytest.raises(HostUnavailable):
            RECEIVER.events(request(bad, **{"x-github-event": "push"}, **kind))


def test_events_that_are_not_followed():
    for event in ("ping", "installation_target", "star", ""):
        assert events(event, {"any": "thing"}) == []


def _spoiled():
    """Each member of each body with values of other types, or left out."""
    for event, value in (
        ("push", push()),
        ("pull_request", pull_request()),
        ("repository", repository("renamed")),
        ("installation", installation("deleted")),
    ):
        for place in _places(value):
            for wrong in WRONG:
                yield event, _with(value, place, wrong)


def _places(value, at=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*at, key)
            yield from _places(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*at, index))


def _with(value, place, wrong):
    copy = json.loads(json.dumps(value))
    target = copy
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = wrong
    return copy


def test_whatever_arrives_is_read_or_refused():
    read = refused = 0
    for event, value in _spoiled():
        try:
            events(event, value)
            read += 1
        except HostUnavailable:
            refused += 1
        RECEIVER.installation_of(request(json.dumps(value).encode()))
    assert read > 50
    assert refused > 50
    for value in (None, [], 7, "x", {}):
        for event in ("push", "pull_request", "repository"):
            with pytest.raises(HostUnavailable):
                events(event, value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (
            {"installation": {"id": 7}, "sender": {"url": "https://API.github.com/users/a"}},
            "api.github.com:7",
        ),
        (
            {"installation": {"id": 7}, "sender": {"url": "https://h:8080/api/v3/users/a"}},
            "h:8080:7",
        ),
        ({"installation": {"id": 7}, "sender": {"url": "http://[bad"}}, ""),
        ({"installation": {"id": 7}, "sender": {"url": "nonsense"}}, ""),
        ({"installation": {"id": 7}}, ""),
        ({"installation": {"id": "7"}, "sender": {"url": "https://h/"}}, ""),
        ({"installation": None}, ""),
        ({}, ""),
        ([], ""),
    ],
)
def test_the_installation_of_an_app(value, found):
    assert RECEIVER.installation_of(request(json.dumps(value).encode())) == found


def test_an_installation_in_nonsense():
    for body in (b"", b"\xff", b"{", b"[" * 100_000, b'{"installation": NaN}'):
        assert RECEIVER.installation_of(request(body)) == ""
