"""Files, trees, blame and code search through the whole provider, compared with git."""

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.types import (
    EntryKind,
    FileBlameInfo,
    RepositoryRef,
    SourceLineInfo,
)

from .conftest import NAME, SHOP, TOKEN, integration

PATHS = [
    "src/cart.py",
    "crlf.txt",
    "döc/a b#?%2e.txt",
    "döc/𝄞\\x\n.txt",
    "empty",
    "logo.png",
    "big.txt",
]
STRAY = ["../x", "a/./b", "/etc/passwd", "a\0b", "", "x" * 100_000, "src/../src/cart.py"]
HOSTILE = ["%2e%2e/x", "a?ref=b", "a#b", "a\nb", "..%2f", "a\r\nX: y", "a\\..\\b", "𝄞/𝄞"]


@pytest.mark.parametrize("path", PATHS)
def test_a_files_bytes_are_gits(installed, emulator, shop, path):
    head = shop.sha("HEAD")
    whole = (shop.path / path).read_bytes()
    found = installed.get_file(SHOP, path=path, sha=head, max_bytes=10_000_000)
    assert (found.content, found.size, found.truncated) == (whole, len(whole), False)
    assert (found.path, found.commit_sha) == (path, head)
    short = installed.get_file(SHOP, path=path, sha=head, max_bytes=5)
    assert (short.content, short.size) == (whole[:5], len(whole))
    assert short.truncated == (len(whole) > 5)
    assert len(emulator.requests) == 2


def test_a_file_as_of_an_older_commit(installed, shop):
    first = shop.shas("--max-parents=0", "main")[0]
    found = installed.get_file(SHOP, path="src/cart.py", sha=first, max_bytes=1000)
    assert found.content == b"def total():\n    return 0\n"


@pytest.mark.parametrize("path", ["src", "no/such", "src/cart.py/x", "vendor/lib"])
def test_a_folder_a_submodule_and_what_is_not_there_are_no_files(installed, shop, path):
    with pytest.raises(NotFound) as caught:
        installed.get_file(SHOP, path=path, sha=shop.sha("HEAD"), max_bytes=10)
    assert caught.value.resource == "file"


def test_the_commit_of_a_file_that_is_not_there(installed):
    with pytest.raises(NotFound) as caught:
        installed.get_file(SHOP, path="src/cart.py", sha="f" * 40, max_bytes=10)
    assert caught.value.resource == "commit"


@pytest.mark.parametrize(
    ("status", "body"), [(400, b'{"error":"file_path is odd"}'), (404, b"<html>"), (404, b"[]")]
)
def test_an_absent_file_in_gitlabs_other_words(installed, emulator, status, body):
    fault = Fault(kind="status", status=status, body=body, content_type="application/json")
    emulator.faults.add(fault)
    with pytest.raises(NotFound) as caught:
        installed.get_file(SHOP, path="src/cart.py", sha="a" * 40, max_bytes=10)
    assert caught.value.resource == "file"


def test_a_size_that_is_not_told_is_asked_for(installed, emulator, shop):
    raw = Fault(
        kind="status", status=200, body=b"0123456789", content_type="text/plain", match="/raw"
    )
    emulator.faults.add(raw)
    whole = installed.get_file(SHOP, path="a.txt", sha=shop.sha("HEAD"), max_bytes=100)
    assert (whole.content, whole.size) == (b"0123456789", 10)
    assert len(emulator.requests) == 1
    cut = installed.get_file(SHOP, path="big.txt", sha=shop.sha("HEAD"), max_bytes=4)
    assert (cut.content, cut.size) == (b"0123", (shop.path / "big.txt").stat().st_size)
    assert [request.method for request in emulator.requests] == ["GET", "GET", "HEAD"]


@pytest.mark.parametrize("path", STRAY)
def test_a_path_that_leads_elsewhere_asks_nothing(installed, emulator, path):
    with pytest.raises(InvalidArgument):
        installed.get_file(SHOP, path=path, sha="a" * 40, max_bytes=10)
    with pytest.raises(InvalidArgument):
        list(installed.get_file_blame(SHOP, path=path, sha="a" * 40))
    assert emulator.requests == []


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_path_stays_a_path(installed, emulator, path):
    with pytest.raises(NotFound):
        installed.get_file(SHOP, path=path, sha="main", max_bytes=10)
    (request,) = emulator.requests
    assert request.encoded_path.startswith("/api/v4/projects/acme%2Ftools%2Fshop/repository/files/")
    assert request.encoded_path.endswith("/raw")
    assert request.encoded_path.count("/") == 8
    assert request.query == "ref=main"


# --- trees ---------------------------------------------------------------------------------------


def tree_by_git(git, path: str = "") -> list[tuple[str, str, EntryKind]]:
    kinds = {"120000": EntryKind.SYMLINK, "160000": EntryKind.SUBMODULE}
    rows = git("ls-tree", "-r", "-z", "HEAD", *([f"{path}/"] if path else [])).split("\0")[:-1]
    found = []
    for row in rows:
        facts, name = row.split("\t", 1)
        mode, _, oid = facts.split(" ")
        found.append((name, oid, kinds.get(mode, EntryKind.FILE)))
    return found


@pytest.mark.parametrize("path", ["", "src", "a", "a/b/c", "döc"])
def test_a_tree_is_gits(installed, shop, path):
    found = installed.get_tree(SHOP, sha=shop.sha("HEAD"), path=path, max_entries=1000)
    listed = [(each.path, each.object_id, each.kind) for each in found.entries]
    assert listed == tree_by_git(shop, path)
    assert not found.truncated


def test_a_tree_comes_page_after_page_and_no_further_than_wanted(shop):
    hosted = [HostedRepository(full_name=NAME, path=str(shop.path))]
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot",)}, page_size_cap=4) as running:
        installed = integration(running.url, token=TOKEN)
        head = shop.sha("HEAD")
        whole = installed.get_tree(SHOP, sha=head, path="", max_entries=1000)
        assert [each.path for each in whole.entries] == [name for name, *_ in tree_by_git(shop)]
        asked = len(running.requests)
        assert asked > 4
        cut = installed.get_tree(SHOP, sha=head, path="", max_entries=2)
        assert len(cut.entries) == 2
        assert cut.truncated
        assert len(running.requests) < 2 * asked


@pytest.mark.parametrize("path", ["no/such", "a.txt"])
def test_what_is_no_folder(installed, shop, path):
    with pytest.raises(NotFound) as caught:
        installed.get_tree(SHOP, sha=shop.sha("HEAD"), path=path, max_entries=9)
    assert caught.value.resource == "folder"
    with pytest.raises(NotFound):
        installed.get_tree(SHOP, sha="f" * 40, path="", max_entries=9)


def test_an_empty_list_is_no_folder(installed, emulator, shop):
    emulator.faults.add(
        Fault(kind="status", status=200, body=b"[]", content_type="application/json")
    )
    with pytest.raises(NotFound):
        installed.get_tree(SHOP, sha=shop.sha("HEAD"), path="x", max_entries=9)
    assert installed.get_tree(SHOP, sha=shop.sha("HEAD"), path="", max_entries=9).entries == ()


# --- blame ---------------------------------------------------------------------------------------


def line(ref: str, path: str, lineno: int, repo: RepositoryRef = SHOP) -> SourceLineInfo:
    return SourceLineInfo(lineno=lineno, path=path, ref=ref, repo=repo)


@pytest.mark.parametrize("path", ["src/cart.py", "crlf.txt", "döc/a b#?%2e.txt", "src/till.py"])
def test_every_fact_of_a_line_is_gits_own(installed, emulator, shop, path):
    head = shop.sha("HEAD")
    expected = shop.blame(path)
    lines = [line(head, path, number) for number in range(1, len(expected) + 1)]
    results = installed.get_blame_for_files(lines)
    assert len(results) == len(expected) > 0
    for asked, result, (sha, text) in zip(lines, results, expected, strict=True):
        assert isinstance(result, FileBlameInfo)
        assert (result.line, result.commit.sha, result.code) == (asked, sha, text)
        facts = shop("show", "-s", "--format=%an%x00%ae%x00%ct%x00%B", sha).split("\0")
        assert (result.commit.author.name, result.commit.author.email) == tuple(facts[:2])
        assert result.commit.committed_at.timestamp() == int(facts[2])
        assert result.commit.message == facts[3].rstrip("\n")
        assert result.commit.web_url == f"{emulator.url}/{NAME}/-/commit/{sha}"
    assert len(emulator.requests) == 1


@pytest.mark.parametrize("path", ["src/cart.py", "big.txt", "crlf.txt", "empty"])
def test_a_whole_file_is_blamed_as_git_does(installed, emulator, shop, path):
    ranges = list(installed.get_file_blame(SHOP, path=path, sha=shop.sha("HEAD")))
    found = [(item.commit.sha, text) for item in ranges for text in item.lines]
    assert found == shop.blame(path)
    ends = [0, *(item.end for item in ranges)]
    assert [item.start for item in ranges] == [end + 1 for end in ends[:-1]]
    (request,) = emulator.requests
    assert "range" not in request.query


def test_one_request_asks_for_the_smallest_range_of_a_file(installed, emulator, shop):
    head = shop.sha("HEAD")
    first = shop.shas("--max-parents=0", "main")[0]
    asked = [
        line(head, "src/cart.py", 2),
        line(head, "no/such.py", 1),
        line("f" * 40, "src/cart.py", 1),
        line(head, "src", 1),
        line(head, "src/cart.py", 99),
        line(head, "empty", 1),
        line(head, "../cart.py", 1),
        line(head, "src/cart.py", 5),
        line(first, "src/cart.py", 1),
        line("main:src", "cart.py", 1),
        line(head, "crlf.txt", 50),
    ]
    results = installed.get_blame_for_files(asked)
    kinds = [getattr(item, "resource", type(item).__name__) for item in results]
    assert kinds == [
        "FileBlameInfo",
        "file",
        "commit",
        "file",
        "line",
        "line",
        "InvalidArgument",
        "FileBlameInfo",
        "FileBlameInfo",
        "commit",
        "line",
    ]
    assert results[0].code == "    return sum(items)"
    assert results[7].code == "TAX = 0.2"
    assert results[8].code == "def total():"
    assert results[8].commit.sha == first
    queries = [request.query for request in emulator.requests]
    assert len(queries) == 7
    assert queries[0] == f"ref={head}&range%5Bstart%5D=2&range%5Bend%5D=99"


def test_projects_are_asked_apart_and_one_that_is_missing_fails_alone(installed, shop):
    head = shop.sha("HEAD")
    results = installed.get_blame_for_files(
        [
            line(head, "crlf.txt", 1, RepositoryRef(identifier="acme/gone")),
            line(head, "crlf.txt", 1, RepositoryRef(identifier="../x")),
            line(head, "crlf.txt", 1),
        ]
    )
    assert [getattr(item, "resource", type(item).__name__) for item in results] == [
        "repository",
        "InvalidArgument",
        "FileBlameInfo",
    ]


def test_nothing_to_blame_asks_nothing(installed, emulator):
    assert installed.get_blame_for_files([]) == []
    assert emulator.requests == []


@pytest.mark.parametrize(
    ("status", "kind"), [(500, HostUnavailable), (401, IntegrationBroken), (403, HostForbidden)]
)
def test_a_host_that_fails_altogether_is_an_error_of_the_call(
    installed, emulator, shop, status, kind
):
    head = shop.sha("HEAD")
    emulator.faults.add(Fault(kind="status", status=status, match="/blame"))
    with pytest.raises(kind):
        installed.get_blame_for_files([line(head, "crlf.txt", 1), line(head, "src/cart.py", 1)])


def test_a_file_that_fails_leaves_the_others(installed, emulator, shop):
    head = shop.sha("HEAD")
    emulator.faults.add(Fault(kind="status", status=500, match="/crlf.txt"))
    bad, good = installed.get_blame_for_files(
        [line(head, "crlf.txt", 1), line(head, "src/cart.py", 1)]
    )
    assert isinstance(bad, HostUnavailable)
    assert isinstance(good, FileBlameInfo)


# --- code search ---------------------------------------------------------------------------------


def test_code_is_found_with_its_lines(installed, emulator):
    (match,), more = installed.search_code(SHOP, query="SUM(items)", page=1, per_page=20)
    assert (match.path, match.ref, more) == ("src/cart.py", "main", False)
    assert [(each.number, each.text) for each in match.lines] == [(2, "    return sum(items)")]
    assert match.web_url == f"{emulator.url}/{NAME}/-/blob/main/src/cart.py"
    assert installed.search_code(SHOP, query="nowhere at all", page=1, per_page=9) == ([], False)


def test_code_search_has_pages(installed):
    first, more = installed.search_code(SHOP, query="def", page=1, per_page=1)
    second, end = installed.search_code(SHOP, query="def", page=2, per_page=1)
    assert sorted(match.path for match in (*first, *second)) == ["src/cart.py", "src/till.py"]
    assert (more, end) == (True, False)


def test_code_search_where_there_is_no_commit(emulator, shop, tmp_path):
    shop("init", "-q", "--bare", "-b", "main", str(tmp_path / "empty.git"))
    shop("clone", "-q", "--bare", ".", str(tmp_path / "unborn.git"))
    shop("--git-dir", str(tmp_path / "unborn.git"), "symbolic-ref", "HEAD", "refs/heads/absent")
    hosted = [
        HostedRepository(full_name=f"acme/{name}", path=str(tmp_path / f"{name}.git"))
        for name in ("empty", "unborn")
    ]
    with Emulator("gitlab", hosted, tokens={TOKEN: ("robot",)}) as running:
        searched = integration(running.url, token=TOKEN)
        for each in hosted:
            repo = RepositoryRef(identifier=each.full_name)
            assert searched.search_code(repo, query="x", page=1, per_page=9) == ([], False)
        with pytest.raises(NotFound, match="repository"):
            searched.search_code(
                RepositoryRef(identifier="acme/absent"), query="x", page=1, per_page=9
            )


def test_what_the_search_takes_for_a_filter_is_a_word(installed, emulator):
    installed.search_code(SHOP, query="path:src total", page=1, per_page=9)
    (request,) = emulator.requests
    assert "search=%22path%3Asrc%22%20total" in request.query


def test_places_of_one_file_are_one_match(installed, emulator):
    (match,), _ = installed.search_code(SHOP, query="01234567890", page=1, per_page=100)
    assert match.path == "big.txt"
    assert [each.number for each in match.lines] == list(range(1, 1101))
