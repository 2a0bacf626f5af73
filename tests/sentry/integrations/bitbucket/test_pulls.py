"""Pull requests of commits, and webhooks' registrations, through the whole provider."""

import pytest

from forge_emulator import Emulator, Fault
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostUnavailable,
    NotFound,
    Reason,
    Unsupported,
)
from sentry.integrations.source_code_management.types import PullRequestState

from .conftest import ACCESS_TOKEN, SHOP, integration

HOOK = "https://sentry.example/extensions/bitbucket/webhook/1/"


@pytest.fixture
def merged(emulator: Emulator, shop):
    return emulator.add_pull_request(
        "acme/shop",
        title="Check out",
        body="Pays.",
        author="alice",
        head="feature/checkout",
        base="main",
        merge_commit="main~3",
    )


# --- pull requests ---------------------------------------------------------------------------


def test_the_pull_request_of_a_commit(installed, shop, emulator, merged):
    head, merge = shop.sha("feature/checkout"), shop.sha("main~3")
    (pull,) = installed.get_pull_requests_for_commit(SHOP, sha=head)
    assert (pull.key, pull.title, pull.description) == (str(merged.number), "Check out", "Pays.")
    assert pull.state is PullRequestState.MERGED
    assert (pull.head_branch, pull.base_branch) == ("feature/checkout", "main")
    assert (pull.head_sha, pull.merge_sha) == (head, merge)
    assert pull.web_url == f"{emulator.url}/acme/shop/pull-requests/{merged.number}"
    assert pull.created_at == merged.created_at
    assert pull.author is not None
    assert (pull.author.name, pull.author.email) == ("alice", "")
    assert pull.author.external_id.startswith("bitbucket:{")
    assert len(emulator.requests) == 3
    assert installed.get_pull_requests_for_commit(SHOP, sha=merge) == [pull]


def test_an_open_one_and_none(installed, shop, emulator):
    emulator.add_pull_request("acme/shop", title="Wait", head="main", base="old")
    (pull,) = installed.get_pull_requests_for_commit(SHOP, sha=shop.sha("main"))
    assert (pull.state, pull.merge_sha) == (PullRequestState.OPEN, "")
    first = shop.shas("--max-parents=0", "main")[0]
    assert installed.get_pull_requests_for_commit(SHOP, sha=first) == []


def test_a_commit_that_is_gone_stays_abbreviated(installed, shop, emulator, merged):
    merge = shop.sha("main~3")
    emulator.faults.add(Fault(kind="status", status=404, match=f"/commit/{merge[:12]}", times=1))
    head = shop.sha("feature/checkout")
    (pull,) = installed.get_pull_requests_for_commit(SHOP, sha=head)
    assert (pull.head_sha, pull.merge_sha) == (head, merge[:12])


def test_while_the_host_makes_its_index(installed, emulator, shop):
    body = b'{"values": [], "pagelen": 30}'
    emulator.faults.add(
        Fault(kind="status", status=202, body=body, content_type="application/json")
    )
    with pytest.raises(HostUnavailable) as caught:
        installed.get_pull_requests_for_commit(SHOP, sha=shop.sha("main"))
    assert (caught.value.status, caught.value.retry_after) == (202, 30.0)


def test_a_repository_without_an_index_and_a_commit_that_is_not_there(installed, emulator, shop):
    emulator.faults.add(Fault(kind="status", status=404, match="/pullrequests"))
    with pytest.raises(Unsupported) as caught:
        installed.get_pull_requests_for_commit(SHOP, sha=shop.sha("main"))
    assert caught.value.reason is Reason.CAPABILITY_MISSING
    with pytest.raises(NotFound):
        installed.get_pull_requests_for_commit(SHOP, sha="f" * 40)


# --- webhooks --------------------------------------------------------------------------------


def hooks(emulator):
    (repository,) = emulator.world.repositories.all()
    return emulator.world.store.hooks(repository.id)


def test_a_webhook_is_registered_once_for_each_url(installed, emulator):
    first = installed.register_webhook(SHOP, url=HOOK, secret="hush")
    again = installed.register_webhook(SHOP, url=HOOK, secret="other")
    second = installed.register_webhook(SHOP, url=f"{HOOK}2", secret="hush")
    assert first == again != second
    one, two = hooks(emulator)
    assert (one.config["url"], one.config["secret"]) == (HOOK, "other")
    assert two.config["url"] == f"{HOOK}2"
    assert {"repo:push", "repo:updated", "pullrequest:fulfilled"} < set(one.events)
    methods = [request.method for request in emulator.requests]
    assert methods == ["GET", "POST", "GET", "PUT", "GET", "POST"]
    assert "hush" not in repr(emulator.requests)


def test_a_registration_is_brought_up_to_date(installed, emulator):
    installed.register_webhook(SHOP, url=HOOK, secret="hush")
    (hook,) = hooks(emulator)
    emulator.world.store.save_hook(
        type(hook)(
            id=hook.id, repository_id=hook.repository_id, active=False, events=("repo:fork",),
            config=hook.config, created_at=hook.created_at,
        )
    )  # fmt: skip
    installed.register_webhook(SHOP, url=HOOK, secret="hush")
    (changed,) = hooks(emulator)
    assert changed.active
    assert "repo:push" in changed.events


def test_a_registration_ends(installed, emulator):
    made = installed.register_webhook(SHOP, url=HOOK, secret="hush")
    installed.unregister_webhook(SHOP, webhook_id=made)
    assert hooks(emulator) == []
    installed.unregister_webhook(SHOP, webhook_id=made)
    emulator.faults.add(Fault(kind="status", status=500))
    with pytest.raises(HostUnavailable):
        installed.unregister_webhook(SHOP, webhook_id=made)


def test_a_webhook_is_never_registered_twice(installed, emulator):
    emulator.faults.add(Fault(kind="drop", match="/hooks", method="POST"))
    with pytest.raises(HostUnavailable):
        installed.register_webhook(SHOP, url=HOOK, secret="hush")
    assert [request.method for request in emulator.requests] == ["GET", "POST"]


def test_a_credential_that_may_not_register(emulator):
    emulator.add_token(ACCESS_TOKEN + "-2", "token", "repository")
    reader = integration(emulator.url, token=ACCESS_TOKEN + "-2", workspace="acme")
    with pytest.raises(HostForbidden):
        reader.register_webhook(SHOP, url=HOOK, secret="hush")
