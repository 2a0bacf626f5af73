"""What a company's own server has of its own: addresses, accounts, no limits, its description."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.github_enterprise.integration import (
    GitHubEnterpriseIntegrationProvider,
    GitHubEnterpriseMetadata,
)
from sentry.integrations.github_enterprise.parse import with_own_accounts
from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.errors import NotFound
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    Capability,
    CredentialCheck,
    IssueState,
    NewIssue,
    SourceLineInfo,
)
from tests.sentry.integrations.github.conftest import SHOP, TOKEN

from .conftest import integration


def test_it_is_registered_with_what_github_has():
    assert integrations.get("github_enterprise") is GitHubEnterpriseIntegrationProvider
    github = integrations.get("github")
    assert GitHubEnterpriseIntegrationProvider.capabilities() == github.capabilities()
    assert GitHubEnterpriseIntegrationProvider.codeowners_locations == github.codeowners_locations
    assert Capability.BLAME in GitHubEnterpriseIntegrationProvider.capabilities()


@pytest.mark.parametrize(
    "base_url", ["https://Git.example/", "https://Git.example", "https://Git.example/api/v3/"]
)
def test_the_root_is_enough(base_url):
    metadata = GitHubEnterpriseMetadata.model_validate({"base_url": base_url, "token": "t"})
    found = metadata.endpoints()
    assert found.api == "https://Git.example/api/v3"
    assert found.graphql == "https://Git.example/api/graphql"
    assert found.web == "https://Git.example"
    external_id = GitHubEnterpriseIntegrationProvider.external_id_of(metadata)
    assert external_id.startswith("git.example:token-")
    known = GitHubEnterpriseIntegrationProvider.external_id_on_host(metadata, "user-1")
    assert known == "git.example:user-1"


def test_a_server_below_a_path_and_pages_elsewhere():
    given = {"base_url": "https://h.example/git", "web_url": "https://pages.example/", "token": "t"}
    found = GitHubEnterpriseMetadata.model_validate(given).endpoints()
    assert found.api == "https://h.example/git/api/v3"
    assert found.web == "https://pages.example"


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "SECRET"},
        {"base_url": "git.example", "token": "SECRET"},
        {"base_url": "https://x@git.example", "token": "SECRET"},
        {"base_url": "https://git.example", "web_url": "ftp://h", "token": "SECRET"},
        {"base_url": "https://git.example"},
    ],
)
def test_there_is_no_host_by_default(wrong):
    with pytest.raises(ValidationError) as refusal:
        GitHubEnterpriseMetadata.model_validate(wrong)
    assert "SECRET" not in str(refusal.value)


def test_the_credential(installed):
    told = installed.check_credential()
    assert (told.account, told.missing) == ("robot", ())
    assert told.identity.startswith("user-")
    assert isinstance(told, CredentialCheck)


def test_accounts_are_the_servers_own(installed, shop):
    head = shop("rev-parse", "HEAD").strip()
    assert installed.get_commit(SHOP, head).author.external_id == "github_enterprise:alice"
    (first, *_), _ = installed.list_commits(SHOP, sha=head, path="", page=1, per_page=3)
    assert first.author.external_id == "github_enterprise:alice"
    line = SourceLineInfo(lineno=2, path="src/cart.py", ref=head, repo=SHOP)
    for blamed in (
        installed.get_blame_for_files([line]),
        list(installed.get_file_blame(SHOP, path="src/cart.py", sha=head)),
        installed.compare_commits(SHOP, base="main~1", head="main", max_commits=5),
    ):
        text = repr(blamed)
        assert "github_enterprise:alice" in text
        assert "'github:" not in text


def test_only_authors_are_renamed():
    author = AuthorInfo(name="github:x", email="github:x", external_id="github:x")
    renamed = with_own_accounts(([author], "github:x", None))
    assert renamed[0][0].external_id == "github_enterprise:x"
    assert (renamed[0][0].name, renamed[1]) == ("github:x", "github:x")
    plain = AuthorInfo(name="n", email="e")
    assert with_own_accounts(plain) is plain
    error = NotFound("commit")
    assert with_own_accounts([error]) == [error]
    assert with_own_accounts(AuthorInfo) is AuthorInfo


def test_a_server_that_counts_nothing_is_asked_all_the_same(installed, shop, emulator):
    head = shop("rev-parse", "HEAD").strip()
    line = SourceLineInfo(lineno=1, path="src/cart.py", ref=head, repo=SHOP)
    (answer,) = installed.get_blame_for_files([line])
    assert not isinstance(answer, Exception)
    asked = [request.path for request in emulator.requests]
    assert all(path.startswith("/api/") for path in asked)
    assert {"/api/graphql"} <= set(asked)


def test_pages_for_people(emulator, installed):
    url = installed.format_source_url(SHOP, path="src/cart.py", ref="main")
    assert url == f"{emulator.url}/acme/shop/blob/main/src/cart.py"
    assert installed.source_url_matches(url)
    assert not installed.source_url_matches("https://github.com/acme/shop/blob/main/a")
    assert installed.extract_source_path_from_source_url(SHOP, url) == "src/cart.py"
    assert installed.get_issue_url("acme/shop#1") == f"{emulator.url}/acme/shop/issues/1"


def test_an_issue_is_opened_and_found_again(emulator, installed):
    new = NewIssue(repo=SHOP, title="T", description="D", marker="m")
    made = installed.create_issue(new)
    assert made.web_url == f"{emulator.url}/acme/shop/issues/{made.key.partition('#')[2]}"
    since = datetime.now(UTC) - timedelta(minutes=1)
    found = installed.find_issue_by_marker(SHOP, "m", since=since)
    assert found == installed.get_issue(made.key)
    assert found is not None
    assert found.key == made.key


@pytest.mark.contracts
def test_every_request_is_one_that_the_server_describes(shop, contracts_dir: Path):
    hosted = HostedRepository(full_name="acme/shop", path=str(shop.path))
    tokens = {TOKEN: ("robot", "repo")}
    with Emulator("github_enterprise", [hosted], tokens=tokens, contracts=contracts_dir) as running:
        installed = integration(running.url, token=TOKEN)
        head = shop("rev-parse", "HEAD").strip()
        installed.check_credential()
        list(installed.get_repositories())
        list(installed.get_branches(SHOP))
        installed.resolve_ref(SHOP, "")
        installed.get_commit(SHOP, head[:10])
        installed.list_commits(SHOP, sha=head, path="src/cart.py", page=1, per_page=2)
        installed.compare_commits(SHOP, base="main~2", head="main", max_commits=5)
        installed.get_commit_changes(SHOP, sha=head)
        installed.get_tree(SHOP, sha=head, path="", max_entries=50)
        installed.get_pull_requests_for_commit(SHOP, sha=head)
        installed.get_file(SHOP, path="src/cart.py", sha=head, max_bytes=100)
        installed.search_code(SHOP, query="total", page=1, per_page=5)
        made = installed.create_issue(NewIssue(repo=SHOP, title="T", description="D", marker="m"))
        installed.create_issue_comment(made.key, "seen")
        installed.assign_issue(made.key, "robot")
        installed.set_issue_state(made.key, IssueState.CLOSED)
        installed.search_issues(SHOP, "T")
        assert running.problems == []
        assert running.checked > 15
