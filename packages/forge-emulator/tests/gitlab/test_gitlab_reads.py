"""What is read, compared with git."""

import base64
from datetime import datetime

import pytest

from .conftest import SHOP

REPOSITORY = f"{SHOP}/repository"


def test_a_project_in_a_subgroup(client, emulator):
    found = client.get(SHOP).json()
    assert found == client.get("/projects/1001").json()
    assert found["path_with_namespace"] == "acme/tools/shop"
    assert found["http_url_to_repo"] == f"{emulator.url}/acme/tools/shop.git"
    assert found["namespace"]["full_path"] == "acme/tools"
    assert found["default_branch"] == "main"
    assert client.get("/projects/1002").json()["default_branch"] is None


def test_projects_in_pages_and_by_keyset(client):
    first = client.get("/projects?per_page=3&order_by=id&sort=asc")
    assert [each["id"] for each in first.json()] == [1001, 1002, 1003]
    assert (first.headers["X-Total"], first.headers["X-Next-Page"]) == ("4", "2")
    assert client.get("/projects?search=SHOP&search_namespaces=true").json()[0]["id"] == 1001
    assert client.get("/projects?search=tools").json() == []
    page = client.get("/projects?order_by=id&sort=asc&pagination=keyset&per_page=3")
    assert "X-Total" not in page.headers
    assert "id_after=1003" in page.headers["Link"]
    rest = client.get(page.links["next"]["url"])
    assert [each["id"] for each in rest.json()] == [1004]
    assert "Link" not in rest.headers
    assert client.get("/projects?pagination=keyset&order_by=name").status_code == 405
    assert client.get("/projects?page=0").status_code == 400


def test_commits_are_gits(client, shop):
    listed = client.get(f"{REPOSITORY}/commits?per_page=100")
    shas = shop.git("rev-list", "main").split()
    assert [each["id"] for each in listed.json()] == shas
    assert "X-Total" not in listed.headers
    for each in listed.json():
        name, when, parents = shop.git("show", "-s", "--format=%an%x00%ct%x00%P", each["id"]).split(
            "\0"
        )
        assert each["author_name"] == name
        assert datetime.fromisoformat(each["committed_date"]).timestamp() == int(when)
        assert each["parent_ids"] == parents.split()
    page = client.get(f"{REPOSITORY}/commits?per_page=2")
    assert page.headers["X-Next-Page"] == "2"
    assert 'rel="last"' not in page.headers["Link"]


@pytest.mark.parametrize("name", ["main", "v1", "light", "feature%2Fx", "HEAD"])
def test_a_commit_by_any_name(client, shop, name):
    found = client.get(f"{REPOSITORY}/commits/{name}").json()
    assert found["id"] == shop.git("rev-parse", f"{name.replace('%2F', '/')}^{{commit}}")
    assert "stats" in found
    assert "stats" not in client.get(f"{REPOSITORY}/commits/{name}?stats=false").json()


def test_a_commit_that_is_not_there(client):
    for name in ("none", "0" * 40, "main..light", "-x"):
        answer = client.get(f"{REPOSITORY}/commits/{name}")
        assert (answer.status_code, answer.json()) == (404, {"message": "404 Commit Not Found"})


def test_changes_and_comparisons_are_gits(client, shop):
    for sha in shop.git("rev-list", "--no-merges", "main").split():
        listed = client.get(f"{REPOSITORY}/commits/{sha}/diff?per_page=100").json()
        paths = shop.git("show", "--format=", "--name-only", "-z", sha).split("\0")[:-1]
        assert [each["new_path"] for each in listed] == paths
    found = client.get(f"{REPOSITORY}/compare?from=old&to=main").json()
    expected = shop.git("rev-list", "--reverse", "old..main").split()
    assert [each["id"] for each in found["commits"]] == expected
    assert found["commit"]["id"] == expected[-1]
    assert client.get(f"{REPOSITORY}/compare?from=main&to=main").json()["compare_same_ref"]
    base = client.get(f"{REPOSITORY}/merge_base?refs=old,main").json()
    assert base["id"] == shop.git("merge-base", "old", "main")
    assert client.get(f"{REPOSITORY}/merge_base?refs=old").status_code == 400
    assert client.get(f"{REPOSITORY}/compare?from=none&to=main").status_code == 404
    assert client.get(f"{REPOSITORY}/compare?from=main").json() == {"error": "to is missing"}


def test_kinds_of_changes(client, shop):
    sha = shop.git("log", "-1", "--format=%H", "--grep=Move and link")
    changes = {
        each["new_path"]: each for each in client.get(f"{REPOSITORY}/commits/{sha}/diff").json()
    }
    moved, link = changes["docs/README.md"], changes["link"]
    assert (moved["renamed_file"], moved["old_path"]) == (True, "README.md")
    assert (link["new_file"], link["a_mode"], link["b_mode"]) == (True, "0", "120000")


def test_branches_are_gits(client, shop):
    names = shop.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    assert [each["name"] for each in client.get(f"{REPOSITORY}/branches").json()] == names
    for words, expected in (("EATURE", "feature/x"), ("^ma", "main"), ("ld$", "old")):
        listed = client.get(f"{REPOSITORY}/branches", params={"search": words}).json()
        assert [each["name"] for each in listed] == [expected]
    assert client.get(f"{REPOSITORY}/branches/feature%2Fx").json()["name"] == "feature/x"
    assert client.get(f"{REPOSITORY}/branches/none").status_code == 404


def test_a_tree_in_each_kind_of_pages(client, shop):
    expected = set(
        shop.git("-c", "core.quotePath=false", "ls-tree", "-r", "-t", "--name-only", "main").split(
            "\n"
        )
    )
    url = f"{REPOSITORY}/tree?ref=main&recursive=true"
    whole = client.get(f"{url}&pagination=none").json()
    assert {each["path"] for each in whole} == expected
    kinds = [each["type"] for each in whole]
    assert kinds == sorted(kinds, key=["tree", "blob", "commit"].index)
    found, link = [], f"{url}&pagination=keyset&per_page=4"
    while link:
        page = client.get(link)
        found += page.json()
        link = page.links.get("next", {}).get("url")
    assert found == whole
    assert len(client.get(f"{url}&per_page=4&page=2").json()) == 4
    assert client.get(f"{REPOSITORY}/tree?path=src&ref=main").json()[0]["path"] == "src/app.py"
    for wrong in ("path=none", "path=src/app.py", "ref=none"):
        assert client.get(f"{REPOSITORY}/tree?{wrong}").status_code == 404
    assert client.get(f"{REPOSITORY}/tree?pagination=none").status_code == 400


@pytest.mark.parametrize(
    "path", ["src/app.py", "a b.txt", "docs/grüße ☃.md", "large.txt", "crlf.txt"]
)
def test_a_file_is_gits(client, shop, path):
    whole = (shop.path / path).read_bytes()
    quoted = path.replace("/", "%2F").replace(" ", "%20")
    url = f"{REPOSITORY}/files/{quoted}"
    raw = client.get(f"{url}/raw?ref=main")
    assert raw.content == whole
    assert raw.headers["X-Gitlab-Size"] == str(len(whole))
    found = client.get(f"{url}?ref=main").json()
    assert base64.b64decode(found["content"]) == whole
    assert found["blob_id"] == shop.git("rev-parse", f"main:{path}")
    assert client.head(f"{url}?ref=main").headers["X-Gitlab-Blob-Id"] == found["blob_id"]


@pytest.mark.parametrize(
    ("path", "status"), [("src", 404), ("none", 404), ("..%2Fx", 400), ("a%2F%2Fb", 400)]
)
def test_what_is_no_file(client, path, status):
    for rest in ("", "/raw", "/blame"):
        assert client.get(f"{REPOSITORY}/files/{path}{rest}?ref=main").status_code == status
    assert client.get(f"{REPOSITORY}/files/src%2Fapp.py").json() == {"error": "ref is missing"}


def test_blame_is_gits(client, shop):
    rows, sha = [], ""
    for row in shop.git("blame", "--porcelain", "main", "--", "src/app.py").split("\n"):
        if row.startswith("\t"):
            rows.append((sha, row[1:]))
        elif len(row.split(" ")[0]) == 40:
            sha = row.split(" ")[0]
    url = f"{REPOSITORY}/files/src%2Fapp.py/blame?ref=main"

    def blamed(more: str = "") -> list[tuple[str, str]]:
        groups = client.get(url + more).json()
        return [(group["commit"]["id"], line) for group in groups for line in group["lines"]]

    assert blamed() == rows
    assert blamed("&range[start]=2&range[end]=4") == rows[1:4]
    assert blamed("&range[start]=4&range[end]=400") == rows[3:]
    assert blamed("&range[start]=40&range[end]=400") == []
    for wrong in (
        "&range[start]=2",
        "&range[start]=3&range[end]=2",
        "&range[start]=0&range[end]=2",
    ):
        assert client.get(url + wrong).status_code == 400


def test_a_search_of_code(client, start_emulator, connect):
    (hit,) = client.get(f"{SHOP}/search?scope=blobs&search=TWO%0A").json() or [None]
    (hit,) = client.get(f"{SHOP}/search?scope=blobs&search=two").json()
    assert (hit["path"], hit["ref"], hit["startline"]) == ("src/app.py", "main", 1)
    assert hit["data"] == "zero\none\nTWO\nthree\nfour\n"
    for words, paths in (
        ("two path:src", ["src/app.py"]),
        ("two -path:src", []),
        ("two extension:py", ["src/app.py"]),
        ("two filename:crlf", []),
    ):
        listed = client.get(f"{SHOP}/search", params={"scope": "blobs", "search": words}).json()
        assert [each["path"] for each in listed] == paths
    late = connect(start_emulator(search_lag=60))
    assert late.get(f"{SHOP}/search?scope=blobs&search=two").json() == []
    assert client.get(f"{SHOP}/search?scope=wikis&search=x").status_code == 400


def test_an_empty_project(client):
    empty = "/projects/1002"
    assert client.get(f"{empty}/repository/branches").json() == []
    assert client.get(f"{empty}/repository/commits/HEAD").status_code == 404
    assert client.get(f"{empty}/search?scope=blobs&search=x").json() == []
