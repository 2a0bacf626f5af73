import pytest

from sentry.integrations.github.source_urls import SourceUrls
from sentry.integrations.source_code_management.types import RepositoryRef

URLS = SourceUrls("https://github.com/")
SHOP = RepositoryRef(identifier="acme/shop", config={"default_branch": "release/2"})
BASE = "https://github.com/acme/shop"


@pytest.mark.parametrize(
    ("path", "ref", "tail"),
    [
        ("src/cart.py", "main", "main/src/cart.py"),
        ("/src/cart.py", "release/2", "release/2/src/cart.py"),
        ("dö c/a#b?c%.py", "v1#2", "v1%232/d%C3%B6%20c/a%23b%3Fc%25.py"),
        ("@types/x", "a" * 40, "a" * 40 + "/@types/x"),
    ],
)
def test_a_files_page_is_written_and_read(path, ref, tail):
    url = URLS.of_file(SHOP, path=path, ref=ref)
    assert url == f"{BASE}/blob/{tail}"
    assert URLS.matches(url)
    assert URLS.parts(SHOP, url) == (ref, path.lstrip("/"))


@pytest.mark.parametrize("view", ["blob", "blame", "raw", "tree"])
def test_every_view_of_a_file_is_read(view):
    url = f"https://GitHub.com/Acme/Shop/{view}/main/src/a.py?plain=1#L7-L9"
    assert URLS.parts(SHOP, url) == ("main", "src/a.py")


@pytest.mark.parametrize(
    "url",
    [
        "",
        BASE,
        f"{BASE}/blob/",
        f"{BASE}/issues/1",
        f"{BASE}2/blob/main/a.py",
        "https://github.com/other/shop/blob/main/a.py",
        "http://github.com/acme/shop/blob/main/a.py",
        "https://github.com.evil.example/acme/shop/blob/main/a.py",
        "https://evil.example/acme/shop/blob/main/a.py",
        "https://[broken/acme/shop/blob/main/a.py",
    ],
)
def test_other_urls_have_no_branch_and_no_path(url):
    assert URLS.parts(SHOP, url) == ("", "")


@pytest.mark.parametrize("branch", ["main", "release/2", "release%2F2", "refs/heads/release/2"])
def test_a_branch_alone_has_no_path(branch):
    known = "main" if branch == "main" else "release/2"
    assert URLS.parts(SHOP, f"{BASE}/tree/{branch}") == (known, "")


@pytest.mark.parametrize(
    ("rest", "branch", "path"),
    [
        ("feature%2Fcart/src/a.py", "feature/cart", "src/a.py"),
        ("feature%2fcart/a%2Fb.py", "feature/cart", "a/b.py"),
        ("a%252Fb/src/a.py", "a%2Fb", "src/a.py"),
        ("refs/heads/main/src/a.py", "main", "src/a.py"),
        ("refs%2Fheads%2Fmain/src/a.py", "main", "src/a.py"),
        ("refs/heads/refs%2Ftags%2Fx/src/a.py", "refs/tags/x", "src/a.py"),
        ("refs/heads/release/2/src/a.py", "release/2", "src/a.py"),
        ("refs/tags/v1%231/src/a.py", "v1#1", "src/a.py"),
    ],
)
def test_a_branch_that_is_written_out_is_read(rest, branch, path):
    assert URLS.parts(SHOP, f"{BASE}/raw/{rest}") == (branch, path)


def test_only_pages_of_this_host_match():
    assert URLS.matches("https://github.com/other/thing")
    assert not URLS.matches("https://gitlab.com/acme/shop")
    beneath = SourceUrls("https://forge.example/git")
    assert beneath.matches("https://forge.example/git/acme/shop")
    assert not beneath.matches("https://forge.example/gitea/acme/shop")


def test_a_commit_has_a_page():
    assert URLS.of_commit(SHOP, sha="abc") == f"{BASE}/commit/abc"
