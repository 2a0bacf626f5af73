"""Links to source code, both ways."""

import pytest

from sentry.integrations.source_code_management.types import RepositoryRef
from sentry.integrations.vsts.endpoints import vsts_endpoints
from sentry.integrations.vsts.source_urls import SourceUrls

SHOP = RepositoryRef(identifier="Online Shop/sköp app")
SAME = RepositoryRef(identifier="shop/shop")
PAGE = "https://dev.azure.com/acme/Online%20Shop/_git/sk%C3%B6p%20app"
SHA = "a" * 40
URLS = SourceUrls(
    vsts_endpoints(
        base_url="https://dev.azure.com/acme",
        web_url=None,
        search_url=None,
        login_url="https://login.example",
    )
)


@pytest.mark.parametrize("ref", ["main", "feature/a b", "ä&version=GBx", "50%", "a+b"])
@pytest.mark.parametrize("path", ["src/a.py", "/src/a.py", "döc/a b#?%2e.txt", "a&b=c", "a+b"])
def test_a_files_page_and_back(path, ref):
    url = URLS.of_file(SHOP, path=path, ref=ref)
    assert url.startswith(f"{PAGE}?path=/")
    assert URLS.matches(url)
    assert URLS.parts(SHOP, url) == (ref, path.lstrip("/"))
    assert URLS.parts(SAME, url) == ("", "")


def test_the_page_of_a_commit_and_of_a_file_there():
    assert URLS.of_commit(SHOP, sha=SHA) == f"{PAGE}/commit/{SHA}"
    url = URLS.of_file(SHOP, path="a", ref=SHA)
    assert url == f"{PAGE}?path=/a&version=GC{SHA}"
    assert URLS.parts(SHOP, url) == ("", "a")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        (f"{PAGE}?path=%2Fsrc%2Fa.py&version=GBmain&_a=contents", ("main", "src/a.py")),
        (f"{PAGE}?path=/a&version=GBa&version=GBb", ("", "a")),
        (f"{PAGE}?path=/a&version=GTv1", ("", "a")),
        (f"{PAGE}?version=GBmain", ("main", "")),
        (f"{PAGE}/?path=/a", ("", "a")),
        (PAGE, ("", "")),
        (f"{PAGE}/commit/{SHA}", ("", "")),
        (f"{PAGE.lower()}?path=/a", ("", "a")),
        ("https://dev.azure.com/other/Online%20Shop/_git/sk%C3%B6p%20app?path=/a", ("", "")),
        ("https://evil.example/acme/Online%20Shop/_git/sk%C3%B6p%20app?path=/a", ("", "")),
        ("https://[bad", ("", "")),
        ("", ("", "")),
    ],
)
def test_what_is_read_of_a_url(url, parts):
    assert URLS.parts(SHOP, url) == parts


def test_a_projects_own_repository_needs_no_project():
    assert URLS.parts(SAME, "https://dev.azure.com/acme/_git/shop?path=/a&version=GBm") == (
        "m", "a",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "matches"),
    [
        ("https://dev.azure.com/acme", True),
        ("https://DEV.azure.com/acme/x", True),
        ("https://dev.azure.com/acme2/x", False),
        ("http://dev.azure.com/acme/x", False),
        ("https://dev.azure.com:444/acme/x", False),
        ("https://[bad", False),
    ],
)
def test_whose_pages_they_are(url, matches):
    assert URLS.matches(url) is matches


def test_a_repository_of_another_form_keeps_its_own_page():
    odd = RepositoryRef(identifier="odd", url="https://dev.azure.com/acme/odd")
    assert URLS.of_commit(odd, sha=SHA) == f"https://dev.azure.com/acme/odd/commit/{SHA}"
