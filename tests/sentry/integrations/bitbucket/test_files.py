"""Files, trees and searches through the whole provider, compared with git."""

import pytest

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.source_code_management.errors import (
    HostUnavailable,
    InvalidArgument,
    NotFound,
    Unsupported,
)
from sentry.integrations.source_code_management.types import EntryKind, RepositoryRef

from .conftest import API_TOKEN, EMAIL, SHOP, integration

JSON = "application/json"


def answer(body: bytes, status: int = 200, **more: object) -> Fault:
    return Fault(kind="status", status=status, body=body, content_type=JSON, **more)  # type: ignore[arg-type]


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["src/basket.py", "döc/a b#?%2e.txt", "döc/𝄞\\x\n.txt", "empty", "logo.png", "big.txt"],
)
def test_a_files_bytes_are_gits(installed, shop, path):
    head = shop.sha("HEAD")
    whole = (shop.path / path).read_bytes()
    found = installed.get_file(SHOP, path=path, sha=head, max_bytes=10_000_000)
    assert (found.content, found.size, found.truncated) == (whole, len(whole), False)
    assert (found.path, found.commit_sha) == (path, head)
    short = installed.get_file(SHOP, path=path, sha=head, max_bytes=5)
    assert (short.content, short.size) == (whole[:5], len(whole))
    assert short.truncated == (len(whole) > 5)
    none = installed.get_file(SHOP, path=path, sha=head, max_bytes=0)
    assert (none.content, none.size) == (b"", len(whole))


def test_line_ends_stay_as_they_are(installed, shop):
    first = shop.shas("--max-parents=0", "HEAD")[0]
    found = installed.get_file(SHOP, path="crlf.txt", sha=first, max_bytes=1000)
    assert found.content == b"a\r\nb\r\n"


def test_a_link_is_the_text_that_git_keeps(installed, shop):
    found = installed.get_file(SHOP, path="link", sha=shop.sha("HEAD"), max_bytes=99)
    assert found.content == b"src/basket.py"


@pytest.mark.parametrize("path", ["src", "no/such", "src/basket.py/x", "vendor/lib", "crlf.txt"])
def test_a_folder_and_what_is_not_there_are_no_files(installed, shop, path):
    with pytest.raises(NotFound) as caught:
        installed.get_file(SHOP, path=path, sha=shop.sha("HEAD"), max_bytes=10)
    assert caught.value.resource == "file"


@pytest.mark.parametrize("path", ["../x", "a/./b", "/etc/passwd", "a\0b", "", "src/", "x" * 9000])
def test_a_path_that_can_be_none_asks_nothing(installed, emulator, path):
    with pytest.raises(InvalidArgument):
        installed.get_file(SHOP, path=path, sha="a" * 40, max_bytes=10)
    if path:
        with pytest.raises(InvalidArgument):
            installed.get_tree(SHOP, sha="a" * 40, path=path, max_entries=10)
    assert emulator.requests == []


@pytest.mark.parametrize(
    "path",
    ["%2e%2e/x", "a?ref=b", "a#b", "a\nb", "..%2f", "a\r\nX: y", "a\\..\\b", "𝄞", "a;b", "..."],
)
def test_a_hostile_path_stays_a_path(installed, emulator, shop, path):
    head = shop.sha("HEAD")
    with pytest.raises(NotFound):
        installed.get_file(SHOP, path=path, sha=head, max_bytes=10)
    with pytest.raises(NotFound):
        installed.get_tree(SHOP, sha=head, path=path, max_entries=10)
    first, second = emulator.requests
    assert first.path == f"/2.0/repositories/acme/shop/src/{head}/{path}"
    assert second.path == f"/2.0/repositories/acme/shop/src/{head}/{path}/"
    assert (first.query, second.query) == ("format=meta", "max_depth=32&pagelen=100")


def test_a_file_that_lies_in_lfs(installed, emulator):
    emulator.faults.add(
        answer(b'{"type": "commit_file", "path": "a", "size": 9, "attributes": ["lfs"]}')
    )
    with pytest.raises(Unsupported, match="LFS"):
        installed.get_file(SHOP, path="a", sha="a" * 40, max_bytes=10)
    assert len(emulator.requests) == 1


def test_a_redirect_of_the_content_to_another_host(installed, emulator, shop):
    emulator.faults.add(
        answer(b'{"type": "commit_file", "path": "a", "size": 9, "attributes": []}', times=1)
    )
    emulator.faults.add(Fault(kind="redirect", status=301, location="https://media.example/x"))
    with pytest.raises(HostUnavailable, match="another host"):
        installed.get_file(SHOP, path="a", sha="a" * 40, max_bytes=10)


# --- trees -----------------------------------------------------------------------------------


def gits_tree(shop, *arguments):
    fields = shop("ls-tree", "-r", "-l", "-z", *arguments).split("\0")[:-1]
    kinds = {"120000": EntryKind.SYMLINK, "160000": EntryKind.SUBMODULE}
    rows = [(line.split("\t", 1)[0].split(), line.split("\t", 1)[1]) for line in fields]
    return [
        (path, kinds.get(meta[0], EntryKind.FILE), 0 if meta[3] == "-" else int(meta[3]))
        for meta, path in rows
    ]


def test_a_tree_is_gits_in_gits_order(installed, shop, emulator):
    head = shop.sha("HEAD")
    found = installed.get_tree(SHOP, sha=head, path="", max_entries=1000)
    assert [(e.path, e.kind, e.size) for e in found.entries] == gits_tree(shop, head)
    assert not found.truncated
    assert len(emulator.requests) == 1
    below = installed.get_tree(SHOP, sha=head, path="a/b", max_entries=1000)
    assert [e.path for e in below.entries] == ["a/b/c/d/e/f.txt"]
    odd = installed.get_tree(SHOP, sha=head, path="döc", max_entries=1000)
    assert [(e.path, e.kind, e.size) for e in odd.entries] == gits_tree(shop, head, "döc/")


@pytest.mark.parametrize("most", [1, 5, 12, 13, 14])
def test_a_tree_is_cut_off(installed, shop, most):
    head = shop.sha("HEAD")
    every = gits_tree(shop, head)
    found = installed.get_tree(SHOP, sha=head, path="", max_entries=most)
    assert len(found.entries) == min(most, len(every))
    assert found.truncated is (len(every) > most)


@pytest.mark.parametrize("path", ["no/such", "src/basket.py", "a.txt", "vendor/lib"])
def test_what_is_no_folder(installed, shop, path):
    with pytest.raises(NotFound):
        installed.get_tree(SHOP, sha=shop.sha("HEAD"), path=path, max_entries=9)


def test_a_tree_of_many_pages(shop):
    hosted = [HostedRepository(full_name="acme/shop", path=str(shop.path))]
    tokens = {API_TOKEN: ("robot",)}
    with Emulator("bitbucket", hosted, tokens=tokens, page_size_cap=3) as running:
        installed = integration(running.url, email=EMAIL, api_token=API_TOKEN)
        head = shop.sha("HEAD")
        found = installed.get_tree(SHOP, sha=head, path="", max_entries=1000)
        assert [(e.path, e.kind, e.size) for e in found.entries] == gits_tree(shop, head)
        assert len(running.requests) > 4


def test_a_tree_that_takes_the_host_too_long_is_asked_for_in_parts(shop):
    hosted = [HostedRepository(full_name="acme/shop", path=str(shop.path))]
    tokens = {API_TOKEN: ("robot",)}
    with Emulator("bitbucket", hosted, tokens=tokens, tree_limit=11) as running:
        installed = integration(running.url, email=EMAIL, api_token=API_TOKEN)
        head = shop.sha("HEAD")
        found = installed.get_tree(SHOP, sha=head, path="", max_entries=1000)
        assert [(e.path, e.kind, e.size) for e in found.entries] == gits_tree(shop, head)
        depths = [request.query.partition("&")[0] for request in running.requests]
        assert depths[:6] == [f"max_depth={depth}" for depth in (32, 16, 8, 4, 2, 1)]


def test_a_single_level_that_takes_too_long(shop):
    hosted = [HostedRepository(full_name="acme/shop", path=str(shop.path))]
    tokens = {API_TOKEN: ("robot",)}
    with Emulator("bitbucket", hosted, tokens=tokens, tree_limit=1) as running:
        installed = integration(running.url, email=EMAIL, api_token=API_TOKEN)
        with pytest.raises(HostUnavailable) as caught:
            installed.get_tree(SHOP, sha=shop.sha("HEAD"), path="", max_entries=1000)
        assert caught.value.status == 555


def test_a_listing_of_another_folder_is_refused(installed, emulator):
    """As where a file holds what looks like a listing."""
    emulator.faults.add(answer(b'{"values": [{"type": "commit_file", "path": "etc/passwd"}]}'))
    with pytest.raises(HostUnavailable):
        installed.get_tree(SHOP, sha="a" * 40, path="src", max_entries=9)


def test_pages_without_end_are_left(installed, emulator):
    link = f"{emulator.url}/2.0/repositories/acme?page=9".encode()
    emulator.faults.add(answer(b'{"values": [], "next": "%s"}' % link))
    with pytest.raises(HostUnavailable, match="does not end"):
        installed.get_tree(SHOP, sha="a" * 40, path="", max_entries=9)
    with pytest.raises(HostUnavailable, match="does not end"):
        list(installed.get_branches(SHOP))
    assert len(emulator.requests) < 8


# --- search ----------------------------------------------------------------------------------


def search(installed, query, page=1, per_page=10):
    return installed.search_code(SHOP, query=query, page=page, per_page=per_page)


def test_code_is_found_with_its_lines(installed, shop, emulator):
    (match,), more = search(installed, "TAX")
    assert (match.path, match.ref, more) == ("src/basket.py", shop.sha("HEAD"), False)
    assert [(line.number, line.text) for line in match.lines] == [(5, "TAX = 0.2")]
    assert match.web_url == f"{emulator.url}/acme/shop/src/{match.ref}/src/basket.py"
    both, _ = search(installed, "def return")
    assert [each.path for each in both] == ["src/basket.py", "src/checkout.py"]


def test_searches_have_pages(installed):
    first, more = search(installed, "def", page=1, per_page=1)
    second, end = search(installed, "def", page=2, per_page=1)
    assert [m.path for m in first + second] == ["src/basket.py", "src/checkout.py"]
    assert (more, end) == (True, False)
    assert search(installed, "def", page=3, per_page=1) == ([], False)


@pytest.mark.parametrize(
    "query", ["OR", "NOT def", "repo:other", "-def", "ext:py", '"def', "path:src AND def"]
)
def test_what_the_host_takes_for_an_operator_is_a_word(installed, emulator, query):
    search(installed, query)
    request = emulator.requests[-1]
    words = "%20".join(f"%22{word}%22" for word in query.replace('"', "").split())
    assert request.query == (
        f"search_query={words.replace(':', '%3A')}%20repo%3Ashop"
        "&fields=%2Bvalues.file.commit.repository&page=1&pagelen=10"
    )


@pytest.mark.parametrize("query", ["", " ", '""', "x" * 300])
def test_a_search_that_can_be_none_asks_nothing(installed, emulator, query):
    with pytest.raises(InvalidArgument):
        search(installed, query)
    assert emulator.requests == []


def test_a_workspace_without_search(installed, emulator):
    emulator.faults.add(Fault(kind="status", status=404, match="/search/"))
    with pytest.raises(Unsupported, match="switched the workspace's search on"):
        search(installed, "def")


def test_the_search_of_one_repository_is_no_others(installed):
    other = RepositoryRef(identifier="acme/other")
    assert installed.search_code(other, query="def", page=1, per_page=9) == ([], False)
