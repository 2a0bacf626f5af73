"""Every fact that REST tells about commits is what git says."""

import subprocess

import pytest

from forge_emulator.dialects.github import rest_commits

SEPARATOR = "\x1f"


def test_list_is_the_log(client, shop):
    answer = client.get("/repos/acme/shop/commits").json()
    log = shop.git("log", "--format=%H%x1f%an%x1f%ae%x1f%cn%x1f%ce%x1f%T%x1f%P%x1f%B%x00")
    rows = [row.strip("\n").split(SEPARATOR) for row in log.split("\0") if row.strip()]
    assert len(answer) == len(rows) == 9
    for commit, row in zip(answer, rows, strict=True):
        inner = commit["commit"]
        assert [commit["sha"], inner["author"]["name"], inner["author"]["email"]] == row[:3]
        assert [inner["committer"]["name"], inner["committer"]["email"]] == row[3:5]
        assert inner["tree"]["sha"] == row[5]
        assert [parent["sha"] for parent in commit["parents"]] == row[6].split()
        assert inner["message"] == row[7].rstrip("\n")


def test_times_are_utc(client, shop):
    commit = client.get(f"/repos/acme/shop/commits/{shop.commits[0]}").json()["commit"]
    assert commit["committer"]["date"] == "2024-01-01T13:00:00Z"
    assert commit["author"]["date"] == "2024-01-01T12:50:00Z"


def test_accounts_are_known_by_address(client, shop):
    first = client.get(f"/repos/acme/shop/commits/{shop.commits[0]}").json()
    assert first["author"]["login"] == "alice"
    assert first["committer"] is None


@pytest.mark.parametrize("path", ["src/app.py", "docs/grüße ☃.md", "src", "none"])
def test_list_of_a_path(client, shop, path):
    answer = client.get("/repos/acme/shop/commits", params={"path": path}).json()
    assert [c["sha"] for c in answer] == shop.git("rev-list", "main", "--", path).split()


@pytest.mark.parametrize("path", ["../x", "a//b", "src/\0"])
def test_list_of_a_path_that_cannot_be(client, path):
    assert client.get("/repos/acme/shop/commits", params={"path": path}).json() == []


def test_list_between_times(client, shop):
    params = {"since": "2024-01-01T15:00:00Z", "until": "2024-01-01T16:00:00+00:00"}
    answer = client.get("/repos/acme/shop/commits", params=params).json()
    assert [c["sha"] for c in answer] == [shop.commits[3], shop.commits[2]]
    assert client.get("/repos/acme/shop/commits", params={"since": "soon"}).status_code == 422


@pytest.mark.parametrize("name", ["feature/x", "light", "v1", "heads/old", "main"])
def test_list_from_a_name(client, shop, name):
    answer = client.get("/repos/acme/shop/commits", params={"sha": name}).json()
    assert [c["sha"] for c in answer] == shop.git("rev-list", name).split()


def test_pages_follow_the_link(client, shop):
    seen, url = [], "/repos/acme/shop/commits?per_page=4"
    while url:
        response = client.get(url)
        seen += [commit["sha"] for commit in response.json()]
        url = response.links.get("next", {}).get("url")
    assert seen == shop.git("rev-list", "main").split()


def test_links_go_by_id_and_name_the_last_page(client, emulator):
    links = client.get("/repos/acme/shop/commits?per_page=4&page=2&path=src").links
    assert links["prev"]["url"].startswith(f"{emulator.url}/repositories/1001/commits?")
    middle = client.get("/repos/acme/shop/commits?per_page=4&page=2").links
    assert set(middle) == {"prev", "next", "last", "first"}
    assert "page=3" in middle["last"]["url"]


@pytest.mark.parametrize("revision", ["none", "0" * 40, "abcdef1", "HEAD..main", ":/x", "-x"])
def test_unknown_commit(client, revision):
    response = client.get(f"/repos/acme/shop/commits/{revision}")
    assert response.status_code == 422
    assert response.json()["message"] == f"No commit found for SHA: {revision}"
    listed = client.get("/repos/acme/shop/commits", params={"sha": revision})
    assert listed.status_code == 404


def test_abbreviation(client, shop):
    oid = shop.commits[4]
    assert client.get(f"/repos/acme/shop/commits/{oid[:9]}").json()["sha"] == oid
    assert client.get(f"/repos/acme/shop/commits/{oid.upper()}").json()["sha"] == oid


def test_empty_repository(client):
    assert client.get("/repos/acme/empty/commits").status_code == 409
    assert client.get("/repos/acme/empty/commits/main").status_code == 409
    assert client.get("/repos/acme/empty/branches").json() == []


def numstat(shop, oid):
    args = ["show", "-M", "--first-parent", "--format=", "--numstat", "--no-renames", "-z", oid]
    rows = [row.split("\t") for row in shop.git(*args).split("\0") if row]
    return sum(int(row[0]) for row in rows if row[0] != "-"), len(rows)


def test_files_of_every_commit(client, shop):
    for oid in shop.commits:
        commit = client.get(f"/repos/acme/shop/commits/{oid}").json()
        names = shop.git(
            "diff-tree", "-r", "-M", "-z", "--root", "--name-only", "--no-commit-id",
            *([f"{oid}^1"] if commit["parents"] else []), oid,
        )  # fmt: skip
        assert [f["filename"] for f in commit["files"]] == names.strip("\0").split("\0")
        assert commit["stats"]["additions"] == sum(f["additions"] for f in commit["files"])
        assert commit["stats"]["total"] == sum(f["changes"] for f in commit["files"])
        for changed in commit["files"]:
            if changed["status"] != "removed":
                blob = shop.git("rev-parse", f"{oid}:{changed['filename']}")
                assert changed["sha"] == blob


def test_statuses_and_patches(client, shop):
    moved = client.get(f"/repos/acme/shop/commits/{shop.commits[7]}").json()["files"]
    renamed = next(f for f in moved if f["filename"] == "docs/README.md")
    assert (renamed["status"], renamed["previous_filename"]) == ("renamed", "README.md")
    assert "patch" not in renamed
    last = client.get(f"/repos/acme/shop/commits/{shop.commits[8]}").json()["files"]
    binary = next(f for f in last if f["filename"] == "bin.dat")
    assert binary["status"] == "removed"
    assert "patch" not in binary
    crlf = next(f for f in last if f["filename"] == "crlf.txt")
    assert crlf["patch"] == "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r"


def test_patches_apply(client, shop, tmp_path):
    """The patches of a commit, put together, turn its parent into it."""
    oid = shop.commits[5]
    files = client.get(f"/repos/acme/shop/commits/{oid}").json()["files"]
    patch = "".join(f"--- a/{f['filename']}\n+++ b/{f['filename']}\n{f['patch']}\n" for f in files)
    shop.git("worktree", "add", "-q", "--detach", str(tmp_path / "w"), f"{oid}^")
    try:
        subprocess.run(
            ["git", "-C", tmp_path / "w", "apply", "--index", "-"],
            input=patch.encode(), check=True,
        )  # fmt: skip
        done = subprocess.run(
            ["git", "-C", tmp_path / "w", "write-tree"], capture_output=True, check=True
        )
        assert done.stdout.decode().strip() == shop.git("rev-parse", f"{oid}^{{tree}}")
    finally:
        shop.git("worktree", "remove", "--force", str(tmp_path / "w"))


def test_change_of_type(tmp_path, start_emulator, connect, shop):
    from forge_emulator import HostedRepository

    repo = type(shop)(tmp_path)
    repo.git("init", "-q", "-b", "main")
    repo.commit("file", {"a": b"text\n", "z": b"1\n"})
    (tmp_path / "a").unlink()
    (tmp_path / "a").symlink_to("z")
    repo.commit("link", {"z": b"2\n"})
    emulator = start_emulator()
    emulator.add_repository(HostedRepository(full_name="x/y", path=tmp_path))
    files = connect(emulator).get("/repos/x/y/commits/main").json()["files"]
    assert [(f["filename"], f["status"]) for f in files] == [("a", "changed"), ("z", "modified")]
    assert files[0]["patch"].count("@@ ") == 2
    assert files[1]["patch"] == "@@ -1 +1 @@\n-1\n+2"


def test_sha_media_type(client, shop):
    headers = {"Accept": "application/vnd.github.sha"}
    assert client.get("/repos/acme/shop/commits/main", headers=headers).text == shop.commits[-1]


def test_compare(client, shop):
    answer = client.get("/repos/acme/shop/compare/old...feature/x").json()
    ahead = shop.git("rev-list", "--reverse", "old..feature/x").split()
    behind = shop.git("rev-list", "feature/x..old").split()
    assert [c["sha"] for c in answer["commits"]] == ahead
    assert (answer["ahead_by"], answer["behind_by"]) == (len(ahead), len(behind))
    assert answer["merge_base_commit"]["sha"] == shop.git("merge-base", "old", "feature/x")


@pytest.mark.parametrize(
    ("basehead", "status"),
    [
        ("main...main", "identical"),
        ("old...main", "ahead"),
        ("main...old", "behind"),
        ("HEAD~3...feature/x", "diverged"),
        ("acme:old...acme:main", "ahead"),
    ],
)
def test_compare_status(client, shop, basehead, status):
    if status == "diverged":
        basehead = f"{shop.commits[5]}...feature/x"
    answer = client.get(f"/repos/acme/shop/compare/{basehead}").json()
    assert answer["status"] == status


@pytest.mark.parametrize("basehead", ["main", "main...none", "none...main", "main..old"])
def test_compare_unknown(client, basehead):
    assert client.get(f"/repos/acme/shop/compare/{basehead}").status_code == 404


def test_compare_without_a_common_ancestor(client, shop):
    tree = shop.git("rev-parse", "HEAD^{tree}")
    lone = shop.git("commit-tree", tree, "-m", "alone", env=shop.identity())
    response = client.get(f"/repos/acme/shop/compare/main...{lone}")
    assert response.status_code == 404
    assert "No common ancestor" in response.json()["message"]


def test_compare_pages(client, shop):
    first = client.get(f"/repos/acme/shop/compare/{shop.commits[0]}...main?per_page=3")
    second = client.get(first.links["next"]["url"]).json()
    assert second["files"] == []
    shas = [c["sha"] for c in first.json()["commits"] + second["commits"]]
    expected = shop.git("rev-list", "--reverse", f"{shop.commits[0]}..main").split()
    assert shas == expected[:6]


def test_a_comparison_without_pages_ends_with_the_newest_commit(client, shop, monkeypatch):
    monkeypatch.setattr(rest_commits, "_COMPARED_COMMITS", 4)
    answer = client.get(f"/repos/acme/shop/compare/{shop.commits[0]}...main")
    expected = shop.git("rev-list", "--reverse", f"{shop.commits[0]}..main").split()
    assert [c["sha"] for c in answer.json()["commits"]] == expected[-4:]
    assert answer.json()["total_commits"] == len(expected) > 4
    assert answer.json()["files"]


def test_git_commit(client, shop):
    answer = client.get(f"/repos/acme/shop/git/commits/{shop.commits[1]}").json()
    assert answer["tree"]["sha"] == shop.git("rev-parse", f"{shop.commits[1]}^{{tree}}")
    assert [p["sha"] for p in answer["parents"]] == [shop.commits[0]]
    for wrong in ("main", answer["tree"]["sha"], "0" * 40):
        assert client.get(f"/repos/acme/shop/git/commits/{wrong}").status_code == 404


def test_pull_requests_of_a_commit(client, emulator, shop):
    merge, feature = shop.commits[6], shop.commits[4]
    pull = emulator.add_pull_request(
        "acme/shop", title="Add it", head="feature/x", base="main", merge_commit=merge
    )
    for oid in (merge, feature):
        found = client.get(f"/repos/acme/shop/commits/{oid}/pulls").json()
        assert [(p["number"], p["title"], p["state"]) for p in found] == [(1, "Add it", "closed")]
        assert found[0]["merge_commit_sha"] == merge
        assert found[0]["head"]["sha"] == pull.head_oid == feature
    assert client.get(f"/repos/acme/shop/commits/{shop.commits[0]}/pulls").json() == []
    assert client.get("/repos/acme/shop/commits/none/pulls").status_code == 422


def test_open_pull_request(client, emulator, shop):
    emulator.add_pull_request("acme/shop", title="Wait", head="feature/x", base="old~3")
    found = client.get(f"/repos/acme/shop/commits/{shop.commits[4]}/pulls").json()
    assert [(p["state"], p["merged_at"]) for p in found] == [("open", None)]


def test_ambiguous_abbreviation(tmp_path, start_emulator, connect, shop):
    """Many small commits until two ids share four digits."""
    from forge_emulator import HostedRepository

    repo = type(shop)(tmp_path)
    repo.git("init", "-q", "-b", "main")
    first = repo.commit("0", {})
    stream = "".join(
        f"commit refs/heads/main\nmark :{n}\ncommitter A <a@x> {n} +0000\ndata 1\nx\n"
        + (f"from {first}\n" if n == 1 else "")
        for n in range(1, 900)
    )
    repo.git("fast-import", "--quiet", stdin=stream.encode())
    seen: dict[str, list[str]] = {}
    for oid in repo.git("rev-list", "main").split():
        seen.setdefault(oid[:4], []).append(oid)
    prefix = next(prefix for prefix, oids in seen.items() if len(oids) > 1)
    emulator = start_emulator()
    emulator.add_repository(HostedRepository(full_name="x/y", path=tmp_path))
    answer = connect(emulator).get(f"/repos/x/y/commits/{prefix}")
    assert (answer.status_code, answer.json()["message"]) == (
        422,
        f"No commit found for SHA: {prefix}",
    )
