"""Commits, comparisons and pull requests through the whole provider, compared with git."""

from datetime import UTC, datetime

import pytest

from forge_emulator import Fault, HostedRepository
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.integrations.source_code_management.types import (
    ChangeKind,
    FileChange,
    PullRequestState,
    RepositoryRef,
)

from .conftest import BOB, ODD, SHOP, WEB, Git

KINDS = {
    "A": ChangeKind.ADDED,
    "M": ChangeKind.MODIFIED,
    "D": ChangeKind.REMOVED,
    "R": ChangeKind.RENAMED,
}


def changes(shop, *between: str) -> set[FileChange]:
    """What git says that changed."""
    fields = shop("diff", "--name-status", "-M", "-z", *between).split("\0")
    found, at = set(), 0
    while at < len(fields) and fields[at]:
        kind = KINDS[fields[at][0]]
        moved = kind is ChangeKind.RENAMED
        path = fields[at + 2] if moved else fields[at + 1]
        previous = fields[at + 1] if moved else ""
        found.add(FileChange(path=path, kind=kind, previous_path=previous))
        at += 3 if moved else 2
    return found


def test_every_commit_is_as_git_tells_it(installed, shop):
    shas = shop("rev-list", "--all").split()
    assert len(shas) == 10
    for sha in shas:
        commit = installed.get_commit(SHOP, sha)
        facts = shop("show", "-s", "--format=%H%x00%an%x00%ae%x00%ct%x00%B", sha).split("\0")
        assert commit.sha == facts[0]
        assert (commit.author.name, commit.author.email) == (facts[1], facts[2])
        account = "bitbucket_server:alice" if facts[2].startswith("alice") else ""
        assert commit.author.external_id == account
        assert commit.committed_at == datetime.fromtimestamp(int(facts[3]), UTC)
        assert commit.message == facts[4].rstrip("\n")
        assert commit.web_url == f"{WEB}/projects/ACME/repos/shop/commits/{sha}"


def test_an_abbreviation_is_resolved_in_either_case(installed, shop):
    sha = shop.id("HEAD")
    assert installed.get_commit(SHOP, sha[:10]).sha == sha
    assert installed.get_commit(SHOP, sha[:10].upper()).sha == sha


@pytest.mark.parametrize("sha", ["f" * 40, "0000000", "main", "v1.0", "HEAD"])
def test_a_commit_that_is_not_there_and_a_branch_are_not_found(installed, sha):
    with pytest.raises(NotFound) as caught:
        installed.get_commit(SHOP, sha)
    assert caught.value.resource == "commit"


def test_an_ambiguous_abbreviation_is_the_callers_error(installed, emulator, tmp_path):
    git = Git(tmp_path)
    git("init", "-q", "-b", "main")
    tree = git("hash-object", "-w", "-t", "tree", "/dev/null").strip()
    by_digits: dict[str, str] = {}
    while True:  # four digits collide among a few hundred commits
        message = str(len(by_digits))
        sha = git("commit-tree", tree, "-m", message, **git.identity(BOB)).strip()
        twin = by_digits.setdefault(sha[:4], sha)
        if twin != sha:
            break
    git("update-ref", "refs/heads/main", sha)
    git("update-ref", "refs/heads/twin", twin)
    emulator.add_repository(HostedRepository(full_name="ACME/twins", path=tmp_path))
    repo = RepositoryRef(identifier="ACME/twins")
    try:
        with pytest.raises(InvalidArgument) as caught:
            installed.get_commit(repo, sha[:4])
        assert caught.value.field == "commit_sha"
        assert installed.get_commit(repo, sha[:12]).sha == sha
    finally:
        emulator.remove_repository("ACME/twins")


@pytest.mark.parametrize(
    ("text", "error"),
    [("Commit 'abcd' is ambiguous.", InvalidArgument), ("Not an id.", NotFound)],
)
def test_an_id_that_the_host_does_not_take(installed, emulator, text, error):
    body = f'{{"errors": [{{"context": null, "message": "{text}", "exceptionName": null}}]}}'
    emulator.faults.add(
        Fault(kind="status", status=400, body=body.encode(), content_type="application/json")
    )
    with pytest.raises(error):
        installed.get_commit(SHOP, "abcd")


def test_refs_are_resolved(installed, shop, emulator):
    for name in ("main", "feature/checkout", "v1.0", shop.id("old"), shop.id("old")[:9]):
        assert installed.resolve_ref(SHOP, name) == shop.id(name)
    assert installed.resolve_ref(SHOP, "") == shop.id("main")
    assert len(emulator.requests) == 6
    with pytest.raises(NotFound) as caught:
        installed.resolve_ref(SHOP, "no/such")
    assert caught.value.resource == "ref"
    emulator.faults.add(Fault(kind="status", status=400, times=1))
    with pytest.raises(NotFound):
        installed.resolve_ref(SHOP, "-x")


@pytest.mark.parametrize("path", ["", "src/basket.py", ODD, "no/such", "src"])
def test_history_comes_in_pages(installed, shop, path):
    head = shop.id("main")
    expected = shop("rev-list", head, *(["--", path] if path else [])).split()
    found, page, more = [], 1, True
    while more:
        commits, more = installed.list_commits(SHOP, sha=head, path=path, page=page, per_page=3)
        found += [commit.sha for commit in commits]
        page += 1
    assert found == expected
    assert page - 1 == max(1, -(-len(expected) // 3))


def test_a_history_without_a_beginning(installed):
    with pytest.raises(NotFound):
        installed.list_commits(SHOP, sha="f" * 40, path="", page=1, per_page=3)


# --- what changed ----------------------------------------------------------------------------


def test_what_each_commit_changed(installed, shop):
    for line in shop("rev-list", "--parents", "--all").splitlines():
        sha, *parents = line.split()
        before = parents[0] if parents else shop("hash-object", "-t", "tree", "/dev/null").strip()
        assert set(installed.get_commit_changes(SHOP, sha=sha)) == changes(shop, before, sha)
    with pytest.raises(NotFound):
        installed.get_commit_changes(SHOP, sha="f" * 40)


@pytest.mark.parametrize(
    ("base", "head"),
    [("old", "main"), ("main", "old"), ("feature/checkout", "v1.0"), ("main", "main")],
)
def test_a_comparison_is_what_head_has_and_base_has_not(installed, shop, base, head):
    found = installed.compare_commits(SHOP, base=shop.id(base), head=shop.id(head), max_commits=100)
    assert [commit.sha for commit in found.commits] == shop("rev-list", f"{base}..{head}").split()
    assert set(found.files) == changes(shop, f"{base}...{head}")
    assert (found.commits_truncated, found.files_truncated) == (False, False)


def test_a_long_comparison_is_cut(installed, shop, emulator):
    base, head = shop("rev-list", "--max-parents=0", "main").strip(), shop.id("main")
    every = shop("rev-list", f"{base}..{head}").split()
    for most in (1, 3, 4, len(every)):
        found = installed.compare_commits(SHOP, base=base, head=head, max_commits=most)
        assert [commit.sha for commit in found.commits] == every[:most]
        assert found.commits_truncated == (most < len(every))


def test_what_cannot_be_compared(installed, shop):
    for base in ("f" * 40, shop.id("alone")):
        with pytest.raises(NotFound):
            installed.compare_commits(SHOP, base=base, head=shop.id("main"), max_commits=9)


def test_the_hosts_own_cap_of_changes_is_told(installed, emulator, shop):
    change = '{"path": {"components": ["a"]}, "type": "ADD"}'
    body = f'{{"values": [{change}], "isLastPage": false, "nextPageStart": null}}'.encode()
    emulator.faults.add(
        Fault(
            kind="status", status=200, body=body, content_type="application/json", match="/changes"
        )
    )
    found = installed.compare_commits(
        SHOP, base=shop.id("old"), head=shop.id("main"), max_commits=9
    )
    assert found.files_truncated
    assert found.files == (FileChange(path="a", kind=ChangeKind.ADDED),)
    assert installed.get_commit_changes(SHOP, sha=shop.id("main")) == found.files


# --- pull requests ---------------------------------------------------------------------------


def test_pull_requests_of_a_commit(installed, emulator, shop):
    tip, merge = shop.id("feature/checkout"), shop.id("main~3")
    assert "Merge" in shop("log", "-1", "--format=%s", merge)
    for number, merged in enumerate((merge, None, None)):
        emulator.add_pull_request(
            "ACME/shop",
            title=f"P{number}",
            body="B",
            head="feature/checkout",
            base="main~4",
            author="bob",
            merge_commit=merged,
        )
    emulator.change_pull_request("ACME/shop", 3, closed=True)
    first, second, third = installed.get_pull_requests_for_commit(SHOP, sha=tip)
    assert (first.key, first.title, first.description) == ("1", "P0", "B")
    assert (first.head_branch, first.head_sha) == ("feature/checkout", tip)
    assert (first.merge_sha, first.state) == (merge, PullRequestState.MERGED)
    assert first.merged_at == first.created_at
    assert first.web_url == f"{WEB}/projects/ACME/repos/shop/pull-requests/1"
    assert first.author is not None
    assert (first.author.name, first.author.external_id) == ("bob", "bitbucket_server:bob")
    assert (second.state, second.merged_at) == (PullRequestState.OPEN, None)
    assert (third.state, third.merge_sha) == (PullRequestState.CLOSED, "")
    assert [p.key for p in installed.get_pull_requests_for_commit(SHOP, sha=merge)] == ["1"]
    root = shop("rev-list", "--max-parents=0", "main").strip()
    assert installed.get_pull_requests_for_commit(SHOP, sha=root) == []
    with pytest.raises(NotFound):
        installed.get_pull_requests_for_commit(SHOP, sha="f" * 40)
