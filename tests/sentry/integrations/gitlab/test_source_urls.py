"""Links to source code on GitLab, both ways."""

import pytest

from sentry.integrations.gitlab.source_urls import SourceUrls
from sentry.integrations.source_code_management.types import RepositoryRef

URLS = SourceUrls("https://gitlab.com/")
REPO = RepositoryRef(identifier="acme/tools/shop")


@pytest.mark.parametrize("path", ["src/a.py", "/src/a.py", "döc/a b#?%2e.txt", "a@b", "𝄞\\x\n.txt"])
def test_a_url_leads_back_to_its_parts(path):
    url = URLS.of_file(REPO, path=path, ref="main")
    assert url.startswith("https://gitlab.com/acme/tools/shop/-/blob/main/")
    assert url.isascii()
    assert not set(url) & set(" #?\n")
    assert URLS.parts(REPO, url) == ("main", path.lstrip("/"))


def test_the_older_form_and_other_views_are_read():
    for view in ("blob", "-/blob", "-/blame", "-/raw", "tree", "-/tree"):
        url = f"https://gitlab.com/ACME/tools/shop/{view}/main/src/a.py?x=1#L7"
        assert URLS.parts(REPO, url) == ("main", "src/a.py")


def test_a_branch_with_slashes_is_known_from_the_repository():
    repo = RepositoryRef(identifier=REPO.identifier, config={"default_branch": "release/1.0"})
    url = URLS.of_file(repo, path="a/b.py", ref="release/1.0")
    assert URLS.parts(repo, url) == ("release/1.0", "a/b.py")
    assert URLS.parts(REPO, url) == ("release", "1.0/a/b.py")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://gitlab.com/acme/tools/shop",
        "https://gitlab.com/acme/tools/shop/-/issues/1",
        "https://gitlab.com/acme/tools/other/-/blob/main/a.py",
        "https://gitlab.com/acme/tools/-/blob/main/a.py",
        "https://example.com/acme/tools/shop/-/blob/main/a.py",
        "http://gitlab.com/acme/tools/shop/-/blob/main/a.py",
        "https://[/",
    ],
)
def test_a_url_of_something_else_has_no_parts(url):
    assert URLS.parts(REPO, url) == ("", "")


def test_an_instance_below_a_path():
    urls = SourceUrls("https://h.example/gitlab")
    url = urls.of_file(REPO, path="a.py", ref="main")
    assert url == "https://h.example/gitlab/acme/tools/shop/-/blob/main/a.py"
    assert urls.matches(url)
    assert not urls.matches("https://h.example/gitlabber/acme")
    assert urls.parts(REPO, url) == ("main", "a.py")


def test_pages_of_commits_and_issues():
    assert URLS.of_commit(REPO, sha="abc").endswith("/acme/tools/shop/-/commit/abc")
    assert URLS.of_issue("acme/shop", 7) == "https://gitlab.com/acme/shop/-/issues/7"
