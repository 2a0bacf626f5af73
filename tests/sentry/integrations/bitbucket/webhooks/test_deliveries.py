"""Deliveries for what really happens on the emulated host, read and compared with git."""

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.bitbucket.webhooks.receiver import BitbucketWebhookReceiver
from sentry.integrations.source_code_management.types import PullRequestState
from sentry.integrations.source_code_management.webhooks import (
    PullRequestEvent,
    PushEvent,
    RepositoryChangedEvent,
    RepositoryDeletedEvent,
    WebhookEvent,
    WebhookRequest,
)
from tests.sentry.integrations.bitbucket.conftest import API_TOKEN, EMAIL, SHOP, Git, integration

RECEIVER = BitbucketWebhookReceiver()
NOBODY = "http://127.0.0.1:9/hook"  # what was sent there is on record all the same


@pytest.fixture
def host(shop: Git, tmp_path):
    shop("clone", "-q", "--bare", str(shop.path), str(tmp_path / "shop.git"))
    hosted = [HostedRepository(full_name="acme/shop", path=str(tmp_path / "shop.git"))]
    with Emulator("bitbucket", hosted, tokens={API_TOKEN: ("robot",)}, allow_push=True) as emulator:
        yield emulator


@pytest.fixture
def work(shop: Git, host, tmp_path) -> Git:
    shop("clone", "-q", str(tmp_path / "shop.git"), str(tmp_path / "work"))
    git = Git(tmp_path / "work")
    user = f"x-bitbucket-api-token-auth:{API_TOKEN}@"
    git("remote", "set-url", "origin", host.url.replace("//", f"//{user}") + "/acme/shop.git")
    return git


@pytest.fixture
def installed(host):
    made = integration(host.url, email=EMAIL, api_token=API_TOKEN)
    made.register_webhook(SHOP, url=NOBODY, secret="hush")
    return made


def told(host) -> list[WebhookEvent]:
    """Every event so far, each delivery verified."""
    found = []
    for record in host.wait_for_deliveries():
        headers = {name.lower(): value for name, value in record.delivery.headers.items()}
        request = WebhookRequest(headers=headers, body=record.delivery.body)
        assert RECEIVER.is_authentic(request, ["hush"], now=0.0)
        assert not RECEIVER.is_authentic(request, ["other"], now=0.0)
        assert RECEIVER.delivery_id(request)
        found += RECEIVER.events(request)
    return found


def test_pushes(installed, host, work):
    before = work.sha("main")
    shas = [work.commit(f"{n} ☃", {"new.txt": str(n).encode()}) for n in range(3)]
    work("push", "-q", "origin", "main", "main:refs/heads/a/b")
    found = {each.branch: each for each in told(host) if isinstance(each, PushEvent)}
    main = found["main"]
    assert (main.before, main.after, main.is_complete) == (before, shas[-1], True)
    assert [each.commit for each in main.commits] == [
        installed.get_commit(SHOP, sha) for sha in shas
    ]
    assert main.repository_id == installed.get_repository("acme/shop").external_id
    assert (found["a/b"].before, found["a/b"].after) == ("", shas[-1])


def test_more_commits_than_a_delivery_holds(installed, host, work):
    shas = [work.commit(str(n), {"new.txt": str(n).encode()}) for n in range(7)]
    work("push", "-q", "origin", "main")
    (push,) = told(host)
    assert isinstance(push, PushEvent)
    assert not push.is_complete
    assert [each.commit.sha for each in push.commits] == shas[2:]
    whole = installed.compare_commits(SHOP, base=push.before, head=push.after, max_commits=100)
    assert [each.sha for each in whole.commits] == shas[::-1]


def test_branches_end_and_tags_are_passed_over(installed, host, work):
    work("push", "-q", "origin", ":refs/heads/old", "main:refs/tags/v9")
    (push,) = told(host)
    assert isinstance(push, PushEvent)
    assert (push.branch, push.after, push.commits) == ("old", "", ())


def test_pull_requests(installed, host, shop):
    pull = host.add_pull_request("acme/shop", title="One", head="feature/checkout", base="old")
    host.change_pull_request("acme/shop", pull.number, merge_commit="main")
    states = [each.pull_request.state for each in told(host) if isinstance(each, PullRequestEvent)]
    assert states == [PullRequestState.OPEN, PullRequestState.MERGED]


def test_names_change_and_repositories_go(installed, host):
    known = installed.get_repository("acme/shop").external_id
    host.rename_repository("acme/shop", "acme/store")
    renamed = installed.get_repository("acme/store")
    host.rename_repository("acme/store", "corp/store")
    host.remove_repository("corp/store")
    first, second, last = told(host)
    assert isinstance(first, RepositoryChangedEvent)
    assert isinstance(second, RepositoryChangedEvent)
    assert first.repository.identifier == renamed.identifier == "acme/store"
    assert (second.repository.identifier, second.repository.external_id) == ("corp/store", known)
    assert last == RepositoryDeletedEvent(repository_id=known)
