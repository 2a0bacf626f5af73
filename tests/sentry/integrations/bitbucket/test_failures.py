"""The host's bad days: every fault is one error of the tree, with its data."""

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry import options
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRateLimited,
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    NotFound,
    Unsupported,
)

from .conftest import ACCESS_TOKEN, SHOP, integration

SHA = "a" * 40
CALLS = {
    "commit": lambda installed: installed.get_commit(SHOP, SHA),
    "history": lambda installed: installed.list_commits(
        SHOP, sha=SHA, path="", page=2, per_page=100
    ),
    "changes": lambda installed: installed.get_commit_changes(SHOP, sha=SHA),
    "file": lambda installed: installed.get_file(SHOP, path="a", sha=SHA, max_bytes=9),
    "tree": lambda installed: installed.get_tree(SHOP, sha=SHA, path="", max_entries=9),
    "branches": lambda installed: list(installed.get_branches(SHOP)),
    "search": lambda installed: installed.search_code(SHOP, query="x", page=1, per_page=9),
    "hooks": lambda installed: installed.register_webhook(SHOP, url="https://h/", secret="s"),
}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(kind="status", status=401), IntegrationBroken),
        (Fault(kind="status", status=403), HostForbidden),
        (Fault(kind="status", status=404), NotFound),
        (Fault(kind="status", status=410), NotFound),
        (Fault(kind="status", status=422), HostRejected),
        (Fault(kind="status", status=429), HostRateLimited),
        (Fault(kind="status", status=500), HostUnavailable),
        (Fault(kind="status", status=503), HostUnavailable),
        (Fault(kind="status", status=555), HostUnavailable),
        (Fault(kind="rate_limit_primary"), HostRateLimited),
        (Fault(kind="html"), HostUnavailable),
        (Fault(kind="html", status=500), HostUnavailable),
        (Fault(kind="truncated"), HostUnavailable),
        (Fault(kind="empty"), HostUnavailable),
        (Fault(kind="drop"), HostUnavailable),
        (Fault(kind="oversized", size=2_000_000), HostUnavailable),
        (Fault(kind="gzip_bomb", size=50_000_000), HostUnavailable),
        (Fault(kind="redirect", location="https://evil.example/"), HostUnavailable),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else None,
)
@pytest.mark.parametrize("call", CALLS)
def test_every_fault_is_one_error_of_the_tree(installed, emulator, fault, kind, call):
    if call == "search" and kind is NotFound:
        kind = Unsupported
    emulator.faults.add(fault)
    values: dict[str, options.OptionValue] = {
        "scm.http.total-timeout": 1.0,
        "scm.http.max-response-bytes": 1_000_000,
        "scm.http.max-attempts": 1,
    }
    with options.override(values), pytest.raises(kind):
        CALLS[call](installed)


def test_a_slow_drip_is_cut_off(installed, emulator):
    emulator.faults.add(Fault(kind="slow_drip", seconds=5))
    with options.override({"scm.http.total-timeout": 0.5}), pytest.raises(HostUnavailable):
        installed.get_commit(SHOP, SHA)


def test_a_passing_failure_is_tried_again(installed, shop, emulator):
    emulator.faults.add(Fault(kind="status", status=503, times=1))
    assert installed.get_commit(SHOP, shop.sha("main")).sha == shop.sha("main")
    assert [request.status for request in emulator.requests] == [503, 200]


@pytest.mark.django_db  # what is left of a low limit is counted for all processes
def test_a_used_up_limit_is_left_alone(shop):
    """Bitbucket does not say how long; see ``test_dialect``."""
    hosted = [HostedRepository(full_name="acme/shop", path=str(shop.path))]
    tokens = {ACCESS_TOKEN: ("token",)}
    with Emulator("bitbucket", hosted, tokens=tokens, rate_limit=2) as running:

        def ask():
            return integration(running.url, token=ACCESS_TOKEN).get_repository("acme/shop")

        ask()
        ask()
        with pytest.raises(HostRateLimited) as caught:
            ask()
        assert caught.value.retry_after == 30.0
        assert len(running.requests) == 3
        with pytest.raises(HostRateLimited):
            ask()
        assert len(running.requests) == 3
