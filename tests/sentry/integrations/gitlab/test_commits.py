"""Commits, comparisons and merge requests through the whole provider, compared with git."""

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.integrations.source_code_management.types import (
    ChangeKind,
    FileChange,
    PullRequestState,
    RepositoryRef,
)

from .conftest import NAME, SHOP, TOKEN, integration

KINDS = {
    "A": ChangeKind.ADDED,
    "D": ChangeKind.REMOVED,
    "M": ChangeKind.MODIFIED,
    "T": ChangeKind.MODIFIED,
    "R": ChangeKind.RENAMED,
}


def changes_by_git(git, before: str, after: str) -> list[FileChange]:
    """What git says of the changes between two trees."""
    fields = git("diff-tree", "-r", "-M", "-z", "--name-status", before, after).split("\0")
    found = []
    while fields[0]:
        kind = KINDS[fields.pop(0)[0]]
        previous = fields.pop(0) if kind is ChangeKind.RENAMED else ""
        found.append(FileChange(path=fields.pop(0), kind=kind, previous_path=previous))
    return found


def test_every_commit_is_as_git_tells_it(installed, emulator, shop):
    for sha in shop.shas("--all"):
        commit = installed.get_commit(SHOP, sha)
        name, mail, when, message = shop(
            "show", "-s", "--format=%an%x00%ae%x00%ct%x00%B", sha
        ).split("\0")
        assert (commit.sha, commit.author.name, commit.author.email) == (sha, name, mail)
        assert commit.committed_at.timestamp() == int(when)
        assert commit.message == message.rstrip("\n")
        assert commit.web_url == f"{emulator.url}/{NAME}/-/commit/{sha}"
        assert commit.author.external_id == ""


def test_an_abbreviation_is_resolved(installed, shop):
    sha = shop.sha("HEAD")
    assert installed.get_commit(SHOP, sha[:10]).sha == sha
    assert installed.get_commit(SHOP, sha[:10].upper()).sha == sha


@pytest.mark.parametrize("sha", ["f" * 40, "0000000", "main", "v1.0", "HEAD", "feature/checkout"])
def test_a_commit_that_is_not_there_and_a_branch_are_not_found(installed, sha):
    with pytest.raises(NotFound) as caught:
        installed.get_commit(SHOP, sha)
    assert caught.value.resource == "commit"


def test_refs_are_resolved(installed, shop):
    assert installed.resolve_ref(SHOP, "") == shop.sha("main")
    for name in ("main", "feature/checkout", "v1.0", shop.sha("v1.0")):
        assert installed.resolve_ref(SHOP, name) == shop.sha(name)
    for name in ("no/such", "a#b?c"):
        with pytest.raises(NotFound) as caught:
            installed.resolve_ref(SHOP, name)
        assert caught.value.resource == "ref"
    with pytest.raises(NotFound) as caught:
        installed.resolve_ref(RepositoryRef(identifier="acme/gone"), "main")
    assert caught.value.resource == "repository"


def test_history_comes_in_pages(installed, shop):
    head = shop.sha("HEAD")
    expected = shop.shas(head)
    found, more, page = [], True, 1
    while more:
        listed, more = installed.list_commits(SHOP, sha=head, path="", page=page, per_page=4)
        found += [commit.sha for commit in listed]
        page += 1
    assert found == expected
    assert page == 4
    assert installed.list_commits(SHOP, sha=head, path="", page=9, per_page=4) == ([], False)


@pytest.mark.parametrize("path", ["src/cart.py", "döc/a b#?%2e.txt", "döc/𝄞\\x\n.txt", "src"])
def test_the_history_of_a_path(installed, shop, path):
    touched, more = installed.list_commits(
        SHOP, sha=shop.sha("HEAD"), path=path, page=1, per_page=99
    )
    assert [commit.sha for commit in touched] == shop.shas("HEAD", "--", path)
    assert not more


# --- comparisons ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "head"), [("old", "main"), ("main", "old"), ("main", "main"), ("old", "v1.0")]
)
def test_a_comparison_is_gits(installed, shop, base, head):
    base, head = shop.sha(base), shop.sha(head)
    found = installed.compare_commits(SHOP, base=base, head=head, max_commits=100)
    expected = set(shop.shas(head, f"^{base}"))
    assert {commit.sha for commit in found.commits} == expected
    assert not expected or found.commits[0].sha == head
    fork = shop("merge-base", base, head).strip()
    assert sorted(found.files, key=lambda each: each.path) == sorted(
        changes_by_git(shop, fork, head), key=lambda each: each.path
    )
    assert (found.commits_truncated, found.files_truncated) == (False, False)


def test_the_commits_of_a_comparison_are_limited(installed, shop):
    base, head = shop.sha("old"), shop.sha("main")
    found = installed.compare_commits(SHOP, base=base, head=head, max_commits=2)
    assert [commit.sha for commit in found.commits] == shop.shas(head, f"^{base}")[:2]
    assert found.commits_truncated


def test_what_has_no_common_ancestor_and_what_is_not_there(installed, emulator, shop):
    main, apart = shop.sha("main"), shop.sha("apart")
    with pytest.raises(NotFound):
        installed.compare_commits(SHOP, base=main, head=apart, max_commits=9)
    assert [request.status for request in emulator.requests] == [200, 404]
    with pytest.raises(NotFound) as caught:
        installed.compare_commits(SHOP, base="f" * 40, head=main, max_commits=9)
    assert caught.value.resource == "commit"


def test_the_changes_of_a_commit_are_gits(installed, shop):
    for sha in shop.shas("--all"):
        parents = shop("show", "-s", "--format=%P", sha).split()
        empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        before = parents[0] if parents else empty
        assert list(installed.get_commit_changes(SHOP, sha=sha)) == changes_by_git(
            shop, before, sha
        )
    with pytest.raises(NotFound):
        installed.get_commit_changes(SHOP, sha="f" * 40)


def test_the_changes_of_a_commit_come_page_after_page(shop):
    hosted = [HostedRepository(full_name=NAME, path=str(shop.path))]
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot",)}, page_size_cap=2) as running:
        installed = integration(running.url, token=TOKEN)
        sha = shop.shas("--reverse", "main")[1]
        assert len(installed.get_commit_changes(SHOP, sha=sha)) == 3
        assert len(running.requests) == 2


# --- merge requests ------------------------------------------------------------------------------


def test_the_merge_requests_of_a_commit(installed, emulator, shop):
    merge = shop("rev-list", "--merges", "-1", "main").strip()
    tip = shop.sha("feature/checkout")
    assert installed.get_pull_requests_for_commit(SHOP, sha=tip) == []
    emulator.add_pull_request(
        NAME,
        title="Check out",
        head="feature/checkout",
        base="main",
        body="Pays.",
        author="alice",
        merge_commit=merge,
    )
    (found,) = installed.get_pull_requests_for_commit(SHOP, sha=tip)
    assert (found.key, found.title, found.description) == ("1", "Check out", "Pays.")
    assert (found.state, found.merge_sha) == (PullRequestState.MERGED, merge)
    assert (found.head_branch, found.base_branch) == ("feature/checkout", "main")
    assert found.head_sha == tip
    assert found.author is not None
    assert found.author.external_id == "gitlab:alice"
    assert found.web_url == f"{emulator.url}/{NAME}/-/merge_requests/1"
    assert found.merged_at is not None
    waiting = emulator.add_pull_request(NAME, title="Back", head="main", base="old", author="bob")
    both = installed.get_pull_requests_for_commit(SHOP, sha=merge)
    assert [each.state for each in both] == [PullRequestState.MERGED, PullRequestState.OPEN]
    emulator.change_pull_request(NAME, waiting.number, closed=True)
    both = installed.get_pull_requests_for_commit(SHOP, sha=merge)
    assert both[1].state is PullRequestState.CLOSED
    with pytest.raises(NotFound):
        installed.get_pull_requests_for_commit(SHOP, sha="f" * 40)


def test_merge_requests_and_issues_are_counted_apart(installed, emulator):
    pull = emulator.add_pull_request(NAME, title="x", head="main", base="old")
    assert pull.number == 1
    with pytest.raises(NotFound):
        installed.get_issue(f"{NAME}#1")


@pytest.mark.parametrize("sha", ["", "..", "a\0b"])
def test_a_commit_that_can_be_none_asks_nothing(installed, emulator, sha):
    for ask in (installed.get_commit_changes, installed.get_pull_requests_for_commit):
        with pytest.raises(InvalidArgument):
            ask(SHOP, sha=sha)
    assert emulator.requests == []
