"""GitLab's deliveries: verified by either form of a secret, and read."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from sentry.integrations.gitlab.webhooks.receiver import GitLabWebhookReceiver
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.types import (
    ChangeKind,
    FileChange,
    PullRequestState,
)
from sentry.integrations.source_code_management.webhooks import (
    PullRequestEvent,
    PushEvent,
    RepositoryChangedEvent,
    RepositoryDeletedEvent,
    WebhookRequest,
)

RECEIVER = GitLabWebhookReceiver()
NOW = 1_800_000_000.0
KEYS = [bytes([number]) * 32 for number in (1, 2)]
SIGNING = [f"whsec_{base64.b64encode(key).decode()}" for key in KEYS]
BODY = b'{"object_kind": "push"}'


def signature(key: bytes = KEYS[0], *, at: float = NOW, number: str = "m1", body: bytes = BODY):
    digest = hmac.new(key, b".".join([number.encode(), str(int(at)).encode(), body]), "sha256")
    return f"v1,{base64.b64encode(digest.digest()).decode()}"


def signed(*signatures: str, at: float = NOW, number: str = "m1", **more: str) -> WebhookRequest:
    headers = {
        "webhook-id": number,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": " ".join(signatures),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return WebhookRequest(headers=headers, body=BODY)


def accepts(request: WebhookRequest, *secrets: str, now: float = NOW) -> bool:
    return RECEIVER.is_authentic(request, secrets, now=now)


def test_a_static_token():
    request = WebhookRequest(headers={"x-gitlab-token": "hush"}, body=BODY)
    assert accepts(request, "hush")
    assert accepts(request, "old", "hush")
    for secrets in ((), ("",), ("Hush",), ("hush ",), ("hus",)):
        assert not accepts(request, *secrets)
    for headers in ({}, {"x-gitlab-token": ""}, {"x-gitlab-token": "h\u00fcsh"}):
        assert not accepts(WebhookRequest(headers=headers, body=BODY), "hush", "")


def test_a_signature_in_the_form_of_standard_webhooks():
    assert accepts(signed(signature()), SIGNING[0])
    assert accepts(signed(signature(KEYS[1])), *SIGNING)
    assert accepts(signed("v1a,x", "v1,eHg=", signature(), "v2,y"), SIGNING[0])
    assert not accepts(signed(signature()), SIGNING[1])
    assert not accepts(signed(signature()))


def test_what_is_signed_is_the_id_the_time_and_the_body():
    assert not accepts(signed(signature(), number="m2"), SIGNING[0])
    assert not accepts(signed(signature(), at=NOW + 1), SIGNING[0])
    other = WebhookRequest(headers=signed(signature()).headers, body=BODY + b" ")
    assert not accepts(other, SIGNING[0])


@pytest.mark.parametrize("seconds", [-299, 0, 299])
def test_a_signature_holds_for_five_minutes(seconds):
    assert accepts(signed(signature()), SIGNING[0], now=NOW + seconds)


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_a_signature_of_another_time_is_refused(seconds):
    assert not accepts(signed(signature()), SIGNING[0], now=NOW + seconds)


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "9" * 99},
        {"webhook-id": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,\u00e4"},
        {"webhook-signature": signature().removeprefix("v1,")},
    ],
)
def test_a_signature_that_is_not_whole(headers):
    request = WebhookRequest(headers={**signed(signature()).headers, **headers}, body=BODY)
    assert not accepts(request, SIGNING[0])


def test_a_bad_signature_is_not_made_good_by_the_token():
    assert not accepts(signed("v1,eHg=", x_gitlab_token="hush"), "hush", SIGNING[0])
    assert accepts(signed("v1,eHg=", x_gitlab_token="hush"), "hush")
    assert accepts(signed(signature(), x_gitlab_token="wrong"), "hush", SIGNING[0])


@pytest.mark.parametrize("secret", ["whsec_", "whsec_!!", "whsec_ä"])
def test_a_signing_secret_that_is_none_signs_nothing(secret):
    assert not accepts(signed(signature(b"")), secret)


def test_the_id_stays_when_a_delivery_is_sent_again():
    headers = {"x-gitlab-event-uuid": "e", "idempotency-key": "i", "webhook-id": "w"}
    for name in ("w", "i", "e", ""):
        assert RECEIVER.delivery_id(WebhookRequest(headers=headers, body=b"")) == name
        headers = {key: value for key, value in headers.items() if value != name}


# --- bodies --------------------------------------------------------------------------------------

PROJECT = {
    "id": 7,
    "name": "shop",
    "web_url": "https://Git.example/acme/tools/shop",
    "path_with_namespace": "acme/tools/shop",
    "default_branch": "main",
}
COMMIT = {
    "id": "b" * 40,
    "message": "Say it\n",
    "timestamp": "2024-05-06T07:08:09+02:00",
    "url": "https://git.example/c",
    "author": {"name": "Ada", "email": "ada@example.com"},
    "added": ["a.txt"],
    "modified": ["döc/b"],
    "removed": ["c"],
}
PUSH = {
    "object_kind": "push",
    "event_name": "push",
    "ref": "refs/heads/main",
    "before": "a" * 40,
    "after": "b" * 40,
    "project": PROJECT,
    "commits": [COMMIT],
    "total_commits_count": 1,
}
ATTRIBUTES: dict[str, Any] = {
    "author_id": 5,
    "iid": 3,
    "title": "T",
    "description": None,
    "state": "merged",
    "action": "merge",
    "source_branch": "x",
    "target_branch": "main",
    "created_at": "2017-12-10 17:01:11 UTC",
    "updated_at": "2017-12-10T17:02:11Z",
    "merge_commit_sha": "c" * 40,
    "url": "https://git.example/m",
    "last_commit": {"id": "d" * 40},
}
MERGE: dict[str, Any] = {
    "object_kind": "merge_request",
    "user": {"id": 5, "username": "ada", "name": "Ada"},
    "project": PROJECT,
    "object_attributes": ATTRIBUTES,
}
NAMED = {
    "event_name": "project_rename",
    "project_id": 7,
    "path_with_namespace": "acme/boutique",
    "updated_at": "2024-05-06T07:08:09Z",
}


def read(body: Mapping[str, Any], **headers: str) -> list[Any]:
    request = WebhookRequest(
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=json.dumps(body).encode(),
    )
    return RECEIVER.events(request)


def test_a_push():
    changed, push = read(PUSH)
    assert isinstance(push, PushEvent)
    assert (push.repository_id, push.branch) == ("git.example:7", "main")
    assert (push.before, push.after, push.is_complete) == ("a" * 40, "b" * 40, True)
    (pushed,) = push.commits
    assert (pushed.commit.sha, pushed.commit.message) == ("b" * 40, "Say it")
    assert pushed.commit.author.email == "ada@example.com"
    assert pushed.commit.committed_at == datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC)
    assert pushed.changes == (
        FileChange(path="a.txt", kind=ChangeKind.ADDED),
        FileChange(path="döc/b", kind=ChangeKind.MODIFIED),
        FileChange(path="c", kind=ChangeKind.REMOVED),
    )
    assert isinstance(changed, RepositoryChangedEvent)
    assert changed.repository.identifier == "acme/tools/shop"
    assert changed.repository.external_id == push.repository_id


def test_a_push_elsewhere_tells_of_no_name():
    (push,) = read({**PUSH, "ref": "refs/heads/feature/x"})
    assert push.branch == "feature/x"


def test_a_push_of_many_commits_is_not_complete():
    *_, push = read({**PUSH, "total_commits_count": 21})
    assert not push.is_complete


def test_a_branch_comes_and_goes():
    zeros = "0" * 40
    *_, made = read({**PUSH, "before": zeros})
    *_, gone = read({**PUSH, "after": zeros, "commits": [], "total_commits_count": 0})
    assert (made.before, gone.after, gone.commits) == ("", "", ())


def test_lists_of_files_that_are_left_out():
    commit = {name: value for name, value in COMMIT.items() if name != "modified"}
    *_, push = read({**PUSH, "commits": [commit]})
    assert push.commits[0].changes is None


def test_a_merge_request():
    (event,) = read(MERGE)
    assert isinstance(event, PullRequestEvent)
    info = event.pull_request
    assert (event.repository_id, info.key, info.title) == ("git.example:7", "3", "T")
    assert (info.state, info.merge_sha, info.head_sha) == (
        PullRequestState.MERGED,
        "c" * 40,
        "d" * 40,
    )
    assert info.created_at == datetime(2017, 12, 10, 17, 1, 11, tzinfo=UTC)
    assert info.merged_at == event.updated_at == datetime(2017, 12, 10, 17, 2, 11, tzinfo=UTC)
    assert info.author is not None
    assert info.author.external_id == "gitlab:ada"


def test_who_acts_is_not_always_the_author():
    attributes = {**ATTRIBUTES, "author_id": 6, "action": "update"}
    (event,) = read({**MERGE, "object_attributes": attributes})
    assert event.pull_request.author is None
    assert event.pull_request.merged_at is None


@pytest.mark.parametrize("name", ["project_rename", "project_transfer", "project_update"])
def test_a_project_with_another_name(name):
    (event,) = read({**NAMED, "event_name": name}, x_gitlab_instance="https://git.example/")
    assert isinstance(event, RepositoryChangedEvent)
    assert event.repository.external_id == "git.example:7"
    assert event.repository.identifier == "acme/boutique"
    assert event.repository.url == "https://git.example/acme/boutique"
    assert event.updated_at == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_a_project_that_is_gone():
    body = {**NAMED, "event_name": "project_destroy"}
    assert read(body, x_gitlab_instance="https://git.example") == [
        RepositoryDeletedEvent(repository_id="git.example:7")
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"object_kind": "issue"},
        {"object_kind": "tag_push", "event_name": "tag_push"},
        {"event_name": "user_create"},
        {**PUSH, "ref": "refs/tags/v1"},
    ],
)
def test_what_is_not_followed(body):
    assert read(body) == []


BROKEN = [
    {**PUSH, "project": None},
    {**PUSH, "ref": 7},
    {**PUSH, "commits": {}},
    {**PUSH, "commits": [{**COMMIT, "timestamp": "soon"}]},
    {**PUSH, "commits": [{**COMMIT, "added": [1]}]},
    {**PUSH, "total_commits_count": "many"},
    {**PUSH, "project": {**PROJECT, "web_url": "no url"}},
    {**MERGE, "object_attributes": None},
    {**MERGE, "object_attributes": {**ATTRIBUTES, "iid": "3"}},
    NAMED,  # no instance
]


@pytest.mark.parametrize("body", BROKEN)
def test_a_body_of_another_shape(body):
    with pytest.raises(HostUnavailable):
        read(body)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000, b"NaN"]
)
def test_a_body_that_is_none(body):
    with pytest.raises(HostUnavailable):
        RECEIVER.events(WebhookRequest(headers={}, body=body))


def test_a_secret_is_in_no_repr():
    request = WebhookRequest(headers={"x-gitlab-token": "hush"}, body=b"hush")
    assert "hush" not in f"{request!r}{RECEIVER!r}"
    assert hashlib.sha256(request.body)
