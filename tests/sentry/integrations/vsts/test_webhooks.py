"""Registering service hooks, and reading what they send."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from forge_emulator import Fault, HostedRepository
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostUnavailable,
    NotFound,
)
from sentry.integrations.source_code_management.types import PullRequestState, RepositoryRef
from sentry.integrations.source_code_management.webhooks import (
    PullRequestEvent,
    PushEvent,
    RepositoryChangedEvent,
    RepositoryDeletedEvent,
    WebhookRequest,
)
from sentry.integrations.vsts.webhooks.receiver import SECRET_HEADER, VstsWebhookReceiver

from .conftest import NAME, SHOP, TOKEN, Git, integration

SECRET = "s3cret:with a colon"
URL = "https://sentry.example/extensions/vsts/webhook/1/"
RECEIVER = VstsWebhookReceiver()
EVENTS = {
    "git.push", "git.pullrequest.created", "git.pullrequest.updated", "git.pullrequest.merged",
    "git.repo.renamed", "git.repo.deleted",
}  # fmt: skip


def basic(user: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


def request(body: object, headers: dict[str, str] | None = None) -> WebhookRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return WebhookRequest(headers=headers or {}, body=raw)


# --- registering -----------------------------------------------------------------------------


def subscriptions(emulator):
    found = emulator.world.repositories.by_name(NAME)
    return emulator.world.store.hooks(found.id)


def test_every_kind_of_event_is_asked_for_once(installed, emulator):
    number = installed.register_webhook(SHOP, url=URL, secret=SECRET)
    assert len(number) == 36
    hooks = subscriptions(emulator)
    assert {hook.events[0] for hook in hooks} == EVENTS
    assert {hook.config["basicAuthPassword"] for hook in hooks} == {SECRET}
    assert installed.register_webhook(SHOP, url=URL, secret="another") == number
    again = subscriptions(emulator)
    assert [hook.id for hook in again] == [hook.id for hook in hooks]
    assert {hook.config["basicAuthPassword"] for hook in again} == {"another"}
    other = installed.register_webhook(SHOP, url=f"{URL}2", secret=SECRET)
    assert other != number
    assert len(subscriptions(emulator)) == 2 * len(EVENTS)
    installed.unregister_webhook(SHOP, webhook_id=number)
    assert {hook.config["url"] for hook in subscriptions(emulator)} == {f"{URL}2"}
    for gone in (number, "7", ""):
        installed.unregister_webhook(SHOP, webhook_id=gone)
    assert len(subscriptions(emulator)) == len(EVENTS)


def test_one_that_is_half_registered_is_completed_and_half_removed_is_ended(installed, emulator):
    number = installed.register_webhook(SHOP, url=URL, secret=SECRET)
    for hook in subscriptions(emulator)[1:4]:
        emulator.world.store.delete_hook(hook.repository_id, hook.id)
    assert installed.register_webhook(SHOP, url=URL, secret=SECRET) == number
    assert len(subscriptions(emulator)) == len(EVENTS)
    emulator.faults.add(Fault(kind="status", status=500, method="DELETE", times=9))
    with pytest.raises(HostUnavailable):
        installed.unregister_webhook(SHOP, webhook_id=number)
    emulator.faults.clear()
    installed.unregister_webhook(SHOP, webhook_id=number)
    assert subscriptions(emulator) == []


def test_a_server_without_the_newest_events_is_asked_for_the_others(installed, emulator):
    for fault in (
        Fault(kind="latency", method="POST", match="/hooks/", times=4),
        Fault(kind="status", status=400, method="POST", match="/hooks/", times=2),
    ):
        emulator.faults.add(fault)
    installed.register_webhook(SHOP, url=URL, secret=SECRET)
    assert {hook.events[0] for hook in subscriptions(emulator)} == {
        event for event in EVENTS if "repo" not in event
    }


def test_who_may_not_register_and_what_is_not_there(installed, emulator):
    emulator.faults.add(Fault(kind="status", status=403, match="/hooks/"))
    with pytest.raises(HostForbidden):
        installed.register_webhook(SHOP, url=URL, secret=SECRET)
    emulator.faults.clear()
    with pytest.raises(NotFound):
        installed.register_webhook(RepositoryRef(identifier="No/such"), url=URL, secret=SECRET)


# --- verifying -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        basic("sentry", SECRET),
        basic("", SECRET),
        {"authorization": basic("x", SECRET)["authorization"].replace("Basic", "basic")},
        {SECRET_HEADER: SECRET},
    ],
)
def test_a_delivery_with_the_secret_is_authentic(headers):
    delivery = request({}, headers)
    assert RECEIVER.is_authentic(delivery, [SECRET], now=0.0)
    assert RECEIVER.is_authentic(delivery, ["old", SECRET], now=0.0)
    assert not RECEIVER.is_authentic(delivery, ["old"], now=0.0)
    assert not RECEIVER.is_authentic(delivery, [], now=0.0)
    assert not RECEIVER.is_authentic(delivery, [""], now=0.0)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("sentry", ""),
        basic("sentry", f"{SECRET} "),
        basic(SECRET, ""),
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic äöü"},
        {SECRET_HEADER: ""},
        {SECRET_HEADER: "ä\ud800"},
        {"x-hub-signature": SECRET},
    ],
)
def test_a_delivery_without_it_is_not(headers):
    delivery = request({}, headers)
    assert not RECEIVER.is_authentic(delivery, [SECRET], now=0.0)
    assert not RECEIVER.is_authentic(delivery, ["", "x"], now=0.0)
    assert SECRET not in repr(delivery)


# --- what the emulated host sends ------------------------------------------------------------


class Inbox:
    """Keeps the deliveries that arrive."""

    def __init__(self) -> None:
        self.received: list[WebhookRequest] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                received.append(WebhookRequest(headers=headers, body=body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def inbox():
    found = Inbox()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def pushable(emulator, shop, tmp_path):
    """A repository that takes pushes, and a clone of it."""
    shop("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    shop("clone", "-q", str(tmp_path / "bare.git"), str(tmp_path / "work"))
    emulator.add_repository(HostedRepository(full_name="P/app", path=str(tmp_path / "bare.git")))
    emulator.world.allow_push = True
    yield Git(tmp_path / "work", hours=100)
    emulator.world.allow_push = False


def events_of(emulator, inbox):
    emulator.wait_for_deliveries()
    deliveries, inbox.received[:] = list(inbox.received), []
    assert all(RECEIVER.is_authentic(each, [SECRET], now=0.0) for each in deliveries)
    assert not any(RECEIVER.is_authentic(each, ["x"], now=0.0) for each in deliveries)
    numbers = [RECEIVER.delivery_id(each) for each in deliveries]
    assert len(set(numbers)) == len(numbers)
    assert "" not in numbers
    return [event for each in deliveries for event in RECEIVER.events(each)]


def test_pushes_arrive(emulator, inbox, pushable):
    installed = integration(emulator.url, token=TOKEN)
    repo = RepositoryRef(identifier="P/app")
    number = installed.get_repository("P/app").external_id
    installed.register_webhook(repo, url=inbox.url, secret=SECRET)
    before = pushable.id("HEAD")
    shas = [pushable.commit(f"Change {n}\n\nBody", {"new.txt": f"{n}".encode()}) for n in (1, 2)]
    remote = f"{emulator.url}/acme/P/_git/app"
    header = f"http.extraHeader=Authorization: {basic('', TOKEN)['authorization']}"
    pushable("-c", header, "push", "-q", remote, "main")
    (push,) = events_of(emulator, inbox)
    assert isinstance(push, PushEvent)
    assert (push.repository_id, push.branch) == (number, "main")
    assert (push.before, push.after, push.is_complete) == (before, shas[-1], False)
    assert [each.commit.sha for each in push.commits] == shas
    first = push.commits[0].commit
    assert (first.message.strip(), first.author.email) == ("Change 1\n\nBody", "alice@example.com")
    assert push.commits[0].changes is None
    pushable("-c", header, "push", "-q", remote, "HEAD~1:refs/heads/a/b", "HEAD:refs/tags/t")
    (made,) = events_of(emulator, inbox)
    assert (made.branch, made.before, made.after) == ("a/b", "", shas[0])
    pushable("-c", header, "push", "-q", remote, ":refs/heads/a/b", "HEAD:refs/heads/c")
    gone, other = events_of(emulator, inbox)
    assert (gone.branch, gone.after, gone.commits, gone.is_complete) == ("a/b", "", (), True)
    assert (other.branch, other.commits, other.is_complete) == ("c", (), False)


def test_changes_of_pull_requests_and_of_the_repository_arrive(emulator, inbox, installed, shop):
    known = installed.get_repository(NAME)
    installed.register_webhook(SHOP, url=inbox.url, secret=SECRET)
    pull = emulator.add_pull_request(NAME, title="T", head="feature/checkout", base="HEAD~3")
    emulator.change_pull_request(NAME, pull.number, title="U")
    emulator.change_pull_request(NAME, pull.number, merge_commit="v1.0")
    opened, edited, merged = events_of(emulator, inbox)
    for event, title, state in (
        (opened, "T", PullRequestState.OPEN),
        (edited, "U", PullRequestState.OPEN),
        (merged, "U", PullRequestState.MERGED),
    ):
        assert isinstance(event, PullRequestEvent)
        assert event.repository_id == known.external_id
        assert (event.pull_request.title, event.pull_request.state) == (title, state)
        assert event.updated_at is not None
    assert opened.updated_at <= edited.updated_at <= merged.updated_at
    assert merged.pull_request.merge_sha == shop.id("v1.0")
    assert opened.pull_request.web_url.endswith("/_git/sk%C3%B6p%20app/pullrequest/1")
    emulator.rename_repository(NAME, "Online Shop/renamed")
    (renamed,) = events_of(emulator, inbox)
    assert isinstance(renamed, RepositoryChangedEvent)
    assert renamed.repository.external_id == known.external_id
    assert renamed.repository.identifier == "Online Shop/renamed"
    assert renamed.updated_at is not None
    emulator.remove_repository("Online Shop/renamed")
    (gone,) = events_of(emulator, inbox)
    assert gone == RepositoryDeletedEvent(repository_id=known.external_id)


# --- reading anything ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"<html>", b"[]", b"7", b'"x"', b"\xff", b"[" * 100_000,
        b'{"eventType": "build.complete", "a": NaN}',
        {}, {"eventType": 7}, {"eventType": "git.push"}, {"eventType": "git.push", "resource": 1},
        {"eventType": "git.push", "resource": {"repository": {}, "refUpdates": []}},
        {"eventType": "git.pullrequest.created", "resource": {"repository": None}},
        {"eventType": "git.repo.renamed", "resource": {}},
        {"eventType": "git.repo.deleted", "resource": {"repositoryId": "x"}},
        {"eventType": "git.repo.deleted", "resource": {"repository": {"id": 5}}},
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_delivery_is_one_error(body):
    delivery = request(body)
    with pytest.raises(HostUnavailable):
        RECEIVER.events(delivery)
    assert isinstance(RECEIVER.delivery_id(delivery), str)


@pytest.mark.parametrize("event", ["ms.vss-code.git-pullrequest-comment-event", "build.complete"])
def test_what_is_not_followed_tells_nothing(event):
    assert RECEIVER.events(request({"eventType": event, "resource": {}})) == []
    assert RECEIVER.delivery_id(request({"id": 7})) == ""
