"""GitLab's bad days: each is one error of the tree, and nothing is asked where it makes no sense."""

import logging

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
    ScmError,
)

from .conftest import NAME, SHOP, TOKEN, integration

CALLS = {
    "commit": lambda installed: installed.get_commit(SHOP, "a" * 40),
    "repositories": lambda installed: list(installed.get_repositories()),
    "tree": lambda installed: installed.get_tree(SHOP, sha="a" * 40, path="", max_entries=9),
    "comparison": lambda installed: installed.compare_commits(
        SHOP, base="a" * 40, head="b" * 40, max_commits=9
    ),
    "blame": lambda installed: list(
        installed.get_file_blame(SHOP, path="src/cart.py", sha="a" * 40)
    ),
    "search": lambda installed: installed.search_code(SHOP, query="x", page=1, per_page=9),
    "issue": lambda installed: installed.get_issue(f"{NAME}#1"),
    "credential": lambda installed: installed.check_credential(),
}
FAULTS = [
    (Fault(kind="status", status=401), IntegrationBroken),
    (Fault(kind="status", status=403), HostForbidden),
    (Fault(kind="status", status=404), NotFound),
    (Fault(kind="status", status=410), NotFound),
    (Fault(kind="status", status=422), HostRejected),
    (Fault(kind="status", status=429), HostRateLimited),
    (Fault(kind="status", status=500), HostUnavailable),
    (Fault(kind="status", status=503), HostUnavailable),
    (Fault(kind="rate_limit_primary"), HostRateLimited),
    (Fault(kind="rate_limit_secondary"), HostRateLimited),
    (Fault(kind="html", status=429), HostRateLimited),
    (Fault(kind="html"), HostUnavailable),
    (Fault(kind="html", status=500), HostUnavailable),
    (Fault(kind="truncated"), HostUnavailable),
    (Fault(kind="empty"), HostUnavailable),
    (Fault(kind="drop"), HostUnavailable),
    (Fault(kind="oversized", size=2_000_000), HostUnavailable),
    (Fault(kind="gzip_bomb", size=50_000_000), HostUnavailable),
    (Fault(kind="redirect", location="https://evil.example/"), HostUnavailable),
    (Fault(kind="slow_drip", seconds=5), HostUnavailable),
]
QUICK: dict[str, options.OptionValue] = {
    "scm.http.total-timeout": 1.0,
    "scm.http.max-response-bytes": 1_000_000,
    "scm.http.max-attempts": 1,
}


@pytest.mark.parametrize(
    ("fault", "kind"), FAULTS, ids=lambda value: getattr(value, "kind", None) or value.__name__
)
@pytest.mark.parametrize("call", ["commit", "blame"])
def test_every_fault_is_one_error_of_the_tree(installed, emulator, fault, kind, call):
    emulator.faults.add(fault)
    with options.override(QUICK), pytest.raises(kind):
        CALLS[call](installed)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(kind="status", status=401), IntegrationBroken),
        (Fault(kind="rate_limit_primary"), HostRateLimited),
        (Fault(kind="html"), HostUnavailable),
        (
            Fault(kind="status", status=200, body=b"null", content_type="application/json"),
            HostUnavailable,
        ),
        (
            Fault(kind="status", status=200, body=b'["x"]', content_type="application/json"),
            HostUnavailable,
        ),
    ],
    ids=["401", "429", "html", "null", "list"],
)
def test_every_call_knows_them(installed, emulator, call, fault, kind):
    emulator.faults.add(fault)
    with options.override(QUICK), pytest.raises(kind):
        CALLS[call](installed)


def test_no_secret_is_in_an_error_or_a_log(emulator, caplog):
    installed = integration(emulator.url, token="glpat-TOP")
    caplog.set_level(logging.DEBUG)
    for call in CALLS.values():
        with options.override(QUICK), pytest.raises(ScmError) as caught:
            call(installed)
        assert "glpat-TOP" not in f"{caught.value!r} {caught.value.__dict__}"
    assert "glpat-TOP" not in caplog.text
    assert all(request.headers["private-token"] == "[redacted]" for request in emulator.requests)


def test_a_conditional_answer_is_used_again(installed, shop, emulator):
    first, second = (installed.get_commit(SHOP, shop.sha("HEAD")) for _ in range(2))
    assert first == second
    assert [request.status for request in emulator.requests] == [200, 304]


def test_a_used_up_limit_is_noticed_before_the_next_request(shop):
    hosted = [HostedRepository(full_name=NAME, path=str(shop.path))]
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot",)}, rate_limit=2) as running:
        assert integration(running.url, token=TOKEN).has_repo_access(SHOP)
        assert integration(running.url, token=TOKEN).resolve_ref(SHOP, "main")
        with pytest.raises(HostRateLimited) as caught:
            integration(running.url, token=TOKEN).get_repository(NAME)
        assert caught.value.retry_after is not None
        assert 0 < caught.value.retry_after <= 60
        assert len(running.requests) == 2


def test_a_refusal_without_a_time_waits_a_minute(installed, emulator):
    emulator.faults.add(Fault(kind="status", status=429))
    with pytest.raises(HostRateLimited) as caught:
        installed.get_repository(NAME)
    assert caught.value.retry_after is not None
    assert 55 < caught.value.retry_after <= 60


def test_a_link_to_another_host_is_not_followed(installed, emulator):
    link = {"link": '<https://evil.example/api/v4/projects?page=2>; rel="next"'}
    fault = Fault(
        kind="status", status=200, body=b"[]", headers=link, content_type="application/json"
    )
    emulator.faults.add(fault)
    with pytest.raises(HostUnavailable):
        list(installed.get_repositories())
    assert len(emulator.requests) == 1
