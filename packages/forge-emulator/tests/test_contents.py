"""Files, directories and trees are those of the commit."""

import base64

import pytest

RAW = {"Accept": "application/vnd.github.raw+json"}


@pytest.mark.parametrize("path", ["src/app.py", "crlf.txt", "docs/grüße ☃.md", "a b.txt"])
@pytest.mark.parametrize("ref", ["main", "old", "v1"])
def test_file(client, shop, path, ref):
    answer = client.get(f"/repos/acme/shop/contents/{path}", params={"ref": ref})
    blob = shop.git("rev-parse", f"{ref}:{path}")
    assert answer.json()["sha"] == blob
    content = base64.b64decode(answer.json()["content"])
    assert str(len(content)) == shop.git("cat-file", "-s", blob)
    raw = client.get(f"/repos/acme/shop/contents/{path}", params={"ref": ref}, headers=RAW)
    assert raw.content == content
    assert raw.headers["content-type"].startswith("application/vnd.github.raw")
    assert shop.git("hash-object", "--stdin", stdin=content) == blob


def test_lines_of_base64(client):
    answer = client.get("/repos/acme/shop/contents/src/app.py").json()
    assert answer["encoding"] == "base64"
    assert answer["content"].endswith("\n")
    assert max(len(line) for line in answer["content"].split("\n")) <= 60


def test_large_file_has_no_content(client):
    answer = client.get("/repos/acme/shop/contents/large.txt").json()
    assert (answer["content"], answer["encoding"], answer["size"]) == ("", "none", 1_100_000)
    assert len(client.get("/repos/acme/shop/contents/large.txt", headers=RAW).content) == 1_100_000


def test_too_large_file(client, monkeypatch):
    from forge_emulator.dialects.github import rest_contents

    monkeypatch.setattr(rest_contents, "_LARGEST", 1000)
    response = client.get("/repos/acme/shop/contents/large.txt")
    assert response.status_code == 403
    assert response.json()["errors"][0]["code"] == "too_large"


def test_directory(client, shop):
    answer = client.get("/repos/acme/shop/contents/docs").json()
    names = shop.git("ls-tree", "-z", "--name-only", "HEAD:docs").strip("\0").split("\0")
    assert [entry["name"] for entry in answer] == names
    assert [entry["path"] for entry in answer] == [f"docs/{name}" for name in names]
    root = client.get("/repos/acme/shop/contents").json()
    types = {entry["name"]: entry["type"] for entry in root}
    assert types["src"] == "dir"
    assert types["link"] == "symlink"
    assert client.get("/repos/acme/shop/contents/").json() == root
    again = client.get(answer[0]["url"]).json()
    assert again["sha"] == answer[0]["sha"]


def test_a_path_with_a_line_end(tmp_path, start_emulator, connect, shop):
    from forge_emulator import HostedRepository

    repo = type(shop)(tmp_path)
    repo.git("init", "-q", "-b", "main")
    repo.commit("Add it", {"a b/new\nline.txt": b"two\n"})
    emulator = start_emulator()
    emulator.add_repository(HostedRepository(full_name="x/y", path=tmp_path, id=77))
    client = connect(emulator)
    for root in ("/repos/x/y", "/repositories/77"):
        answer = client.get(f"{root}/contents/a%20b/new%0Aline.txt")
        assert (answer.status_code, answer.json()["path"]) == (200, "a b/new\nline.txt")


def test_links(client):
    followed = client.get("/repos/acme/shop/contents/link").json()
    assert (followed["type"], followed["path"]) == ("file", "link")
    blob = client.get(followed["git_url"]).json()
    assert blob["sha"] == followed["sha"]
    assert base64.b64decode(blob["content"]) == b"docs/README.md"
    assert client.get(followed["git_url"], headers=RAW).content == b"docs/README.md"
    aim = client.get("/repos/acme/shop/contents/docs/README.md").json()
    assert [followed[key] == aim[key] for key in ("content", "size", "sha")] == [True, True, False]
    lost = client.get("/repos/acme/shop/contents/lost").json()
    assert (lost["type"], lost["target"]) == ("symlink", "nowhere")


def test_submodule(tmp_path, start_emulator, connect, shop):
    from forge_emulator import HostedRepository

    repo = type(shop)(tmp_path)
    repo.git("init", "-q", "-b", "main")
    oid = "1" * 40
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{oid},vendor/lib")
    repo.git("commit", "-q", "-m", "sub", env=repo.identity())
    emulator = start_emulator()
    emulator.add_repository(HostedRepository(full_name="x/y", path=tmp_path))
    client = connect(emulator)
    answer = client.get("/repos/x/y/contents/vendor/lib").json()
    assert (answer["type"], answer["sha"], answer["download_url"]) == ("submodule", oid, None)
    listed = client.get("/repos/x/y/contents/vendor").json()
    assert (listed[0]["type"], listed[0]["size"]) == ("file", 0)
    tree = client.get("/repos/x/y/git/trees/main?recursive=1").json()["tree"]
    assert [(e["type"], "url" in e) for e in tree] == [("tree", True), ("commit", False)]
    query = '{repository(owner:"x",name:"y"){object(expression:"main"){... on Commit{'
    query += 'file(path:"vendor/lib"){type object{oid}}}}'
    query += 's:object(expression:"main:vendor/lib"){oid}}}'
    data = client.post("/graphql", json={"query": query}).json()["data"]["repository"]
    assert data == {"object": {"file": {"type": "commit", "object": None}}, "s": None}


@pytest.mark.parametrize(
    "path", ["none", "src/none", "../x", "src//app.py", "src/app.py/x", "a\0b"]
)
def test_unknown_path(client, path):
    from urllib.parse import quote

    response = client.get(f"/repos/acme/shop/contents/{quote(path, safe='')}")
    assert response.status_code == 404


def test_unknown_ref(client):
    unknown = client.get("/repos/acme/shop/contents/src?ref=none")
    assert unknown.json()["message"] == "No commit found for the ref none"
    empty = client.get("/repos/acme/empty/contents/src")
    assert (empty.status_code, empty.json()["message"]) == (404, "This repository is empty.")


def test_tree(client, shop):
    for name in ("main", shop.commits[-1], shop.git("rev-parse", "HEAD^{tree}")):
        answer = client.get(f"/repos/acme/shop/git/trees/{name}").json()
        lines = [f"{e['mode']} {e['type']} {e['sha']}\t{e['path']}" for e in answer["tree"]]
        assert lines == shop.git("ls-tree", "-z", "HEAD").strip("\0").split("\0")
        assert answer["truncated"] is False
    whole = client.get("/repos/acme/shop/git/trees/main?recursive=1").json()
    lines = [f"{e['mode']} {e['type']} {e['sha']}\t{e['path']}" for e in whole["tree"]]
    assert lines == shop.git("ls-tree", "-r", "-t", "-z", "HEAD").strip("\0").split("\0")
    assert client.get("/repos/acme/shop/git/trees/none").status_code == 404
    assert client.get("/repos/acme/empty/git/trees/main").status_code == 409


def test_truncated_tree(start_emulator, connect):
    client = connect(start_emulator(tree_limit=3))
    answer = client.get("/repos/acme/shop/git/trees/main?recursive=1").json()
    assert (len(answer["tree"]), answer["truncated"]) == (3, True)


def test_blob(client, shop):
    oid = shop.git("rev-parse", "HEAD:src/app.py")
    answer = client.get(f"/repos/acme/shop/git/blobs/{oid}").json()
    assert base64.b64decode(answer["content"]) == (shop.path / "src/app.py").read_bytes()
    assert client.get("/repos/acme/shop/git/blobs/main").status_code == 404


def test_names_that_are_not_utf8(tmp_path, start_emulator, connect, shop):
    from forge_emulator import HostedRepository

    repo = type(shop)(tmp_path)
    repo.git("init", "-q", "-b", "main")
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"x\n")
    entry = b"100644 blob " + blob.encode() + b"\tb\xffd.txt\0"
    tree = repo.git("mktree", "-z", stdin=entry)
    raw = (
        f"tree {tree}\nauthor ".encode()
        + b"J\xf6rg <j@x.org> 1700000000 +0100\ncommitter J\xf6rg <j@x.org> 1700000000 +0100\n"
        b"encoding ISO-8859-1\n\nGr\xfc\xdfe\n"
    )
    repo.git(
        "update-ref",
        "refs/heads/main",
        repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw),
    )
    emulator = start_emulator()
    emulator.add_repository(HostedRepository(full_name="x/y", path=tmp_path))
    client = connect(emulator)
    commit = client.get("/repos/x/y/commits/main").json()
    assert commit["commit"]["author"]["name"] == "Jörg"
    assert commit["commit"]["message"] == "Grüße"
    assert commit["files"][0]["filename"] == "b\ufffdd.txt"
    listed = client.get("/repos/x/y/contents")
    assert listed.content.decode("utf-8")
    assert listed.json()[0]["name"] == "b\ufffdd.txt"
