"""Links to pages, both ways."""

import pytest

from sentry.integrations.bitbucket.source_urls import SourceUrls
from sentry.integrations.source_code_management.types import RepositoryRef

URLS = SourceUrls("https://bitbucket.org/")
SHOP = RepositoryRef(identifier="acme/shop", config={"default_branch": "release/main"})
BASE = "https://bitbucket.org/acme/shop"


@pytest.mark.parametrize(
    ("path", "ref", "url"),
    [
        ("src/cart.py", "main", f"{BASE}/src/main/src/cart.py"),
        ("/src/cart.py", "main", f"{BASE}/src/main/src/cart.py"),
        ("a b#?%2e.txt", "main", f"{BASE}/src/main/a%20b%23%3F%252e.txt"),
        ("x", "feature/y", f"{BASE}/src/feature%2Fy/x"),
        ("dö/𝄞\n", "v1", f"{BASE}/src/v1/d%C3%B6/%F0%9D%84%9E%0A"),
    ],
)
def test_a_files_page_and_back(path, ref, url):
    assert URLS.of_file(SHOP, path=path, ref=ref) == url
    assert URLS.parts(SHOP, url) == (ref, path.lstrip("/"))
    assert URLS.matches(url)


def test_a_lone_surrogate_makes_no_error():
    assert "%3F" in URLS.of_file(SHOP, path="a\udc80", ref="main")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        (f"{BASE}/src/main/src/cart.py#lines-10:20", ("main", "src/cart.py")),
        (f"{BASE}/src/0123abc/src/cart.py?at=feature%2Fy", ("feature/y", "src/cart.py")),
        (f"{BASE}/src/0123abc/a?at=refs%2Fheads%2Fmain", ("main", "a")),
        (f"{BASE}/src/release/main/src/cart.py", ("release/main", "src/cart.py")),
        (f"{BASE}/src/other/main/src/cart.py", ("other", "main/src/cart.py")),
        (f"{BASE}/annotate/main/a.py", ("main", "a.py")),
        (f"{BASE}/raw/main/a.py", ("main", "a.py")),
        ("https://BITBUCKET.org/Acme/Shop/src/main/a.py", ("main", "a.py")),
        (f"{BASE}/src/main", ("main", "")),
        (f"{BASE}/src/release/main", ("release/main", "")),
        (f"{BASE}/commits/main", ("", "")),
        (f"{BASE}/src/", ("", "")),
        ("https://bitbucket.org/acme/shopping/src/main/a.py", ("", "")),
        ("https://bitbucket.example/acme/shop/src/main/a.py", ("", "")),
        ("http://bitbucket.org/acme/shop/src/main/a.py", ("", "")),
        ("https://[bad/acme/shop/src/main/a", ("", "")),
        ("", ("", "")),
    ],
)
def test_what_people_paste(url, parts):
    assert URLS.parts(SHOP, url) == parts


def test_commits():
    assert URLS.of_commit(SHOP, sha="abc") == f"{BASE}/commits/abc"
