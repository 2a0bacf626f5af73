"""Every kind of request and answer against the descriptions that Azure DevOps publishes."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from forge_emulator import Emulator, HostedRepository
from forge_emulator.contracts.hosts import overlay_of
from sentry.integrations.source_code_management.types import (
    IssueState,
    NewIssue,
    RepositoryRef,
)

from .conftest import NAME, SHOP, TOKEN, integration

pytestmark = pytest.mark.contracts

PREVIEWS = {"/connectionData": "7.1-preview.1", "/comments": "7.1-preview.4"}


@pytest.fixture
def held(shop, contracts_dir: Path):
    """An emulator whose every exchange is held against the descriptions."""
    hosted = [HostedRepository(full_name=NAME, path=str(shop.path))]
    with Emulator("vsts", hosted, tokens={TOKEN: ("robot",)}, contracts=contracts_dir) as running:
        yield running


def _everything(installed, repo: RepositoryRef, head: str) -> None:
    """Each capability's methods, each at least once."""
    installed.check_credential()
    list(installed.get_repositories(query="shop"))
    installed.get_repository(repo.identifier)
    installed.get_commit(repo, head)
    installed.get_commit(repo, head[:9])
    for ref in ("", "main", "v2.0"):
        installed.resolve_ref(repo, ref)
    installed.list_commits(repo, sha=head, path="src/cart.py", page=2, per_page=1)
    installed.get_file(repo, path="döc/a b#?%2e.txt", sha=head, max_bytes=3)
    installed.compare_commits(repo, base=installed.resolve_ref(repo, "feature/checkout"),
                              head=head, max_commits=9)  # fmt: skip
    installed.get_commit_changes(repo, sha=head)
    installed.get_tree(repo, sha=head, path="src", max_entries=9)
    list(installed.get_branches(repo, query="a"))
    installed.get_pull_requests_for_commit(repo, sha=installed.resolve_ref(repo, "v1.0"))
    installed.search_code(repo, query="total", page=1, per_page=9)
    new = NewIssue(repo=SHOP, title="T", description="D", labels=("a",), assignee="robot",
                   marker="m")  # fmt: skip
    key = installed.create_issue(new).key
    installed.find_issue_by_marker(SHOP, "m", since=datetime.now(UTC))
    installed.get_issue(key)
    installed.search_issues(SHOP, "T")
    installed.create_issue_comment(key, "c")
    installed.assign_issue(key, "")
    installed.set_issue_state(key, IssueState.CLOSED)
    number = installed.register_webhook(repo, url="https://sentry.example/", secret="s")
    assert installed.register_webhook(repo, url="https://sentry.example/", secret="t") == number
    installed.unregister_webhook(repo, webhook_id=number)


def test_everything_is_as_the_host_describes_it(held, shop):
    held.add_pull_request(
        NAME, title="P", head="feature/checkout", base="main", body="b", merge_commit="v1.0"
    )
    installed = integration(held.url, token=TOKEN)
    found = installed.get_repository(NAME)
    repo = RepositoryRef(identifier=found.identifier, external_id=found.external_id)
    _everything(installed, repo, shop.id("HEAD"))
    assert held.problems == []
    assert held.checked > 40
    for request in held.requests:
        preview = next((v for end, v in PREVIEWS.items() if request.path.endswith(end)), "7.1")
        assert parse_qs(request.query)["api-version"] == [preview]


def test_every_deviation_has_a_reason():
    assert all(len(each.reason) > 20 for each in overlay_of("vsts"))
