"""Repositories, commits, files and issues through the whole provider, compared with git."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from forge_emulator.dialects.github import rest_commits
from sentry import options
from sentry.integrations.github import reads
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRateLimited,
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import NewIssue, RepositoryRef

from .conftest import SHOP, TOKEN, Git, integration

GONE = RepositoryRef(identifier="acme/gone")


# --- repositories ----------------------------------------------------------------------------


def test_every_page_of_repositories_is_listed(shop):
    hosted = [HostedRepository(full_name=f"acme/r{n:02}", path=str(shop.path)) for n in range(7)]
    with Emulator(repositories=hosted, tokens={TOKEN: ("robot",)}, page_size_cap=3) as running:
        installed = integration(running.url, token=TOKEN)
        found = sorted(repo.identifier for repo in installed.get_repositories())
        assert found == [f"acme/r{n:02}" for n in range(7)]
        assert len(running.requests) == 3
        assert [repo.name for repo in installed.get_repositories(query="R03")] == ["acme/r03"]
        running.clear_requests()
        next(installed.get_repositories())
        assert len(running.requests) == 1


def test_a_repository_is_found(installed, shop, emulator):
    repo = installed.get_repository("acme/shop")
    assert (repo.name, repo.identifier) == ("acme/shop", "acme/shop")
    assert repo.external_id.isdigit()
    assert repo.default_branch == "main" == shop("branch", "--show-current").strip()
    assert repo.url.endswith("/acme/shop")
    assert installed.get_repository_default_branch(SHOP) == "main"


def test_access_is_told(installed, emulator):
    assert installed.has_repo_access(SHOP)
    assert not installed.has_repo_access(GONE)
    emulator.faults.add(Fault(kind="status", status=403, match="/repos/", times=1))
    assert not installed.has_repo_access(SHOP)
    emulator.faults.add(Fault(kind="status", status=500, match="/repos/", times=1))
    with pytest.raises(HostUnavailable):
        installed.has_repo_access(SHOP)


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "acme",
        "acme/",
        "/shop",
        "a/b/c",
        "a/..",
        "../..",
        "a b/c",
        "a/b?c",
        "a/b#",
        "ä/b",
        "a/b\n",
    ],
)
def test_an_identifier_that_can_be_none_asks_nothing(installed, emulator, identifier):
    with pytest.raises(InvalidArgument):
        installed.get_repository(identifier)
    assert emulator.requests == []


# --- commits ---------------------------------------------------------------------------------


def test_every_commit_is_as_git_tells_it(installed, shop):
    shas = shop("rev-list", "--all").split()
    assert len(shas) == 5
    for sha in shas:
        commit = installed.get_commit(SHOP, sha)
        facts = shop("show", "-s", "--format=%H%x00%an%x00%ae%x00%ct%x00%B", sha).split("\0")
        assert commit.sha == facts[0]
        assert (commit.author.name, commit.author.email) == (facts[1], facts[2])
        assert commit.committed_at == datetime.fromtimestamp(int(facts[3]), UTC)
        assert commit.message.strip() == facts[4].strip()
        assert commit.web_url.endswith(f"/acme/shop/commit/{sha}")


def test_an_abbreviation_is_resolved_in_either_case(installed, shop):
    sha = shop("rev-parse", "HEAD").strip()
    assert installed.get_commit(SHOP, sha[:10]).sha == sha
    assert installed.get_commit(SHOP, sha[:10].upper()).sha == sha


@pytest.mark.parametrize("sha", ["f" * 40, "0000000", "main", "v1.0", "HEAD"])
def test_a_commit_that_is_not_there_and_a_branch_are_not_found(installed, sha):
    with pytest.raises(NotFound) as caught:
        installed.get_commit(SHOP, sha)
    assert caught.value.resource == "commit"


def test_an_ambiguous_abbreviation_is_the_callers_error(installed, emulator):
    body = b'{"message": "The short SHA abcd is ambiguous."}'
    emulator.faults.add(
        Fault(kind="status", status=422, body=body, content_type="application/json")
    )
    with pytest.raises(InvalidArgument) as caught:
        installed.get_commit(SHOP, "abcd")
    assert caught.value.field == "commit_sha"


def test_refs_are_resolved(installed, shop):
    def parsed(name: str) -> str:
        return str(shop("rev-parse", name)).strip()

    assert installed.resolve_ref(SHOP, "") == parsed("main")
    assert installed.resolve_ref(SHOP, "main") == parsed("main")
    assert installed.resolve_ref(SHOP, "feature/checkout") == parsed("feature/checkout")
    assert installed.resolve_ref(SHOP, "v1.0") == parsed("v1.0^{commit}")
    assert installed.resolve_ref(SHOP, parsed("v1.0")) == parsed("v1.0")
    with pytest.raises(NotFound) as caught:
        installed.resolve_ref(SHOP, "no/such")
    assert caught.value.resource == "ref"


def test_history_comes_in_pages(installed, shop):
    head = shop("rev-parse", "HEAD").strip()
    expected = shop("rev-list", head).split()
    first, more = installed.list_commits(SHOP, sha=head, path="", page=1, per_page=3)
    rest, end = installed.list_commits(SHOP, sha=head, path="", page=2, per_page=3)
    assert [commit.sha for commit in [*first, *rest]] == expected
    assert (len(first), more, end) == (3, True, False)
    touched, _ = installed.list_commits(SHOP, sha=head, path="döc/a b#?%2e.txt", page=1, per_page=9)
    assert [commit.sha for commit in touched] == shop(
        "rev-list", head, "--", "döc/a b#?%2e.txt"
    ).split()


def test_the_newest_commits_of_a_comparison(installed, emulator, shop, monkeypatch):
    """GitHub gives them at once; for older ones it is asked from the page on that holds them."""
    monkeypatch.setattr(rest_commits, "_COMPARED_COMMITS", 3)
    monkeypatch.setattr(reads, "_PER_PAGE", 1)
    *expected, base = shop("rev-list", "main").split()
    assert len(expected) == 4
    for most, requests in [(1, 1), (3, 1), (4, 3), (99, 3)]:
        emulator.clear_requests()
        found = installed.compare_commits(SHOP, base=base, head=expected[0], max_commits=most)
        assert [commit.sha for commit in found.commits] == expected[:most]
        assert found.commits_truncated == (most < len(expected))
        assert len(emulator.requests) == requests


def test_an_empty_repository_has_no_commits(tmp_path):
    Git(tmp_path)("init", "-q", "-b", "main")
    hosted = [HostedRepository(full_name="acme/empty", path=str(tmp_path))]
    empty = RepositoryRef(identifier="acme/empty")
    with Emulator(repositories=hosted, tokens={TOKEN: ("robot",)}) as running:
        installed = integration(running.url, token=TOKEN)
        with pytest.raises(NotFound):
            installed.resolve_ref(empty, "")
        with pytest.raises(NotFound):
            installed.get_commit(empty, "abcdef1")
        listed = installed.list_commits(empty, sha="a" * 40, path="", page=1, per_page=9)
        assert listed == ([], False)


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["src/cart.py", "crlf.txt", "döc/a b#?%2e.txt", "empty.txt", "logo.png", "big.txt"]
)
def test_a_files_bytes_are_gits(installed, shop, path):
    head = shop("rev-parse", "HEAD").strip()
    whole = (shop.path / path).read_bytes()
    found = installed.get_file(SHOP, path=path, sha=head, max_bytes=10_000_000)
    assert (found.content, found.size, found.truncated) == (whole, len(whole), False)
    assert (found.path, found.commit_sha) == (path, head)
    short = installed.get_file(SHOP, path=path, sha=head, max_bytes=5)
    assert (short.content, short.size) == (whole[:5], len(whole))
    assert short.truncated == (len(whole) > 5)


def test_a_file_as_of_an_older_commit(installed, shop):
    first = shop("rev-list", "--max-parents=0", "HEAD").strip()
    found = installed.get_file(SHOP, path="src/cart.py", sha=first, max_bytes=1000)
    assert found.content == b"def total():\n    return 0\n"


def test_of_a_link_the_content_is_where_it_leads_to(tmp_path):
    """GitHub follows a link to a file, and answers what is there under the link's own name."""
    git = Git(tmp_path)
    git("init", "-q", "-b", "main")
    links = {"file": "docs/a.txt", "docs/up": "../big.bin", "lost": "nowhere", "folder": "docs"}
    (tmp_path / "docs").mkdir()
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    head = git.commit("Link", {"docs/a.txt": b"ten bytes\n", "big.bin": b"\0" * 2_000_000})
    hosted = [HostedRepository(full_name="acme/links", path=str(tmp_path))]
    repo = RepositoryRef(identifier="acme/links")
    with Emulator(repositories=hosted, tokens={TOKEN: ("robot",)}) as running:
        installed = integration(running.url, token=TOKEN)
        for name, target in links.items():
            found = installed.get_file(repo, path=name, sha=head, max_bytes=1000)
            assert (found.content, found.size) == (target.encode(), len(target))
            short = installed.get_file(repo, path=name, sha=head, max_bytes=3)
            assert (short.content, short.size) == (target.encode()[:3], len(target))
        running.clear_requests()
        assert installed.get_file(repo, path="docs/a.txt", sha=head, max_bytes=1000).size == 10
        assert len(running.requests) == 1
        big = installed.get_file(repo, path="big.bin", sha=head, max_bytes=1000)
        assert (big.content, big.size) == (b"\0" * 1000, 2_000_000)
        assert len(running.requests) == 3


@pytest.mark.parametrize("path", ["src", "no/such", "src/cart.py/x"])
def test_a_folder_and_what_is_not_there_are_no_files(installed, shop, path):
    head = shop("rev-parse", "HEAD").strip()
    with pytest.raises(NotFound) as caught:
        installed.get_file(SHOP, path=path, sha=head, max_bytes=10)
    assert caught.value.resource == "file"


@pytest.mark.parametrize("path", ["../x", "a/./b", "/etc/passwd", "a\0b", "", "x" * 100_000])
def test_a_path_that_leads_elsewhere_asks_nothing(installed, emulator, path):
    with pytest.raises(InvalidArgument):
        installed.get_file(SHOP, path=path, sha="a" * 40, max_bytes=10)
    assert emulator.requests == []


@pytest.mark.parametrize("path", ["%2e%2e/x", "a?ref=b", "a#b", "a\nb", "..%2f", "a\r\nX: y"])
def test_a_hostile_path_stays_a_path(installed, emulator, path):
    with pytest.raises(NotFound):
        installed.get_file(SHOP, path=path, sha="main", max_bytes=10)
    (request,) = emulator.requests
    assert request.path.startswith("/repos/acme/shop/contents/")
    assert request.query == "ref=main"


# --- issues ----------------------------------------------------------------------------------


def new_issue(**changed: object) -> NewIssue:
    facts: dict[str, object] = {
        "repo": SHOP,
        "title": "It breaks",
        "description": "Every time\n",
    }
    return NewIssue(**{**facts, **changed})  # type: ignore[arg-type]


def test_an_issue_is_opened_and_found_again(installed, emulator):
    before = datetime.now(UTC)
    made = installed.create_issue(new_issue(marker="abc123", labels=("bug",)))
    assert made.key == "acme/shop#1"
    assert (made.title, made.description) == ("It breaks", "Every time\n")
    assert made.metadata == {"repo": "acme/shop", "number": "1", "state": "open"}
    (kept,) = emulator.issues("acme/shop")
    assert "<!-- sentry-request: abc123 -->" in kept.body
    assert installed.get_issue(made.key) == made
    assert installed.find_issue_by_marker(SHOP, "abc123", since=before) == made
    assert installed.find_issue_by_marker(SHOP, "abc", since=before) is None
    later = before + timedelta(hours=1)
    assert installed.find_issue_by_marker(SHOP, "abc123", since=later) is None
    assert installed.get_issue_url(made.key) == "https://github.com/acme/shop/issues/1"


def test_a_marker_is_found_behind_other_issues_and_not_in_a_pull_request(installed, shop, emulator):
    before = datetime.now(UTC)
    wanted = installed.create_issue(new_issue(marker="first"))
    for number in range(101):
        installed.create_issue(new_issue(title=f"Another {number}"))
    emulator.add_pull_request(
        "acme/shop",
        title="Looks like it",
        head="main",
        base="feature/checkout",
        body="<!-- sentry-request: first -->",
    )
    emulator.clear_requests()
    assert installed.find_issue_by_marker(SHOP, "first", since=before) == wanted
    assert len(emulator.requests) == 2


def test_an_issue_is_never_opened_twice(installed, emulator):
    emulator.faults.add(Fault(kind="drop", match="/issues", times=1))
    with pytest.raises(HostUnavailable):
        installed.create_issue(new_issue())
    assert len(emulator.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            422,
            b'{"message":"x","errors":[{"field":"assignees","code":"invalid"}]}',
            InvalidArgument,
        ),
        (422, b'{"message":"x","errors":["odd", {"field":"other"}]}', HostRejected),
        (422, b'{"message":"x"}', HostRejected),
        (422, b"[]", HostUnavailable),
        (410, b"{}", HostRejected),
        (404, b"{}", NotFound),
        (403, b"{}", HostForbidden),
    ],
)
def test_an_issue_that_is_refused(installed, emulator, status, body, kind):
    emulator.faults.add(
        Fault(kind="status", status=status, body=body, content_type="application/json")
    )
    with pytest.raises(kind) as caught:
        installed.create_issue(new_issue(assignee="nobody"))
    if kind is InvalidArgument:
        assert caught.value.field == "assignee"


def test_the_hosts_own_check_names_the_field(installed):
    with pytest.raises((InvalidArgument, HostRejected)):
        installed.create_issue(new_issue(title=""))


@pytest.mark.parametrize("marker", ["a b", "-->", "x\n", "ä"])
def test_a_marker_that_could_show_is_refused(installed, emulator, marker):
    with pytest.raises(InvalidArgument):
        installed.create_issue(new_issue(marker=marker))
    assert emulator.requests == []


@pytest.mark.parametrize(
    "key", ["", "7", "acme/shop", "acme/shop#0", "acme/shop#x", "a/b/c#1", "a/..#1"]
)
def test_an_issue_key_that_can_be_none(installed, key):
    with pytest.raises(InvalidArgument):
        installed.get_issue(key)
    with pytest.raises(InvalidArgument):
        installed.get_issue_url(key)


def test_an_issue_that_is_not_there(installed):
    with pytest.raises(NotFound) as caught:
        installed.get_issue("acme/shop#999")
    assert caught.value.resource == "issue"


# --- the host's bad days ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(kind="status", status=401), IntegrationBroken),
        (Fault(kind="status", status=403), HostForbidden),
        (Fault(kind="status", status=404), NotFound),
        (Fault(kind="status", status=429), HostRateLimited),
        (Fault(kind="status", status=500), HostUnavailable),
        (Fault(kind="rate_limit_primary"), HostRateLimited),
        (Fault(kind="rate_limit_secondary"), HostRateLimited),
        (Fault(kind="rate_limit_secondary", status=429), HostRateLimited),
        (Fault(kind="html"), HostUnavailable),
        (Fault(kind="html", status=500), HostUnavailable),
        (Fault(kind="truncated"), HostUnavailable),
        (Fault(kind="empty"), HostUnavailable),
        (Fault(kind="drop"), HostUnavailable),
        (Fault(kind="oversized", size=2_000_000), HostUnavailable),
        (Fault(kind="gzip_bomb", size=50_000_000), HostUnavailable),
        (Fault(kind="redirect", location="https://evil.example/"), HostUnavailable),
        (Fault(kind="slow_drip", seconds=5), HostUnavailable),
    ],
    ids=lambda value: getattr(value, "kind", None) or value.__name__,
)
@pytest.mark.parametrize("call", ["commit", "blame"])
def test_every_fault_is_one_error_of_the_tree(installed, emulator, fault, kind, call):
    def ask() -> object:
        if call == "commit":
            return installed.get_commit(SHOP, "a" * 40)
        return list(installed.get_file_blame(SHOP, path="src/cart.py", sha="a" * 40))

    emulator.faults.add(fault)
    values: dict[str, options.OptionValue] = {
        "scm.http.total-timeout": 1.0,
        "scm.http.max-response-bytes": 1_000_000,
        "scm.http.max-attempts": 1,
    }
    with options.override(values), pytest.raises(kind):
        ask()


def test_a_conditional_answer_costs_nothing(installed, shop, emulator):
    head = shop("rev-parse", "HEAD").strip()
    first, second = (installed.get_commit(SHOP, head) for _ in range(2))
    assert first == second
    assert [request.status for request in emulator.requests] == [200, 304]


def test_a_list_of_issues_without_end_is_read_only_so_far(installed, emulator):
    issue = {"number": 1, "title": "t", "html_url": "u", "state": "open"}
    issue |= {"repository_url": "https://h/repos/acme/shop", "created_at": "2999-01-01T00:00:00Z"}
    page = json.dumps([issue]).encode()
    for number in range(2, 13):
        link = f'<{emulator.url}/repos/acme/shop/issues?page={number}>; rel="next"'
        emulator.faults.add(
            Fault(
                kind="status",
                status=200,
                body=page,
                headers={"link": link},
                content_type="application/json",
                times=1,
            )
        )
    since = datetime(2024, 1, 1, tzinfo=UTC)
    assert installed.find_issue_by_marker(SHOP, "none", since=since) is None
    assert len(emulator.requests) == 10


def test_a_used_up_limit_is_noticed_before_the_next_request(shop):
    hosted = [HostedRepository(full_name="acme/shop", path=str(shop.path))]
    with Emulator(repositories=hosted, tokens={TOKEN: ("robot",)}, rate_limit=2) as running:
        assert integration(running.url, token=TOKEN).has_repo_access(SHOP)
        assert integration(running.url, token=TOKEN).resolve_ref(SHOP, "main")
        with pytest.raises(HostRateLimited) as caught:
            integration(running.url, token=TOKEN).get_repository("acme/shop")
        assert caught.value.retry_after is not None
        assert 0 < caught.value.retry_after <= 3600
        assert len(running.requests) == 2
