"""Repositories, commits, changes, refs and files, compared with git itself."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from forge_emulator import Emulator, HostedRepository

from .conftest import ACCESS_TOKEN, bearer

REPO = "/repositories/acme/shop"


def pages(client, url):
    """Every value of a list, by its links alone."""
    values, steps = [], 0
    while url is not None:
        page = client.get(url).raise_for_status().json()
        values += page["values"]
        url = page.get("next")
        steps += 1
    return values, steps


# --- repositories ------------------------------------------------------------------------------


def test_workspaces_and_their_repositories(client):
    found, _ = pages(client, "/user/workspaces")
    assert [each["workspace"]["slug"] for each in found] == ["acme", "dora"]
    names, steps = pages(client, "/repositories/acme?pagelen=2")
    assert [each["full_name"] for each in names] == ["acme/empty", "acme/secret", "acme/shop"]
    assert steps == 2
    only = client.get("/repositories/acme", params={"q": 'name ~ "SHO" OR slug = "empty"'}).json()
    assert [each["slug"] for each in only["values"]] == ["empty", "shop"]
    assert only["size"] == 2


@pytest.mark.parametrize("q", ["name", 'name ~ shop"', 'colour = "red"', 'name="a" XOR name="b"'])
def test_a_filter_that_is_none(client, q):
    assert client.get("/repositories/acme", params={"q": q}).status_code == 400


def test_a_repository_by_any_name(client, shop):
    repository = client.get(REPO).json()
    assert repository["mainbranch"] == {"type": "branch", "name": "main"}
    assert client.get(f"/repositories/acme/{repository['uuid']}").json() == repository
    assert client.get("/repositories/ACME/Shop").json() == repository
    by_workspace = f"/repositories/{repository['workspace']['uuid']}/shop"
    assert client.get(by_workspace).json() == repository
    assert client.get("/repositories/acme/empty").json()["mainbranch"] is None


def test_a_former_name_is_nobodys_and_the_uuid_stays(start_emulator, connect):
    emulator = start_emulator()
    client = connect(emulator)
    uuid = client.get(REPO).json()["uuid"]
    emulator.rename_repository("acme/shop", "acme/store")
    assert client.get(REPO).status_code == 404
    assert client.get(f"/repositories/acme/{uuid}").json()["full_name"] == "acme/store"
    emulator.rename_repository("acme/store", "dora/store")
    assert client.get(f"/repositories/acme/{uuid}/refs").status_code == 200


@pytest.mark.parametrize("query", ["pagelen=0", "pagelen=101", "pagelen=x", "page=0", "page=x"])
def test_a_page_that_cannot_be(client, query):
    assert client.get(f"/repositories/acme?{query}").status_code == 400


# --- commits -----------------------------------------------------------------------------------


def test_every_commit(client, shop):
    for oid in shop.git("rev-list", "--all").split():
        commit = client.get(f"{REPO}/commit/{oid[:10]}").json()
        name, seconds, parents = shop.git("show", "-s", "--format=%an <%ae>|%ct|%P", oid).split("|")
        assert commit["hash"] == oid
        assert commit["author"]["raw"] == name
        assert datetime.fromisoformat(commit["date"]) == datetime.fromtimestamp(int(seconds), UTC)
        assert [each["hash"] for each in commit["parents"]] == parents.split()
        assert commit["message"] == shop.git("show", "-s", "--format=%B", oid).rstrip("\n") + "\n"
    user = client.get(f"{REPO}/commit/{shop.commits[0]}").json()["author"]["user"]
    assert user["nickname"] == "alice"


def test_a_commit_that_is_not_there(client):
    answer = client.get(f"{REPO}/commit/{'f' * 40}")
    assert answer.status_code == 404
    assert answer.json()["error"] == {"message": "Commit not found", "data": {"shas": ["f" * 40]}}


@pytest.mark.parametrize(
    ("url", "arguments"),
    [
        ("commits/main?", ["main"]),
        ("commits?", ["--all"]),
        ("commits/main?exclude=old&", ["main", "^old"]),
        ("commits?include=old&include=feature/x&", ["old", "feature/x"]),
        ("commits/main?path=src/app.py&", ["main", "--", "src/app.py"]),
        (
            "commits/main?path=docs/gr%C3%BC%C3%9Fe%20%E2%98%83.md&",
            ["main", "--", "docs/grüße ☃.md"],
        ),
        ("commits/main?path=no/such&", ["main", "--", "no/such"]),
    ],
)
def test_histories(client, shop, url, arguments):
    expected = shop.git("rev-list", *arguments).split()
    found, steps = pages(client, f"{REPO}/{url}pagelen=2")
    assert [each["hash"] for each in found] == expected
    assert steps == max(1, -(-len(expected) // 2))


def test_the_next_page_is_reached_by_its_link_alone(client, shop):
    """Its address says nothing, and goes on with the history that was begun."""
    first = client.get(f"{REPO}/commits/feature%2Fx?pagelen=1")
    assert first.status_code == 404  # a slash in the path is no part of a revision
    first = client.get(f"{REPO}/commits/main?pagelen=1").json()
    assert "page" not in first
    assert "size" not in first
    for wrong in ("page=2", "ctx=00&page=2", "page=2&pagelen=1"):
        answer = client.get(f"{REPO}/commits/main?{wrong}")
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, "Invalid page")
    other = first["next"].replace("acme/shop", "acme/secret")
    assert client.get(other).status_code == 400


# --- what changed ------------------------------------------------------------------------------


def changed(client, spec, **query):
    values = client.get(f"{REPO}/diffstat/{spec}", params=query).json()["values"]
    return [
        (
            each["status"],
            each["old"] and each["old"]["path"],
            each["new"] and each["new"]["path"],
        )
        for each in values
    ]


def test_the_changes_of_a_commit(client, shop):
    assert changed(client, shop.commits[0]) == [
        ("added", None, "README.md"),
        ("added", None, "src/app.py"),
    ]
    moved = shop.git("rev-parse", "light")
    assert ("renamed", "README.md", "docs/README.md") in changed(client, moved)
    assert ("removed", "bin.dat", None) in changed(client, "main")


def test_the_first_of_two_is_held_against_the_second(client, shop):
    """And against where they met, where the topic alone is wanted."""
    ours, theirs = shop.git("rev-parse", "feature/x"), shop.git("rev-parse", "main~3")
    assert changed(client, f"{ours}..{theirs}", topic="true") == [("added", None, "src/feature.py")]
    assert changed(client, f"{ours}..{theirs}", topic="false") == [
        ("modified", "src/app.py", "src/app.py"),
        ("added", None, "src/feature.py"),
    ]
    base = client.get(f"{REPO}/merge-base/{ours}..{theirs}").json()
    assert base["hash"] == shop.git("merge-base", ours, theirs)


def test_commits_that_never_met(client, shop):
    tree = shop.git("rev-parse", "HEAD^{tree}")
    lonely = shop.git("commit-tree", tree, "-m", "Alone", env=shop.identity())
    assert client.get(f"{REPO}/merge-base/main..{lonely}").status_code == 404
    assert client.get(f"{REPO}/diffstat/main..{lonely}?topic=true").status_code == 404


# --- refs --------------------------------------------------------------------------------------


def test_branches_and_tags(client, shop):
    names, _ = pages(client, f"{REPO}/refs?pagelen=2")
    told = {(each["type"], each["name"]): each["target"]["hash"] for each in names}
    assert told == {
        ("branch", "feature/x"): shop.git("rev-parse", "feature/x"),
        ("branch", "main"): shop.git("rev-parse", "main"),
        ("branch", "old"): shop.git("rev-parse", "old"),
        ("tag", "light"): shop.git("rev-parse", "light"),
        ("tag", "v1"): shop.git("rev-parse", "v1^{commit}"),
    }
    one = client.get(f"{REPO}/refs", params={"q": 'name = "feature/x"'}).json()["values"]
    assert [each["name"] for each in one] == ["feature/x"]
    branch = client.get(f"{REPO}/refs/branches/feature/x").json()
    assert branch["target"]["hash"] == shop.git("rev-parse", "feature/x")
    assert client.get(f"{REPO}/refs/branches/none").status_code == 404


def test_tags_on_tags_and_on_what_is_no_commit(shop, tmp_path, connect):
    """A tag leads to its commit over other tags; one that leads to none is not told."""
    copy = replace(shop, path=tmp_path / "copy")
    shop.git("clone", "-q", "--mirror", ".", str(copy.path))
    copy.git("tag", "-a", "v1-again", "v1", "-m", "On a tag", env=copy.identity())
    for name, target in (("tree", "HEAD^{tree}"), ("blob", "HEAD:a b.txt")):
        copy.git("tag", name, target)
        copy.git("tag", "-a", f"noted-{name}", target, "-m", "Noted", env=copy.identity())
    hosted = [HostedRepository(full_name="acme/shop", path=copy.path)]
    with Emulator("bitbucket", hosted, tokens={ACCESS_TOKEN: ("robot",)}) as emulator:
        client = connect(emulator, bearer(ACCESS_TOKEN))
        told, _ = pages(client, f"{REPO}/refs/tags")
        one = client.get(f"{REPO}/refs", params={"q": 'name = "v1-again"'}).json()["values"]
        none = client.get(f"{REPO}/refs", params={"q": 'name = "blob"'}).json()["values"]
    commit = copy.git("rev-parse", "v1^{commit}")
    assert {each["name"]: each["target"]["hash"] for each in told} == {
        "light": copy.git("rev-parse", "light"),
        "v1": commit,
        "v1-again": commit,
    }
    assert [each["target"]["hash"] for each in one] == [commit]
    assert none == []


# --- files -------------------------------------------------------------------------------------


def blob(shop, name):
    done = subprocess.run(
        ["git", "-C", shop.path, "show", f"main:{name}"], capture_output=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("name", ["src/app.py", "crlf.txt", "docs/grüße ☃.md", "a b.txt", "link"])
def test_a_files_bytes(client, shop, name):
    answer = client.get(f"{REPO}/src/main/{name}")
    assert answer.content == blob(shop, name)
    meta = client.get(f"{REPO}/src/main/{name}?format=meta").json()
    assert (meta["path"], meta["size"]) == (name, len(answer.content))
    assert meta["attributes"] == (["link"] if name == "link" else [])
    assert meta["commit"]["hash"] == shop.git("rev-parse", "main")
    again = client.get(f"{REPO}/src/main/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["none", "src/app.py/", "src/app.py/x", "src//app.py", "%0A"])
def test_a_file_that_is_not_there(client, path):
    answer = client.get(f"{REPO}/src/main/{path}")
    assert answer.status_code == 404


def test_folders_down_to_a_depth(client, shop):
    root, _ = pages(client, f"{REPO}/src/main/?pagelen=3")
    assert [each["path"] for each in root] == shop.git("ls-tree", "--name-only", "main").split("\n")
    every, steps = pages(client, f"{REPO}/src/main/?max_depth=9&pagelen=4")
    files = [each["path"] for each in every if each["type"] == "commit_file"]
    listed = shop.git("-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "main")
    assert files == listed.split("\n")
    assert steps == -(-len(every) // 4)
    below, _ = pages(client, f"{REPO}/src/main/src")
    assert [each["path"] for each in below] == ["src/app.py", "src/feature.py"]


def test_a_listing_that_takes_too_long(start_emulator, connect):
    client = connect(start_emulator(tree_limit=9))
    assert client.get(f"{REPO}/src/main/").status_code == 200
    assert client.get(f"{REPO}/src/main/?max_depth=5").status_code == 555
