"""Repositories, commits and refs through the whole provider, compared with git."""

from datetime import UTC, datetime

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.source_code_management.errors import (
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import RepositoryRef

from .conftest import ACCESS_TOKEN, API_TOKEN, EMAIL, SHOP, Git, integration

GONE = RepositoryRef(identifier="acme/gone")


# --- repositories ----------------------------------------------------------------------------


def many(shop, **settings):
    names = [f"acme/r{n:02}" for n in range(5)] + ["dora/r00", "dora/other"]
    hosted = [HostedRepository(full_name=name, path=str(shop.path)) for name in names]
    tokens = {API_TOKEN: ("robot",), ACCESS_TOKEN: ("token", *names[:5])}
    return Emulator("bitbucket", hosted, tokens=tokens, page_size_cap=2, **settings)


def test_every_page_of_every_workspace_is_listed(shop):
    with many(shop) as running:
        installed = integration(running.url, email=EMAIL, api_token=API_TOKEN)
        found = [repo.identifier for repo in installed.get_repositories()]
        assert found == [*(f"acme/r{n:02}" for n in range(5)), "dora/other", "dora/r00"]
        assert len(running.requests) == 1 + 3 + 1
        running.clear_requests()
        next(installed.get_repositories())
        assert len(running.requests) == 2


def test_repositories_are_searched_by_the_host(shop):
    with many(shop) as running:
        installed = integration(running.url, email=EMAIL, api_token=API_TOKEN)

        def found(query):
            running.clear_requests()
            return [repo.identifier for repo in installed.get_repositories(query=query)]

        assert found("R00") == ["acme/r00", "dora/r00"]
        assert [request.query for request in running.requests[1:]] == [
            "pagelen=100&q=name%20~%20%22R00%22"
        ] * 2
        assert found("dora/r") == ["dora/r00"]
        assert found('"') == []
        assert found("\\") == []


def test_an_access_token_lists_the_workspace_that_is_named(shop):
    with many(shop) as running:
        named = integration(running.url, token=ACCESS_TOKEN, workspace="acme")
        assert len(list(named.get_repositories())) == 5
        assert {request.path for request in running.requests} == {"/2.0/repositories/acme"}
        running.clear_requests()
        with pytest.raises(IntegrationBroken, match="must name it"):
            next(integration(running.url, token=ACCESS_TOKEN).get_repositories())
        assert running.requests == []


def test_an_account_may_be_narrowed_to_a_workspace(shop):
    with many(shop) as running:
        one = integration(running.url, email=EMAIL, api_token=API_TOKEN, workspace="dora")
        assert [r.identifier for r in one.get_repositories()] == ["dora/other", "dora/r00"]


def test_a_repository_is_found(installed, shop, emulator):
    repo = installed.get_repository("acme/shop")
    assert (repo.name, repo.identifier) == ("acme/shop", "acme/shop")
    assert repo.external_id.startswith("{")
    assert len(repo.external_id) == 38
    assert repo.default_branch == "main" == shop("branch", "--show-current").strip()
    assert repo.url == f"{emulator.url}/acme/shop"
    assert installed.get_repository_default_branch(SHOP) == "main"
    again = integration(emulator.url, token=ACCESS_TOKEN).get_repository("acme/shop")
    assert again == repo


def test_access_is_told(installed, emulator):
    assert installed.has_repo_access(SHOP)
    assert not installed.has_repo_access(GONE)
    emulator.faults.add(Fault(kind="status", status=403, match="/repositories/", times=1))
    assert not installed.has_repo_access(SHOP)
    emulator.faults.add(Fault(kind="status", status=500, match="/repositories/", times=1))
    with pytest.raises(HostUnavailable):
        installed.has_repo_access(SHOP)


@pytest.mark.parametrize(
    "identifier",
    ["", "acme", "acme/", "/shop", "a/b/c", "a/..", "../..", "a b/c", "a/b?c", "a/b#", "ä/b",
     "a/b\n", "a/%2e", "a\\b/c", "{x}/y"],
)  # fmt: skip
def test_an_identifier_that_can_be_none_asks_nothing(installed, emulator, identifier):
    repo = RepositoryRef(identifier=identifier)
    for call in (
        lambda: installed.get_repository(identifier),
        lambda: installed.get_commit(repo, "a" * 40),
        lambda: installed.get_tree(repo, sha="a" * 40, path="", max_entries=1),
        lambda: installed.search_code(repo, query="x", page=1, per_page=1),
        lambda: installed.get_mirror_source(repo),
        lambda: installed.get_pull_requests_for_commit(repo, sha="a" * 40),
    ):
        with pytest.raises(InvalidArgument):
            call()
    assert emulator.requests == []


# --- commits ---------------------------------------------------------------------------------


def test_every_commit_is_as_git_tells_it(installed, shop):
    shas = shop.shas("--all")
    assert len(shas) == 9
    for sha in shas:
        commit = installed.get_commit(SHOP, sha)
        facts = shop("show", "-s", "--format=%H%x00%an%x00%ae%x00%ct%x00%B", sha).split("\0")
        assert commit.sha == facts[0]
        assert (commit.author.name, commit.author.email) == (facts[1], facts[2])
        assert commit.committed_at == datetime.fromtimestamp(int(facts[3]), UTC)
        assert commit.message == facts[4].rstrip("\n")
        assert commit.web_url.endswith(f"/acme/shop/commits/{sha}")
        assert commit.web_url == installed.format_commit_url(SHOP, sha=sha)
        is_known = facts[2] == "alice@example.com"
        assert commit.author.external_id.startswith("bitbucket:{") is is_known


def test_an_abbreviation_is_resolved_in_either_case(installed, shop):
    sha = shop.sha("HEAD")
    assert installed.get_commit(SHOP, sha[:10]).sha == sha
    assert installed.get_commit(SHOP, sha[:10].upper()).sha == sha


@pytest.mark.parametrize("sha", ["f" * 40, "0000000", "main", "v1.0", "HEAD"])
def test_a_commit_that_is_not_there_and_a_branch_are_not_found(installed, sha):
    with pytest.raises(NotFound) as caught:
        installed.get_commit(SHOP, sha)
    assert caught.value.resource == "commit"


def test_an_ambiguous_abbreviation_is_the_callers_error(installed, emulator):
    def answer(message):
        body = b'{"type": "error", "error": {"message": "%s"}}' % message
        emulator.faults.add(
            Fault(kind="status", status=400, body=body, content_type="application/json", times=1)
        )

    answer(b"The hash abcd is ambiguous")
    with pytest.raises(InvalidArgument) as caught:
        installed.get_commit(SHOP, "abcd")
    assert caught.value.field == "commit_sha"
    answer(b"Something else")
    with pytest.raises(HostRejected):
        installed.get_commit(SHOP, "abcd")


def test_a_real_ambiguity_is_told(tmp_path):
    """Two commits whose ids begin alike, found by trying messages."""
    git = Git(tmp_path)
    git("init", "-q", "-b", "main")
    root = git.commit("Root", {"a": b"a"})
    seen: dict[str, str] = {}
    for number in range(2000):
        sha = git("commit-tree", f"{root}^{{tree}}", "-m", str(number), **git.identity()).strip()
        if sha[:4] in seen:
            break
        seen[sha[:4]] = sha
    else:
        pytest.fail("no two commits began alike")
    hosted = [HostedRepository(full_name="acme/shop", path=str(tmp_path))]
    with Emulator("bitbucket", hosted, tokens={API_TOKEN: ("robot",)}) as running:
        installed = integration(running.url, email=EMAIL, api_token=API_TOKEN)
        with pytest.raises(InvalidArgument):
            installed.get_commit(SHOP, sha[:4])


def test_refs_are_resolved(installed, shop, emulator):
    assert installed.resolve_ref(SHOP, "") == shop.sha("main")
    assert installed.resolve_ref(SHOP, "main") == shop.sha("main")
    assert installed.resolve_ref(SHOP, "feature/checkout") == shop.sha("feature/checkout")
    assert installed.resolve_ref(SHOP, "v1.0") == shop.sha("v1.0")
    assert installed.resolve_ref(SHOP, shop.sha("v1.0")) == shop.sha("v1.0")
    assert installed.resolve_ref(SHOP, shop.sha("old")[:9]) == shop.sha("old")
    for ref in ("no/such", 'a" OR name ~ "', "f" * 40, "0000000", "..", "a\\"):
        with pytest.raises(NotFound) as caught:
            installed.resolve_ref(SHOP, ref)
        assert caught.value.resource == "ref"
    with pytest.raises(InvalidArgument):
        installed.resolve_ref(SHOP, "a\0b")


def test_a_branch_wins_over_a_tag_and_both_over_an_id(shop, tmp_path):
    shop("clone", "-q", "--bare", str(shop.path), str(tmp_path / "copy"))
    copy = type(shop)(tmp_path / "copy")
    copy("tag", "both", "old")
    copy("branch", "both", "main")
    short = copy.sha("old")[:7]
    copy("tag", short, "main")
    hosted = [HostedRepository(full_name="acme/shop", path=str(copy.path))]
    with Emulator("bitbucket", hosted, tokens={API_TOKEN: ("robot",)}) as running:
        installed = integration(running.url, email=EMAIL, api_token=API_TOKEN)
        assert installed.resolve_ref(SHOP, "both") == copy.sha("main")
        assert installed.resolve_ref(SHOP, short) == copy.sha("main")
        assert installed.resolve_ref(SHOP, "refs/heads/both") == copy.sha("main")
        assert installed.resolve_ref(SHOP, "refs/tags/both") == copy.sha("old")
        for absent in ("refs/heads/v1.0", "refs/tags/main", "refs/heads/"):
            with pytest.raises(NotFound):
                installed.resolve_ref(SHOP, absent)


def test_an_empty_repository(tmp_path):
    Git(tmp_path)("init", "-q", "-b", "main")
    hosted = [HostedRepository(full_name="acme/empty", path=str(tmp_path))]
    empty = RepositoryRef(identifier="acme/empty")
    with Emulator("bitbucket", hosted, tokens={API_TOKEN: ("robot",)}) as running:
        installed = integration(running.url, email=EMAIL, api_token=API_TOKEN)
        assert installed.get_repository_default_branch(empty) is None
        assert list(installed.get_branches(empty)) == []
        for call in (
            lambda: installed.resolve_ref(empty, ""),
            lambda: installed.get_commit(empty, "abcdef1"),
            lambda: installed.list_commits(empty, sha="a" * 40, path="", page=1, per_page=9),
            lambda: installed.get_tree(empty, sha="a" * 40, path="", max_entries=9),
        ):
            with pytest.raises(NotFound):
                call()


def test_branches_are_listed_and_searched(installed, shop, emulator):
    told = {branch.name: branch.sha for branch in installed.get_branches(SHOP)}
    assert told == {name: shop.sha(name) for name in ("feature/checkout", "main", "old")}
    emulator.clear_requests()
    found = [branch.name for branch in installed.get_branches(SHOP, query="CHECK")]
    assert found == ["feature/checkout"]
    assert len(emulator.requests) == 1
    assert list(installed.get_branches(SHOP, query='"')) == []


# --- what changed ----------------------------------------------------------------------------


def told(changes):
    return sorted((c.kind.value, c.path, c.previous_path) for c in changes)


def gits(shop, *revisions):
    """What git says changed, with its renames."""
    kinds = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "T": "modified"}
    fields = shop("diff-tree", "-r", "-M", "-z", "--name-status", *revisions).split("\0")
    if len(revisions) == 1 or revisions[0] == "--root":
        fields = fields[1:]
    found, at = [], 0
    while at < len(fields) - 1:
        kind = kinds[fields[at][0]]
        moved = kind == "renamed"
        path = fields[at + 2] if moved else fields[at + 1]
        found.append((kind, path, fields[at + 1] if moved else ""))
        at += 3 if moved else 2
    return sorted(found)


def test_the_changes_of_every_commit_against_its_first_parent(installed, shop):
    for sha in shop.shas("--all"):
        parents = shop("show", "-s", "--format=%P", sha).split()
        expected = gits(shop, parents[0], sha) if parents else gits(shop, "--root", sha)
        assert told(installed.get_commit_changes(SHOP, sha=sha)) == expected
    with pytest.raises(NotFound):
        installed.get_commit_changes(SHOP, sha="f" * 40)


@pytest.mark.parametrize(
    ("base", "head"),
    [("old", "main"), ("main~4", "feature/checkout"), ("feature/checkout", "main~4"),
     ("main", "old"), ("main", "main"), ("main~1", "main")],
)  # fmt: skip
def test_comparisons(installed, shop, base, head):
    base, head = shop.sha(base), shop.sha(head)
    found = installed.compare_commits(SHOP, base=base, head=head, max_commits=100)
    assert [commit.sha for commit in found.commits] == shop.shas(head, f"^{base}")
    meeting = shop("merge-base", base, head).strip()
    assert told(found.files) == gits(shop, meeting, head)
    assert not found.commits_truncated
    assert not found.files_truncated


def test_a_comparison_is_cut_off(installed, shop, emulator):
    base, head = shop.shas("--max-parents=0", "main")[0], shop.sha("main")
    every = shop.shas(head, f"^{base}")
    found = installed.compare_commits(SHOP, base=base, head=head, max_commits=2)
    assert [commit.sha for commit in found.commits] == every[:2]
    assert found.commits_truncated
    exact = installed.compare_commits(SHOP, base=base, head=head, max_commits=len(every))
    assert not exact.commits_truncated
    emulator.clear_requests()
    installed.compare_commits(SHOP, base=head, head=base, max_commits=2)
    assert len(emulator.requests) == 1


def test_what_cannot_be_compared(installed, shop):
    tree = shop("rev-parse", "HEAD^{tree}").strip()
    lonely = shop("commit-tree", tree, "-m", "Alone", **shop.identity()).strip()
    for base in (lonely, "f" * 40):
        with pytest.raises(NotFound):
            installed.compare_commits(SHOP, base=base, head=shop.sha("main"), max_commits=9)
