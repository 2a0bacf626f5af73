"""Files, trees and hostile paths through the whole provider, compared with git."""

import pytest

from forge_emulator import Fault
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound

from .conftest import ODD, SHOP


@pytest.mark.parametrize(
    "path", ["src/basket.py", "crlf.txt", ODD, "empty.txt", "logo.png", "long.txt"]
)
def test_a_files_bytes_are_gits(installed, shop, emulator, path):
    whole = (shop.path / path).read_bytes()
    found = installed.get_file(SHOP, path=path, sha=shop.id("main"), max_bytes=10_000_000)
    assert (found.content, found.size, found.truncated) == (whole, len(whole), False)
    assert (found.path, found.commit_sha) == (path, shop.id("main"))
    assert len(emulator.requests) == 1
    short = installed.get_file(SHOP, path=path, sha=shop.id("main"), max_bytes=5)
    assert (short.content, short.size) == (whole[:5], len(whole))
    assert short.truncated == (len(whole) > 5)


def test_a_file_as_of_an_older_commit_and_a_link(installed, shop):
    first = shop("rev-list", "--max-parents=0", "main").strip()
    found = installed.get_file(SHOP, path="src/cart.py", sha=first, max_bytes=1000)
    assert found.content == b"def total():\n    return 0\n"
    link = installed.get_file(SHOP, path="link", sha=shop.id("main"), max_bytes=1000)
    assert link.content == b"src/basket.py"


def test_the_size_is_asked_for_where_no_header_tells_it(installed, emulator, shop):
    emulator.faults.add(
        Fault(kind="latency", seconds=0, headers={"Content-Encoding": "identity"}, match="/raw/")
    )
    found = installed.get_file(SHOP, path="long.txt", sha=shop.id("main"), max_bytes=5)
    assert found.size == (shop.path / "long.txt").stat().st_size
    assert emulator.requests[-1].query.endswith("size=true")


@pytest.mark.parametrize("path", ["src", "no/such", "src/basket.py/x"])
def test_a_folder_and_what_is_not_there_are_no_files(installed, shop, path):
    with pytest.raises(NotFound) as caught:
        installed.get_file(SHOP, path=path, sha=shop.id("main"), max_bytes=10)
    assert caught.value.resource == "file"


def test_a_400_is_no_file_either(installed, emulator):
    emulator.faults.add(Fault(kind="status", status=400))
    with pytest.raises(NotFound):
        installed.get_file(SHOP, path="src", sha="a" * 40, max_bytes=10)


# --- trees -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "src", "döc"])
def test_a_tree_is_gits(installed, shop, path):
    told = shop("ls-tree", "-r", "-z", "--name-only", "main", "--", f"{path}/" if path else ".")
    expected = told.strip("\0").split("\0")
    sha = shop.id("main")
    found = installed.get_tree(SHOP, sha=sha, path=path, max_entries=100)
    assert [entry.path for entry in found.entries] == expected
    assert not found.truncated
    exact = installed.get_tree(SHOP, sha=sha, path=path, max_entries=len(expected))
    assert exact == found
    if len(expected) > 1:
        cut = installed.get_tree(SHOP, sha=sha, path=path, max_entries=1)
        assert ([entry.path for entry in cut.entries], cut.truncated) == (expected[:1], True)


@pytest.mark.parametrize("path", ["none", "src/none", "src/basket.py"])
def test_no_folder(installed, shop, path):
    with pytest.raises(NotFound) as caught:
        installed.get_tree(SHOP, sha=shop.id("main"), path=path, max_entries=9)
    assert caught.value.resource == "folder"


# --- hostile paths ---------------------------------------------------------------------------


def reads(installed):
    """Every call that takes a path into the URL."""
    return [
        lambda path: installed.get_file(SHOP, path=path, sha="main", max_bytes=10),
        lambda path: installed.get_tree(SHOP, sha="main", path=path, max_entries=10),
        lambda path: list(installed.get_file_blame(SHOP, path=path, sha="main")),
    ]


@pytest.mark.parametrize(
    "path",
    ["../x", "a/./b", "/etc/passwd", "a\0b", "a//b", "x" * 100_000, "a\\b", "..\\x", "a/\ud800"],
)
def test_a_path_that_leads_elsewhere_asks_nothing(installed, emulator, path):
    for read in reads(installed):
        with pytest.raises(InvalidArgument):
            read(path)
    assert emulator.requests == []


@pytest.mark.parametrize(
    "path",
    ["%2e%2e/x", "a?at=b", "a#b", "a\nb", "..%2f", "a\r\nX: y", "a;b", "😀", "%5c", "a&at=c"],
)
def test_a_hostile_path_stays_a_path(installed, emulator, path):
    for read in reads(installed):
        with pytest.raises(NotFound):
            read(path)
    assert len(emulator.requests) == 3
    for request, part in zip(emulator.requests, ("raw", "files", "browse"), strict=True):
        base = "/rest/api/latest/projects/ACME/repos/shop"
        assert request.path == f"{base}/{part}/{path}"
        assert "at=main" in request.query.split("&")
