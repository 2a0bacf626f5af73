"""Webhooks that are registered on the emulated GitLab, sent for real pushes, verified and read."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.gitlab.integration import GitLabIntegration
from sentry.integrations.gitlab.webhooks.receiver import GitLabWebhookReceiver
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRejected,
    InvalidArgument,
)
from sentry.integrations.source_code_management.webhooks import (
    PullRequestEvent,
    PushEvent,
    RepositoryChangedEvent,
    RepositoryDeletedEvent,
    WebhookRequest,
)
from tests.sentry.integrations.gitlab.conftest import NAME, SHOP, TOKEN, Git, integration

SIGNING = "whsec_" + "QUJD" * 10 + "QUI="
RECEIVER = GitLabWebhookReceiver()


@dataclass
class Inbox:
    """What arrived."""

    url: str = ""
    requests: list[WebhookRequest] = field(default_factory=list)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    found = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.requests.append(WebhookRequest(headers=headers, body=body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def copy(shop: Git, tmp_path: Path) -> Git:
    shop("clone", "-q", "--bare", ".", str(tmp_path / "shop.git"))
    return Git(tmp_path / "shop.git")


@pytest.fixture
def host(copy: Git) -> Iterator[Emulator]:
    hosted = [HostedRepository(full_name=NAME, path=str(copy.path), id=7)]
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot",)}, allow_push=True) as running:
        yield running


@pytest.fixture
def installed(host: Emulator) -> GitLabIntegration:
    return integration(host.url, token=TOKEN)


@pytest.mark.parametrize("secret", ["hush-hush", SIGNING])
def test_one_registration_for_an_address(host, installed, secret):
    number = installed.register_webhook(SHOP, url="http://127.0.0.1:1/a", secret=secret)
    other = installed.register_webhook(SHOP, url="http://127.0.0.1:1/b", secret=secret)
    again = installed.register_webhook(SHOP, url="http://127.0.0.1:1/a", secret="another")
    assert number == again != other
    hooks = host.world.store.hooks(7)
    assert sorted(hook.config["url"] for hook in hooks) == [
        "http://127.0.0.1:1/a",
        "http://127.0.0.1:1/b",
    ]
    assert hooks[0].config["token"] == "another"
    assert set(hooks[0].events) == {
        "push_events",
        "merge_requests_events",
        "enable_ssl_verification",
    }
    installed.unregister_webhook(SHOP, webhook_id=number)
    installed.unregister_webhook(SHOP, webhook_id=number)
    assert [str(hook.id) for hook in host.world.store.hooks(7)] == [other]
    with pytest.raises(InvalidArgument):
        installed.unregister_webhook(SHOP, webhook_id="../x")


def test_a_known_registration_is_found_on_a_later_page(shop):
    hosted = [HostedRepository(full_name=NAME, path=str(shop.path), id=7)]
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot",)}, page_size_cap=1) as running:
        made = integration(running.url, token=TOKEN)
        numbers = [made.register_webhook(SHOP, url=f"http://h/{n}", secret="s") for n in range(3)]
        assert made.register_webhook(SHOP, url="http://h/2", secret="s") == numbers[2]


def test_a_gitlab_that_cannot_sign(host, installed):
    answer = b'{"id": 5, "url": "http://127.0.0.1:1/"}'
    host.faults.add(
        Fault(
            kind="status", status=201, body=answer, content_type="application/json", method="POST"
        )
    )
    with pytest.raises(HostRejected, match="cannot sign"):
        installed.register_webhook(SHOP, url="http://127.0.0.1:1/", secret=SIGNING)
    assert [request.method for request in host.requests] == ["GET", "POST", "DELETE"]


def test_a_credential_that_may_not_register(host):
    host.add_token("reader", "eve", "read_api")
    with pytest.raises(HostForbidden):
        integration(host.url, token="reader").register_webhook(
            SHOP, url="http://127.0.0.1:1/", secret="s"
        )


@pytest.mark.parametrize("secret", ["hush-hush", SIGNING])
def test_a_real_push_arrives(host, installed, inbox, copy, secret):
    installed.register_webhook(SHOP, url=inbox.url, secret=secret)
    work = Git(copy.path.parent / "work", hours=1000)
    subprocess.run(["git", "clone", "-q", str(copy.path), str(work.path)], check=True)
    before = work.sha("HEAD")
    shas = [
        work.commit("Add", {"döc/new.txt": b"1\n"}),
        work.commit("Change\n\nBody.", {"döc/new.txt": b"2\n", "a.txt": None}),
    ]
    remote = f"{host.url.replace('http://', f'http://oauth2:{TOKEN}@')}/{NAME}.git"
    work("push", "-q", remote, "HEAD:main")
    host.wait_for_deliveries()
    (request,) = inbox.requests
    assert RECEIVER.is_authentic(request, [secret], now=time.time())
    assert not RECEIVER.is_authentic(request, ["wrong", SIGNING[:-4] + "QUM="], now=time.time())
    assert RECEIVER.delivery_id(request)
    changed, push = RECEIVER.events(request)
    assert isinstance(push, PushEvent)
    assert (push.before, push.after, push.branch) == (before, shas[1], "main")
    assert [each.commit.sha for each in push.commits] == shas
    assert push.is_complete
    info = installed.get_repository(NAME)
    assert push.repository_id == info.external_id
    assert isinstance(changed, RepositoryChangedEvent)
    assert changed.repository == info
    for each in push.commits:
        assert each.commit == installed.get_commit(SHOP, each.commit.sha)
        assert each.changes is not None
        assert set(each.changes) == set(installed.get_commit_changes(SHOP, sha=each.commit.sha))


def test_merge_requests_arrive(host, installed, inbox, copy):
    installed.register_webhook(SHOP, url=inbox.url, secret="s")
    pull = host.add_pull_request(
        NAME, title="Check out", head="feature/checkout", base="old", author="alice"
    )
    host.change_pull_request(NAME, pull.number, merge_commit=copy.sha("main"))
    host.wait_for_deliveries()
    made, merged = (event for each in inbox.requests for event in RECEIVER.events(each))
    assert isinstance(made, PullRequestEvent)
    assert isinstance(merged, PullRequestEvent)
    sha = copy.sha("feature/checkout")
    (told,) = installed.get_pull_requests_for_commit(SHOP, sha=sha)
    assert merged.pull_request.merge_sha == told.merge_sha == copy.sha("main")
    assert merged.pull_request.author == told.author
    assert (merged.pull_request.key, merged.pull_request.state) == (told.key, told.state)
    assert made.pull_request.head_sha == sha


def test_names_arrive_through_a_system_hook_alone(host, installed, inbox):
    installed.register_webhook(SHOP, url=f"{inbox.url}/project", secret="s")
    info = installed.get_repository(NAME)
    hook = host.world.store.create_hook(
        repository_id=0,
        active=True,
        events=("repository_update_events",),
        config={"url": inbox.url, "token": "s"},
        now=host.world.clock(),
    )
    host.rename_repository(NAME, "acme/boutique")
    host.remove_repository("acme/boutique")
    host.wait_for_deliveries()
    renamed, gone = (RECEIVER.events(request)[0] for request in inbox.requests)
    assert isinstance(renamed, RepositoryChangedEvent)
    assert renamed.repository.external_id == info.external_id
    assert renamed.repository.identifier == "acme/boutique"
    assert gone == RepositoryDeletedEvent(repository_id=info.external_id)
    assert all(RECEIVER.is_authentic(request, ["s"], now=0) for request in inbox.requests)
    assert json.loads(inbox.requests[0].body)["old_path_with_namespace"] == NAME
    assert hook.id
