"""Files, lines and blame, as git tells them."""

from urllib.parse import quote

import pytest

API = "/rest/api/latest"
REPO = f"{API}/projects/ACME/repos/shop"


def blamed(shop, path, revision="main"):
    """(commit, text) of each line, from git."""
    rows = shop.git("blame", "--line-porcelain", revision, "--", path).split("\n")
    found, oid, header = [], "", True
    for row in rows:
        if header:
            oid, header = row.split(" ")[0], False
        elif row.startswith("\t"):
            found.append((oid, row[1:].removesuffix("\r")))
            header = True
    return found


def lines_of(page):
    """(commit, text) of each line of a page."""
    owner = {}
    for span in page["blame"]:
        for number in range(span["lineNumber"], span["lineNumber"] + span["spannedLines"]):
            assert number not in owner
            owner[number] = span["commitHash"]
    texts = [line["text"] for line in page["lines"]]
    assert sorted(owner) == [page["start"] + 1 + index for index in range(len(texts))]
    return [(owner[page["start"] + 1 + index], text) for index, text in enumerate(texts)]


@pytest.mark.parametrize("path", ["src/app.py", "crlf.txt", "docs/grüße ☃.md", "docs/README.md"])
@pytest.mark.parametrize("limit", [1, 2, 500])
def test_blame_page_by_page(client, shop, path, limit):
    found: list[object] = []
    start: int | None = 0
    while start is not None:
        query = {"blame": "true", "at": "main", "start": start, "limit": limit}
        page = client.get(f"{REPO}/browse/{quote(path)}", params=query).json()
        assert page["size"] <= limit
        found += lines_of(page)
        start = page["nextPageStart"]
    assert found == blamed(shop, path)


def test_a_span_has_the_author_alone(client, shop):
    page = client.get(f"{REPO}/browse/src/app.py?blame&at=main").json()
    span = page["blame"][0]
    told = shop.git("log", "-1", "--format=%ae %at", span["commitHash"]).split()
    assert [span["author"]["emailAddress"], str(span["authorTimestamp"] // 1000)] == told
    assert not {"message", "committer", "committerTimestamp"} & span.keys()


def test_blame_without_content(client):
    whole = client.get(f"{REPO}/browse/src/app.py?blame=true&at=main").json()
    alone = client.get(f"{REPO}/browse/src/app.py?blame=true&noContent=true&at=main").json()
    assert alone["values"] == whole["blame"]
    assert "lines" not in alone


def test_beyond_the_end_there_is_nothing(client):
    page = client.get(f"{REPO}/browse/src/app.py?blame=true&start=99").json()
    assert (page["lines"], page["blame"], page["isLastPage"]) == ([], [], True)


def test_size_and_type(client, shop):
    at = shop.commits[3]
    assert client.get(f"{REPO}/browse/bin.dat?size=true&at={at}").json() == {"size": 27}
    assert client.get(f"{REPO}/browse/docs?type=true").json() == {"type": "DIRECTORY"}
    binary = client.get(f"{REPO}/browse/bin.dat?at={at}").json()
    assert binary["binary"] is True
    children = client.get(f"{REPO}/browse/docs").json()["children"]["values"]
    assert [child["path"]["toString"] for child in children] == ["README.md", "grüße ☃.md"]


@pytest.mark.parametrize("path", ["a b.txt", "docs/grüße ☃.md", "crlf.txt", "link", "large.txt"])
def test_raw(client, shop, path):
    answer = client.get(f"{REPO}/raw/{quote(path)}?at=main")
    assert answer.status_code == 200
    assert answer.content.decode() == shop.git("cat-file", "blob", f"main:{path}") + (
        "" if path in {"link", "large.txt"} else "\n"
    )
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize("path", ["none", "docs", "docs/README.md/x", ".", "a%20b.txt/"])
def test_no_file(client, path):
    assert client.get(f"{REPO}/raw/{path}?at=main").status_code == 404


def test_files_are_named_from_the_folder_that_was_asked_for(client, shop):
    every = client.get(f"{REPO}/files?limit=1000").json()["values"]
    assert every == shop.git("ls-tree", "-r", "--name-only", "-z", "main").strip("\0").split("\0")
    below = client.get(f"{REPO}/files/docs?at=main").json()["values"]
    assert below == ["README.md", "grüße ☃.md"]
    assert client.get(f"{REPO}/files/none").status_code == 404
    assert client.get(f"{REPO}/files/src/app.py").status_code == 400
    assert client.get(f"{API}/projects/ACME/repos/empty/files").status_code == 404
