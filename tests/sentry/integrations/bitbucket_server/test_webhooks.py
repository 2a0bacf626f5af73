"""Webhooks: their registration on the host, and what is read of the deliveries that it makes."""

import hashlib
import hmac
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.bitbucket_server.webhooks.receiver import BitbucketServerReceiver
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostUnavailable,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import PullRequestState, RepositoryRef
from sentry.integrations.source_code_management.webhooks import (
    PullRequestEvent,
    PushEvent,
    RepositoryChangedEvent,
    WebhookRequest,
)

from .conftest import SHOP, TOKEN, integration

SECRET = "hunter2hunter2"
URL = "https://sentry.example.com/extensions/bitbucket_server/webhook/1/"
HOOKS = "/rest/api/latest/projects/ACME/repos/shop/webhooks"
RECEIVER = BitbucketServerReceiver()


def hooks_of(emulator):
    found = emulator.world.repositories.by_name("ACME/shop")
    return emulator.world.store.hooks(found.id)


# --- registration ----------------------------------------------------------------------------


def test_a_webhook_is_registered_once_for_a_url(installed, emulator):
    first = installed.register_webhook(SHOP, url=URL, secret=SECRET)
    assert installed.register_webhook(SHOP, url=URL, secret="another") == first
    other = installed.register_webhook(SHOP, url=URL + "2", secret=SECRET)
    assert other != first
    for number in range(3, 6):  # the host's pages hold three
        installed.register_webhook(SHOP, url=f"{URL}{number}", secret=SECRET)
    last = installed.register_webhook(SHOP, url=URL + "5", secret=SECRET)
    hooks = hooks_of(emulator)
    assert [str(hook.id) for hook in hooks] == sorted({first, other, last} | {
        str(hook.id) for hook in hooks
    }, key=int)  # fmt: skip
    assert len(hooks) == 5
    assert hooks[0].config["secret"] == "another"
    assert hooks[0].active
    assert {"repo:refs_changed", "repo:modified", "pr:merged"} <= set(hooks[0].events)
    assert SECRET not in str(emulator.requests)


def test_a_registration_ends_and_one_that_is_gone_is_no_error(installed, emulator):
    made = installed.register_webhook(SHOP, url=URL, secret=SECRET)
    installed.unregister_webhook(SHOP, webhook_id=made)
    installed.unregister_webhook(SHOP, webhook_id=made)
    assert hooks_of(emulator) == []
    with pytest.raises(InvalidArgument):
        installed.unregister_webhook(SHOP, webhook_id="..")


def test_who_may_only_read_registers_none(emulator):
    reader = integration(emulator.url, token="BBDC-reader")
    with pytest.raises(HostForbidden):
        reader.register_webhook(SHOP, url=URL, secret=SECRET)
    with pytest.raises(HostForbidden):
        reader.unregister_webhook(SHOP, webhook_id="1")


def test_a_repository_that_is_not_there(installed):
    with pytest.raises(NotFound):
        installed.register_webhook(RepositoryRef(identifier="ACME/gone"), url=URL, secret=SECRET)


# --- deliveries that the host really makes -----------------------------------------------------


class Inbox:
    """Takes deliveries."""

    def __init__(self) -> None:
        self.received: list[WebhookRequest] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                inbox.received.append(WebhookRequest(headers=headers, body=body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def delivered(shop, tmp_path):
    """An emulator that takes pushes, an installation with a webhook in it, and what it sent."""
    shop("clone", "-q", "--bare", ".", str(tmp_path / "x.git"))
    inbox = Inbox()
    with Emulator(
        "bitbucket_server",
        [HostedRepository(full_name="ACME/x", path=tmp_path / "x.git", id=77)],
        tokens={TOKEN: ("robot",)},
        rate_limit=None,
        allow_push=True,
    ) as running:
        url = f"http://127.0.0.1:{inbox.server.server_port}/hook"
        installed = integration(running.url, token=TOKEN)
        installed.register_webhook(RepositoryRef(identifier="ACME/x"), url=url, secret=SECRET)

        def events():
            running.wait_for_deliveries()
            requests = inbox.received
            inbox.received = []
            assert all(RECEIVER.is_authentic(each, [SECRET], now=0.0) for each in requests)
            assert all(RECEIVER.delivery_id(each) for each in requests)
            return [event for each in requests for event in RECEIVER.events(each)]

        yield running, events
    inbox.close()


def test_pushes_tell_their_branches(delivered, shop):
    running, events = delivered
    remote = running.url.replace("http://", f"http://robot:{TOKEN}@") + "/scm/acme/x.git"
    main, old = shop.id("main"), shop.id("old")
    shop("push", "-q", remote, "main:refs/heads/f/x", "main:refs/heads/old", "v1.0:refs/tags/t")
    shop("push", "-q", remote, ":refs/heads/f/x")
    made, moved, gone = events()
    assert made == PushEvent(
        repository_id="77", branch="f/x", before="", after=main, commits=(), is_complete=False
    )
    assert (moved.branch, moved.before, moved.after) == ("old", old, main)
    assert (gone.branch, gone.before, gone.after, gone.is_complete) == ("f/x", main, "", True)


def test_pull_requests_and_new_names_are_told(delivered, shop):
    running, events = delivered
    pull = running.add_pull_request("ACME/x", title="P", head="feature/checkout", base="alone")
    running.change_pull_request("ACME/x", pull.number, title="Q")
    running.change_pull_request("ACME/x", pull.number, merge_commit="main")
    opened, edited, merged = events()
    assert isinstance(opened, PullRequestEvent)
    assert (opened.repository_id, opened.pull_request.key) == ("77", "1")
    assert opened.pull_request.state is PullRequestState.OPEN
    assert opened.pull_request.web_url.endswith("/projects/ACME/repos/x/pull-requests/1/overview")
    assert edited.pull_request.title == "Q"
    assert merged.pull_request.state is PullRequestState.MERGED
    assert merged.pull_request.merge_sha == shop.id("main")
    assert None is not edited.updated_at <= merged.updated_at
    running.rename_repository("ACME/x", "OTHER/y")
    (renamed,) = events()
    assert isinstance(renamed, RepositoryChangedEvent)
    assert (renamed.repository.external_id, renamed.repository.identifier) == ("77", "OTHER/y")
    assert renamed.repository.url == f"{running.url}/projects/OTHER/repos/y"
    assert renamed.updated_at is not None
    running.remove_repository("OTHER/y")
    assert events() == []  # the host does not tell


# --- signatures ------------------------------------------------------------------------------


def signed(body: bytes, secret: str = SECRET, **headers: str) -> WebhookRequest:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return WebhookRequest(headers={"x-hub-signature": f"sha256={digest}", **headers}, body=body)


def test_a_signature_is_checked_on_the_very_bytes():
    good = signed(b'{"a":1}')
    assert RECEIVER.is_authentic(good, [SECRET], now=0.0)
    assert RECEIVER.is_authentic(good, ["old", SECRET], now=0.0)
    for secrets in ([], [""], ["other"], ["other", ""]):
        assert not RECEIVER.is_authentic(good, secrets, now=0.0)
    changed = WebhookRequest(headers=good.headers, body=b'{"a": 1}')
    assert not RECEIVER.is_authentic(changed, [SECRET], now=0.0)


@pytest.mark.parametrize(
    "header",
    ["", "sha256=", "sha1={}", "{}", "SHA256={}", "sha256={} ", "sha256=ü", "sha256=\ud800"],
)
def test_a_bad_signature_is_refused(header):
    digest = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()
    request = WebhookRequest(headers={"x-hub-signature": header.format(digest)}, body=b"{}")
    assert not RECEIVER.is_authentic(request, [SECRET], now=0.0)
    assert not RECEIVER.is_authentic(WebhookRequest(headers={}, body=b"{}"), [SECRET], now=0.0)


def test_an_unsigned_delivery_is_refused_with_an_empty_secret():
    empty = hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
    request = WebhookRequest(headers={"x-hub-signature": f"sha256={empty}"}, body=b"{}")
    assert not RECEIVER.is_authentic(request, [""], now=0.0)


def test_what_the_platform_does_not_follow():
    for event in ("diagnostics:ping", "repo:forked", "pr:comment:added", ""):
        request = signed(b'{"test": true}', **{"x-event-key": event, "x-request-id": "r"})
        assert RECEIVER.events(request) == []
        assert RECEIVER.delivery_id(request) == "r"
    assert RECEIVER.delivery_id(signed(b"")) == ""


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"repository"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_the_hosts(body):
    with pytest.raises(HostUnavailable):
        RECEIVER.events(signed(body, **{"x-event-key": "repo:refs_changed"}))


def test_nan_is_no_json():
    forked = {"x-event-key": "repo:forked"}
    assert RECEIVER.events(signed(b'{"a": 1}', **forked)) == []
    with pytest.raises(HostUnavailable):
        RECEIVER.events(signed(b'{"a": NaN}', **forked))


def test_nothing_secret_is_shown():
    request = signed(json.dumps({"secret": SECRET}).encode())
    assert SECRET not in repr(request)
    assert "sha256=" not in repr(request)
