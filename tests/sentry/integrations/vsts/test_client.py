"""Repositories, commits and files through the whole provider, compared with git."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry import options
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRateLimited,
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import RepositoryRef

from .conftest import NAME, SHOP, TOKEN, Git, client_over, integration

GONE = RepositoryRef(identifier="Online Shop/gone")
SIGN_IN = "https://spsproduks1.vssps.visualstudio.com/_signin?realm=dev.azure.com"


# --- repositories ----------------------------------------------------------------------------


def test_the_repositories_of_every_page_of_projects_are_listed(shop):
    names = [f"p{n // 2}/r{n}" for n in range(10)]
    hosted = [HostedRepository(full_name=name, path=str(shop.path)) for name in names]
    with Emulator("vsts", hosted, tokens={TOKEN: ("robot",)}, page_size_cap=2) as running:
        installed = integration(running.url, token=TOKEN)
        assert [repo.identifier for repo in installed.get_repositories()] == names
        pages = [each for each in running.requests if each.path == "/acme/_apis/projects"]
        assert ["continuationToken" in each.query for each in pages] == [False, True, True]
        assert [repo.name for repo in installed.get_repositories(query="R3")] == ["p1/r3"]
        running.clear_requests()
        next(installed.get_repositories())
        assert len(running.requests) == 2


def test_a_list_of_pages_that_does_not_end_is_cut_off():
    sent: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.url)
        token = {"x-ms-continuationtoken": "https://evil.example/?a=b&c"}
        return httpx.Response(200, headers=token, json={"count": 0, "value": []})

    with pytest.raises(HostUnavailable, match="does not end"):
        list(client_over(answer).repositories.list_all())
    assert len(sent) == 2
    # the token stays a value: no other host, no further parameter
    assert {url.host for url in sent} == {"dev.azure.com"}
    assert sent[1].params["continuationToken"] == "https://evil.example/?a=b&c"
    assert set(sent[1].params) == {"$top", "api-version", "continuationToken"}


def test_a_repository_is_found_by_its_name_and_by_its_id(installed, emulator, shop):
    repo = installed.get_repository(NAME)
    assert (repo.name, repo.identifier) == (NAME, NAME)
    assert len(repo.external_id) == 36
    assert repo.default_branch == "main" == shop("branch", "--show-current").strip()
    assert repo.url == f"{emulator.url}/acme/Online%20Shop/_git/sk%C3%B6p%20app"
    known = RepositoryRef(identifier=NAME, external_id=repo.external_id)
    emulator.rename_repository(NAME, "Online Shop/another name")
    assert installed.has_repo_access(known)
    assert not installed.has_repo_access(SHOP)
    assert installed.get_repository_default_branch(known) == "main"
    assert installed.get_repository("online shop/ANOTHER NAME").external_id == repo.external_id


def test_a_repository_that_is_removed(installed, emulator):
    known = RepositoryRef(identifier=NAME, external_id=installed.get_repository(NAME).external_id)
    emulator.remove_repository(NAME)
    assert not installed.has_repo_access(known)
    assert list(installed.get_repositories()) == []


def test_an_empty_repository_has_no_default_branch_and_no_commits(installed, emulator, tmp_path):
    Git(tmp_path)("init", "-q", "-b", "main")
    emulator.add_repository(HostedRepository(full_name="Online Shop/empty", path=str(tmp_path)))
    empty = RepositoryRef(identifier="Online Shop/empty")
    assert installed.get_repository_default_branch(empty) is None
    for ask in (
        lambda: installed.resolve_ref(empty, ""),
        lambda: installed.get_commit(empty, "abcdef1"),
        lambda: installed.list_commits(empty, sha="a" * 40, path="", page=1, per_page=9),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_repository_that_is_switched_off_is_not_listed(installed, emulator):
    project = '{"id":"6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c","name":"P"}'
    repository = (
        '{"id":"278d5cd2-584d-4b63-824a-2ba458937249","name":"R","isDisabled":true,'
        f'"project":{project}}}'
    )
    body = f'{{"count":1,"value":[{repository}]}}'.encode()
    fault = Fault(kind="status", status=200, body=body, content_type="application/json",
                  match="/git/repositories")  # fmt: skip
    emulator.faults.add(fault)
    assert list(installed.get_repositories()) == []


def test_access_is_told(installed, emulator):
    assert installed.has_repo_access(SHOP)
    assert not installed.has_repo_access(GONE)
    assert not installed.has_repo_access(RepositoryRef(identifier="Nowhere/shop"))
    emulator.faults.add(Fault(kind="status", status=403, match="/repositories/", times=1))
    assert not installed.has_repo_access(SHOP)
    emulator.faults.add(Fault(kind="status", status=500, match="/repositories/", times=1))
    with pytest.raises(HostUnavailable):
        installed.has_repo_access(SHOP)


@pytest.mark.parametrize(
    "identifier",
    ["", "acme", "acme/", "/shop", "a/b/c", "a/..", "../..", "a\\b/c", "a/b?c", "a/b#", "a/b\n",
     "a/b\0", "a/\ud800"],
)  # fmt: skip
def test_an_identifier_that_can_be_none_asks_nothing(installed, emulator, identifier):
    with pytest.raises(InvalidArgument):
        installed.get_repository(identifier)
    assert emulator.requests == []


# --- commits ---------------------------------------------------------------------------------


def test_every_commit_is_as_git_tells_it(installed, shop):
    shas = shop("rev-list", "--all").split()
    assert len(shas) == 7
    for sha in shas:
        commit = installed.get_commit(SHOP, sha)
        facts = shop("show", "-s", "--format=%H%x00%an%x00%ae%x00%ct%x00%B", sha).split("\0")
        assert commit.sha == facts[0]
        assert (commit.author.name, commit.author.email) == (facts[1], facts[2])
        assert commit.committed_at == datetime.fromtimestamp(int(facts[3]), UTC)
        assert commit.message.strip() == facts[4].strip()
        assert commit.web_url == installed.format_commit_url(SHOP, sha=sha)


def test_an_abbreviation_is_looked_for_in_the_history(installed, emulator, shop):
    """The host resolves none: the newest commits of the default branch are looked through."""
    sha = shop.id("HEAD~2")
    assert installed.get_commit(SHOP, sha[:10]).sha == sha
    assert installed.get_commit(SHOP, sha[:10].upper()).sha == sha
    assert [each.path.rpartition("/")[2] for each in emulator.requests] == ["commits", sha] * 2


@pytest.mark.parametrize("sha", ["f" * 40, "main", "v1.0", "HEAD", "f" * 64])
def test_a_commit_that_is_not_there_and_a_branch_are_not_found(installed, sha):
    with pytest.raises(NotFound) as caught:
        installed.get_commit(SHOP, sha)
    assert caught.value.resource == "commit"


def _page(shas: list[str]) -> bytes:
    commit = '{{"commitId":"{}","comment":"x","committer":{{"date":"2024-01-01T00:00:00Z"}}}}'
    value = ",".join(commit.format(sha) for sha in shas)
    return f'{{"count":{len(shas)},"value":[{value}]}}'.encode()


def test_an_ambiguous_abbreviation_is_the_callers_error(installed, emulator):
    body = _page(["abcd" + "0" * 36, "abcd" + "1" * 36])
    emulator.faults.add(
        Fault(kind="status", status=200, body=body, content_type="application/json")
    )
    with pytest.raises(InvalidArgument, match="several") as caught:
        installed.get_commit(SHOP, "abcd")
    assert caught.value.field == "commit_sha"


def test_an_abbreviation_beyond_what_is_looked_through_says_so(installed, emulator):
    body = _page(["b" * 40] * 1000)
    emulator.faults.add(
        Fault(kind="status", status=200, body=body, content_type="application/json")
    )
    with pytest.raises(InvalidArgument, match="give all 40 digits"):
        installed.get_commit(SHOP, "abcd")
    assert len(emulator.requests) == 10


@pytest.fixture
def side(shop) -> Iterator[str]:
    """A commit that only another branch has."""
    people = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    sha = shop(*people, "commit-tree", "-m", "Aside", "-p", "main", "main^{tree}").strip()
    shop("update-ref", "refs/heads/aside", sha)
    yield sha
    shop("update-ref", "-d", "refs/heads/aside")


def test_an_abbreviation_that_the_default_branch_lacks_may_be_another_ones(installed, side):
    """The host tells one branch's history at a time: nobody can say that there is no such commit."""
    for asked in (side[:10], "0000000"):
        with pytest.raises(InvalidArgument, match=r"fits none .* give all 40") as caught:
            installed.get_commit(SHOP, asked)
        assert caught.value.field == "commit_sha"
        with pytest.raises(InvalidArgument, match=r"names no branch .* give all") as caught:
            installed.resolve_ref(SHOP, asked)
        assert caught.value.field == "ref"
    assert installed.get_commit(SHOP, side).sha == side


def test_refs_are_resolved(installed, emulator, shop):
    assert installed.resolve_ref(SHOP, "") == shop.id("main")
    for name in ("main", "feature/checkout", "v1.0", "v2.0", "refs/heads/main", "refs/tags/v2.0"):
        assert installed.resolve_ref(SHOP, name) == shop.id(name)
    assert installed.resolve_ref(SHOP, shop.id("v1.0")) == shop.id("v1.0")
    for digits in (4, 6, 9, 39, 40):
        assert installed.resolve_ref(SHOP, shop.id("main")[:digits]) == shop.id("main")
        assert installed.resolve_ref(SHOP, shop.id("main")[:digits].upper()) == shop.id("main")
    for name in ("no/such", "refs/tags/main", "refs/heads/v1.0", "a?b", "a b", "%2e%2e"):
        with pytest.raises(NotFound) as caught:
            installed.resolve_ref(SHOP, name)
        assert caught.value.resource == "ref"


def test_history_comes_in_pages_with_whole_messages(installed, emulator, shop):
    head = shop.id("HEAD")
    expected = shop("rev-list", head).split()
    first, more = installed.list_commits(SHOP, sha=head, path="", page=1, per_page=4)
    rest, end = installed.list_commits(SHOP, sha=head, path="", page=2, per_page=4)
    assert [commit.sha for commit in [*first, *rest]] == expected
    assert (len(first), more, end) == (4, True, False)
    exactly, more = installed.list_commits(SHOP, sha=head, path="", page=1, per_page=7)
    assert (len(exactly), more) == (7, False)
    for commit in exactly:
        assert commit == installed.get_commit(SHOP, commit.sha)
    assert any("\n" in commit.message for commit in exactly)


@pytest.mark.parametrize(
    "path", ["döc/a b#?%2e.txt", "döc/😀/😀.txt", "src", "src/cart.py", "empty.txt", "none"]
)
def test_history_of_a_path(installed, shop, path):
    head = shop.id("HEAD")
    touched, more = installed.list_commits(SHOP, sha=head, path=path, page=1, per_page=9)
    assert [commit.sha for commit in touched] == shop("rev-list", head, "--", path).split()
    assert not more


def test_history_of_an_unknown_commit(installed):
    for path in ("", "src"):
        with pytest.raises(NotFound) as caught:
            installed.list_commits(SHOP, sha="a" * 40, path=path, page=1, per_page=9)
        assert caught.value.resource == "commit"


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["src/cart.py", "docs.txt", "döc/a b#?%2e.txt", "döc/😀/😀.txt", "logo.png", "big.txt"],
)
def test_a_files_bytes_are_gits(installed, shop, path):
    head = shop.id("HEAD")
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
    empty = installed.get_file(SHOP, path="empty.txt", sha=shop.id("HEAD~1"), max_bytes=9)
    assert (empty.content, empty.size) == (b"", 0)


def test_a_length_that_the_answer_does_not_tell_is_asked_for():
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path.rpartition("/")[2])
        if "/blobs/" in request.url.path:
            return httpx.Response(200, json={"objectId": "b" * 40, "size": 1000})
        if "$format" not in request.url.params:
            return httpx.Response(200, json={"objectId": "b" * 40, "path": "/a"})
        kind = {"content-type": "application/octet-stream"}
        return httpx.Response(200, headers=kind, content=iter([b"0123456789"]))

    found = client_over(answer).get_file(SHOP, path="a", sha="a" * 40, max_bytes=5)
    assert (found.content, found.size) == (b"01234", 1000)
    assert sent == ["items", "items", "b" * 40]


@pytest.mark.parametrize("path", ["src", "no/such", "src/cart.py/x", "döc"])
def test_a_folder_and_what_is_not_there_are_no_files(installed, shop, path):
    with pytest.raises(NotFound) as caught:
        installed.get_file(SHOP, path=path, sha=shop.id("HEAD"), max_bytes=10)
    assert caught.value.resource == "file"


@pytest.mark.parametrize(
    "path", ["../x", "a/./b", "/etc/passwd", "a\0b", "", "x" * 100_000, "src\\cart.py", "a\ud800"]
)
def test_a_path_that_leads_elsewhere_asks_nothing(installed, emulator, path):
    with pytest.raises(InvalidArgument):
        installed.get_file(SHOP, path=path, sha="a" * 40, max_bytes=10)
    assert emulator.requests == []


@pytest.mark.parametrize(
    "path", ["%2e%2e/x", "a?path=/src/cart.py", "a#b", "a\nb", "..%2f", "a&path=/src/cart.py", "😀"]
)
def test_a_hostile_path_stays_a_path(installed, emulator, shop, path):
    with pytest.raises(NotFound):
        installed.get_file(SHOP, path=path, sha=shop.id("HEAD"), max_bytes=10)
    (request,) = emulator.requests
    assert request.path.endswith("/_apis/git/repositories/sköp app/items")
    assert request.query.count("path=") == 1 + path.count("%00path=")


def test_an_answer_that_is_no_file_is_not_taken_for_one(installed, emulator):
    emulator.faults.add(Fault(kind="empty", match="/items", times=1))
    with pytest.raises(HostUnavailable):
        installed.get_file(SHOP, path="src/cart.py", sha="a" * 40, max_bytes=10)
    emulator.faults.add(Fault(kind="status", status=400, match="/items", times=1))
    with pytest.raises(HostRejected):
        installed.get_file(SHOP, path="src/cart.py", sha="a" * 40, max_bytes=10)


# --- the credential --------------------------------------------------------------------------


def test_a_credential_is_checked(installed):
    check = installed.check_credential()
    assert (check.account, check.missing) == ("robot@example.com", ())
    assert check.identity == installed.check_credential().identity
    assert len(check.identity) <= 100


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        (("vso.project", "vso.code", "vso.work_write"), ()),
        (("vso.project", "vso.code_write"), ("Work Items (Read & write)",)),
        (("vso.project",), ("Code (Read)", "Work Items (Read & write)")),
        (
            ("vso.packaging",),
            ("Project and Team (Read)", "Code (Read)", "Work Items (Read & write)"),
        ),
        (("vso.code", "vso.work"), ("Project and Team (Read)",)),
    ],
)
def test_missing_scopes_are_named_in_the_hosts_words(emulator, scopes, missing):
    emulator.add_token("narrow", "eve", *scopes)
    assert integration(emulator.url, token="narrow").check_credential().missing == missing


def test_a_token_without_the_scope_breaks_no_integration(emulator):
    emulator.add_token("narrow", "eve", "vso.project")
    with pytest.raises(HostForbidden):
        integration(emulator.url, token="narrow").get_repository(NAME)


def test_an_account_without_a_name_is_nobody(installed, emulator):
    body = (
        b'{"instanceId":"i","authenticatedUser":{"id":"aaaa","descriptor":'
        b'"System:PublicAccess;aaaa","providerDisplayName":"Anonymous"}}'
    )
    emulator.faults.add(Fault(kind="status", status=200, body=body,
                              content_type="application/json"))  # fmt: skip
    with pytest.raises(IntegrationBroken):
        installed.check_credential()


def test_a_wrong_token_gets_a_sign_in_page_which_means_no(emulator):
    wrong = integration(emulator.url, token="wrong")
    with pytest.raises(IntegrationBroken):
        wrong.get_repository(NAME)
    with pytest.raises(IntegrationBroken):
        wrong.check_credential()
    assert {each.status for each in emulator.requests} == {203}


# --- the host's bad days ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(kind="status", status=400), HostRejected),
        (Fault(kind="status", status=401), IntegrationBroken),
        (Fault(kind="status", status=401, body=b"<html>", content_type="text/html"),
         IntegrationBroken),
        (Fault(kind="html", status=203), IntegrationBroken),
        (Fault(kind="redirect", location=SIGN_IN), IntegrationBroken),
        (Fault(kind="redirect", location="http://[bad/_signin"), HostUnavailable),
        (Fault(kind="redirect", location="https://evil.example/"), HostUnavailable),
        (Fault(kind="status", status=403), HostForbidden),
        (Fault(kind="status", status=404), NotFound),
        (Fault(kind="status", status=410), NotFound),
        (Fault(kind="status", status=422), HostRejected),
        (Fault(kind="status", status=429), HostRateLimited),
        (Fault(kind="status", status=500), HostUnavailable),
        (Fault(kind="status", status=503), HostUnavailable),
        (Fault(kind="rate_limit_primary"), HostRateLimited),
        (Fault(kind="html"), HostUnavailable),
        (Fault(kind="html", status=500), HostUnavailable),
        (Fault(kind="truncated"), HostUnavailable),
        (Fault(kind="empty"), HostUnavailable),
        (Fault(kind="drop"), HostUnavailable),
        (Fault(kind="oversized", size=2_000_000), HostUnavailable),
        (Fault(kind="gzip_bomb", size=50_000_000), HostUnavailable),
        (Fault(kind="slow_drip", seconds=5), HostUnavailable),
    ],
    ids=lambda value: getattr(value, "kind", None) or value.__name__,
)  # fmt: skip
@pytest.mark.parametrize("call", ["commit", "pull requests"])
def test_every_fault_is_one_error_of_the_tree(installed, emulator, fault, kind, call):
    def ask() -> object:
        if call == "commit":
            return installed.get_commit(SHOP, "a" * 40)
        return installed.get_pull_requests_for_commit(SHOP, sha="a" * 40)

    emulator.faults.add(fault)
    values: dict[str, options.OptionValue] = {
        "scm.http.total-timeout": 1.0,
        "scm.http.max-response-bytes": 1_000_000,
        "scm.http.max-attempts": 1,
    }
    with options.override(values), pytest.raises(kind) as caught:
        ask()
    assert TOKEN not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"


def test_a_delayed_answer_is_taken_and_its_pause_kept(installed, emulator, shop):
    emulator.faults.add(Fault(kind="rate_limit_secondary", seconds=30, times=1))
    assert installed.get_commit(SHOP, shop.id("HEAD")).sha == shop.id("HEAD")
    with pytest.raises(HostRateLimited) as caught:
        integration(emulator.url, token=TOKEN).get_commit(SHOP, shop.id("HEAD"))
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 30
    assert len(emulator.requests) == 1
