"""Comparisons, trees, branches, pull requests and the search of code, compared with git."""

import httpx
import pytest

from forge_emulator import Fault, HostedRepository
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRejected,
    HostUnavailable,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import (
    ChangeKind,
    EntryKind,
    FileChange,
    PullRequestState,
    RepositoryRef,
)

from .conftest import NAME, SHOP, Git, client_over

KINDS = {"A": ChangeKind.ADDED, "D": ChangeKind.REMOVED, "M": ChangeKind.MODIFIED}


def changes_of(shop, *revisions: str) -> set[FileChange]:
    """What git says of a change, in our words."""
    fields = shop(
        "diff-tree", "-r", "-M", "-z", "--root", "--no-commit-id", "--name-status", *revisions
    ).split("\0")
    found, at = set(), 0
    while at < len(fields) - 1:
        if fields[at].startswith("R"):
            found.add(
                FileChange(
                    path=fields[at + 2], kind=ChangeKind.RENAMED, previous_path=fields[at + 1]
                )
            )
            at += 3
        else:
            found.add(FileChange(path=fields[at + 1], kind=KINDS[fields[at]]))
            at += 2
    return found


# --- comparisons -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ("v1.0", "main"),
        ("main", "v1.0"),
        ("main", "main"),
        ("HEAD~3", "feature/checkout"),
        ("feature/checkout", "HEAD~2"),
    ],
)
def test_a_comparison_is_gits(installed, shop, base, head):
    ids = shop.id(base), shop.id(head)
    found = installed.compare_commits(SHOP, base=ids[0], head=ids[1], max_commits=100)
    shas = [commit.sha for commit in found.commits]
    assert shas == shop("rev-list", f"{ids[0]}..{ids[1]}").split()
    for commit in found.commits:
        assert commit == installed.get_commit(SHOP, commit.sha)
    merge_base = shop("merge-base", *ids).strip()
    assert set(found.files) == changes_of(shop, merge_base, ids[1])
    assert (found.commits_truncated, found.files_truncated) == (False, False)


def test_a_comparison_of_more_commits_than_wanted(installed, shop):
    root = shop("rev-list", "--max-parents=0", "HEAD").strip()
    found = installed.compare_commits(SHOP, base=root, head=shop.id("HEAD"), max_commits=2)
    assert [each.sha for each in found.commits] == shop("rev-list", "HEAD").split()[:2]
    assert found.commits_truncated


def test_the_first_hundred_messages_are_completed_and_no_more(installed, emulator, tmp_path):
    git = Git(tmp_path)
    git("init", "-q", "-b", "main")
    root = git.commit("Begin", {"a": b"1\n"})
    for number in range(105):
        git.commit(f"Step {number}\n\nWith a body.", {})
    emulator.add_repository(HostedRepository(full_name="Online Shop/long", path=str(tmp_path)))
    repo = RepositoryRef(identifier="Online Shop/long")
    found = installed.compare_commits(repo, base=root, head=git.id("main"), max_commits=1000)
    assert len(found.commits) == 105
    assert found.commits[99].message == "Step 5\n\nWith a body."
    assert [commit.message for commit in found.commits[100:]] == [
        f"Step {number}" for number in (4, 3, 2, 1, 0)
    ]
    asked = [request for request in emulator.requests if "/commits/" in request.path]
    assert len(asked) == 100


def test_a_comparison_without_a_common_ancestor(installed, shop):
    tree = shop("rev-parse", "HEAD^{tree}").strip()
    lone = shop("commit-tree", tree, "-m", "alone", **shop.identity(("A", "a@x"))).strip()
    with pytest.raises(NotFound):
        installed.compare_commits(SHOP, base=shop.id("HEAD"), head=lone, max_commits=9)
    with pytest.raises(NotFound) as caught:
        installed.compare_commits(SHOP, base="a" * 40, head=lone, max_commits=9)
    assert caught.value.resource == "commit"


def test_the_changes_of_every_commit_are_gits(installed, shop):
    for sha in shop("rev-list", "--all").split():
        parents = shop("rev-list", "--parents", "-n1", sha).split()[1:]
        revisions = [parents[0], sha] if parents else [sha]
        assert set(installed.get_commit_changes(SHOP, sha=sha)) == changes_of(shop, *revisions)
    with pytest.raises(NotFound):
        installed.get_commit_changes(SHOP, sha="a" * 40)


def _changes(number: int, first: int = 0) -> list[dict[str, object]]:
    return [
        {"item": {"path": f"/f{first + n}", "gitObjectType": "blob"}, "changeType": "add"}
        for n in range(number)
    ]


def test_changes_are_read_page_after_page_up_to_3000():
    skips: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        skip = request.url.params.get("$skip") or request.url.params["skip"]
        skips.append(skip)
        body = {"changes": _changes(1000, int(skip)), "allChangesIncluded": False,
                "commonCommit": "c" * 40, "aheadCount": 1}  # fmt: skip
        return httpx.Response(200, json=body)

    client = client_over(answer)
    assert len(client.reads.get_changes(SHOP, "a" * 40)) == 3000
    files, is_truncated, ahead = client.reads.diff(SHOP, base="a" * 40, head="b" * 40)
    assert (len(files), is_truncated, ahead) == (3000, True, 1)
    assert skips == ["0", "1000", "2000"] * 2


def test_changes_that_never_come_to_an_end_are_cut_off():
    """A host that says that there is more and sends nothing."""

    def answer(_: httpx.Request) -> httpx.Response:
        body = {"changes": [], "allChangesIncluded": False, "commonCommit": "c" * 40}
        return httpx.Response(200, json=body)

    files, is_truncated, _ = client_over(answer).reads.diff(SHOP, base="a" * 40, head="b" * 40)
    assert (files, is_truncated) == ((), False)


# --- trees and branches ----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "src", "döc", "döc/😀"])
def test_a_tree_is_gits(installed, shop, path):
    head = shop.id("HEAD")
    found = installed.get_tree(SHOP, sha=head, path=path, max_entries=1000)
    listed = shop("ls-tree", "-r", "-z", head, *([f"{path}/"] if path else [])).split("\0")[:-1]
    expected = [(line.split()[2].partition("\t")[0], line.split("\t", 1)[1]) for line in listed]
    assert [(entry.object_id, entry.path) for entry in found.entries] == expected
    kinds = {entry.path: entry.kind for entry in found.entries}
    assert kinds.get("link", EntryKind.SYMLINK) is EntryKind.SYMLINK
    assert not found.truncated


def test_a_tree_that_is_cut_or_none(installed, shop):
    head = shop.id("HEAD")
    found = installed.get_tree(SHOP, sha=head, path="", max_entries=2)
    assert (len(found.entries), found.truncated) == (2, True)
    for path in ("none", "src/cart.py"):
        with pytest.raises(NotFound) as caught:
            installed.get_tree(SHOP, sha=head, path=path, max_entries=9)
        assert caught.value.resource == "folder"
    with pytest.raises(NotFound) as caught:
        installed.get_tree(SHOP, sha="a" * 40, path="", max_entries=9)
    assert caught.value.resource == "commit"
    with pytest.raises(InvalidArgument):
        installed.get_tree(SHOP, sha=head, path="src\\x", max_entries=9)


def test_a_submodule_is_told(installed, emulator, shop, tmp_path):
    from forge_emulator import HostedRepository
    from sentry.integrations.source_code_management.types import RepositoryRef

    shop("clone", "-q", ".", str(tmp_path / "s"))
    own = type(shop)(tmp_path / "s")
    info = f"160000,{shop.id('HEAD')},lib"
    own("update-index", "--add", "--cacheinfo", info)
    own("commit", "-q", "-m", "sub", **own.identity(("A", "a@x")))
    emulator.add_repository(HostedRepository(full_name="P/s", path=str(tmp_path / "s")))
    repo = RepositoryRef(identifier="P/s")
    found = installed.get_tree(repo, sha=own.id("HEAD"), path="", max_entries=99)
    assert {e.path for e in found.entries if e.kind is EntryKind.SUBMODULE} == {"lib"}
    with pytest.raises(NotFound):
        installed.get_file(repo, path="lib", sha=own.id("HEAD"), max_bytes=9)
    assert FileChange(path="lib", kind=ChangeKind.ADDED) in installed.get_commit_changes(
        repo, sha=own.id("HEAD")
    )


def test_branches_are_listed_page_after_page(installed, emulator, shop):
    found = {branch.name: branch.sha for branch in installed.get_branches(SHOP)}
    assert found == {name: shop.id(name) for name in ("main", "feature/checkout")}
    assert [branch.name for branch in installed.get_branches(SHOP, query="check")] == [
        "feature/checkout"
    ]
    assert [branch.name for branch in installed.get_branches(SHOP, query="head")] == []
    emulator.clear_requests()
    emulator.world.page_size_cap = 1
    try:
        assert len(list(installed.get_branches(SHOP))) == 2
    finally:
        emulator.world.page_size_cap = 100
    assert len(emulator.requests) == 2


# --- pull requests ---------------------------------------------------------------------------


def test_the_pull_requests_of_a_commit(installed, emulator, shop):
    merged = shop.id("v1.0")
    pull = emulator.add_pull_request(
        NAME, title="Check out", head="feature/checkout", base="main", body="- a\n",
        author="dora@example.com", merge_commit=merged,
    )  # fmt: skip
    emulator.add_pull_request(NAME, title="Open", head="feature/checkout", base="HEAD~3")
    emulator.clear_requests()
    found = installed.get_pull_requests_for_commit(SHOP, sha=shop.id("feature/checkout"))
    assert len(emulator.requests) == 1
    assert [(each.title, each.state) for each in found] == [
        ("Check out", PullRequestState.MERGED),
        ("Open", PullRequestState.OPEN),
    ]
    first = found[0]
    assert (first.key, first.description) == (str(pull.number), "- a\n")
    assert (first.head_branch, first.base_branch) == ("feature/checkout", "main")
    assert (first.head_sha, first.merge_sha) == (shop.id("feature/checkout"), merged)
    assert first.author is not None
    assert (first.author.name, first.author.email) == ("dora", "dora@example.com")
    assert first.web_url == f"{installed.get_repository(NAME).url}/pullrequest/{pull.number}"
    assert first.merged_at == installed.get_commit(SHOP, merged).committed_at
    assert found[1].merge_sha == ""
    assert [each.key for each in installed.get_pull_requests_for_commit(SHOP, sha=merged)] == [
        first.key
    ]
    assert installed.get_pull_requests_for_commit(SHOP, sha=shop.id("HEAD~3")) == []
    for none in ("a" * 40, shop("rev-parse", "HEAD^{tree}").strip()):
        with pytest.raises(NotFound) as caught:
            installed.get_pull_requests_for_commit(SHOP, sha=none)
        assert caught.value.resource == "commit"
    emulator.change_pull_request(NAME, 2, closed=True)
    (_, closed) = installed.get_pull_requests_for_commit(SHOP, sha=shop.id("feature/checkout"))
    assert closed.state is PullRequestState.CLOSED


# --- code ------------------------------------------------------------------------------------


def test_code_is_found_with_its_lines(installed, shop):
    found, more = installed.search_code(SHOP, query="def total", page=1, per_page=10)
    (match,) = found
    assert not more
    assert (match.path, match.ref) == ("src/cart.py", shop.id("HEAD"))
    assert [(line.number, line.text) for line in match.lines] == [(1, "def total(items):")]
    assert match.web_url == installed.format_source_url(SHOP, path="src/cart.py", ref=match.ref)


def test_code_search_has_pages_and_an_end(installed, emulator):
    first, more = installed.search_code(SHOP, query="def", page=1, per_page=1)
    second, end = installed.search_code(SHOP, query="def", page=2, per_page=1)
    assert ([m.path for m in [*first, *second]], more, end) == (
        ["src/cart.py", "src/checkout.py"], True, False,
    )  # fmt: skip
    assert installed.search_code(SHOP, query="def", page=3, per_page=1) == ([], False)
    emulator.clear_requests()
    assert installed.search_code(SHOP, query="def", page=12, per_page=100) == ([], False)
    assert emulator.requests == []


@pytest.mark.parametrize("query", ["path:src", "NOT", "a*b", "ext:py AND", "total)"])
def test_operators_are_words(installed, query):
    assert installed.search_code(SHOP, query=query, page=1, per_page=9) == ([], False)


def test_what_cannot_be_searched_for(installed, emulator):
    with pytest.raises(HostRejected):
        installed.search_code(SHOP, query='say "hi"', page=1, per_page=9)
    assert emulator.requests == []
    emulator.faults.add(Fault(kind="status", status=403, match="/search/"))
    with pytest.raises(HostForbidden):
        installed.search_code(SHOP, query="x", page=1, per_page=9)
    emulator.faults.clear()
    emulator.faults.add(Fault(kind="html", match="/search/"))
    with pytest.raises(HostUnavailable):
        installed.search_code(SHOP, query="x", page=1, per_page=9)


def test_a_search_that_tells_places_alone_has_no_lines():
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "almsearch.dev.azure.com"
        hit = {"charOffset": 7, "length": 3, "line": 0, "codeSnippet": None}
        result = {"path": "/a.py", "fileName": "a.py", "matches": {"content": [hit]}}
        return httpx.Response(200, json={"count": 1, "results": [result]})

    found, _ = client_over(answer).reads.search_code(SHOP, query="x", page=1, per_page=9)
    assert [(match.path, match.ref, match.lines) for match in found] == [("a.py", "", ())]
