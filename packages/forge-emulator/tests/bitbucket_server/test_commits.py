"""Commits, changes, comparisons and pull requests, as git tells them."""

API = "/rest/api/latest"
REPO = f"{API}/projects/ACME/repos/shop"


def ids(answer):
    assert answer.status_code == 200
    return [commit["id"] for commit in answer.json()["values"]]


def changed(answer):
    assert answer.status_code == 200
    return {each["path"]["toString"]: each["type"] for each in answer.json()["values"]}


def test_a_commit_is_what_git_tells(client, shop):
    oid = shop.commits[1]
    value = client.get(f"{REPO}/commits/{oid}").json()
    shown = "%H%n%an%n%ae%n%at%n%cn%n%ct%n%P%n%B"
    told = shop.git("log", "-1", f"--format={shown}", oid).rstrip("\n").split("\n", 7)
    assert [
        value["id"],
        value["author"]["name"],
        value["author"]["emailAddress"],
        str(value["authorTimestamp"] // 1000),
        value["committer"]["name"],
        str(value["committerTimestamp"] // 1000),
        " ".join(parent["id"] for parent in value["parents"]),
        value["message"],
    ] == told
    assert value["displayId"] == oid[:11]


def test_an_account_that_owns_the_address(client, shop):
    author = client.get(f"{REPO}/commits/{shop.commits[0]}").json()["author"]
    assert (author["name"], author["slug"]) == ("alice", "alice")
    assert author["displayName"] == "Alice Ångström"


def test_abbreviations_are_ids_and_refs_are_none(client, shop):
    oid = shop.commits[2]
    assert client.get(f"{REPO}/commits/{oid[:9]}").json()["id"] == oid
    for name in ("main", "refs%2Fheads%2Fmain", "HEAD", oid[:9] + "fffff"):
        assert client.get(f"{REPO}/commits/{name}").status_code in {400, 404}


def test_histories(client, shop):
    every = shop.git("rev-list", "main").split()
    assert ids(client.get(f"{REPO}/commits?limit=100")) == every
    assert (
        ids(client.get(f"{REPO}/commits?until=feature/x&start=1&limit=2"))
        == (shop.git("rev-list", "feature/x").split()[1:3])
    )
    assert ids(client.get(f"{REPO}/commits?until=main&since=old&limit=100")) == (
        shop.git("rev-list", "old..main").split()
    )
    assert ids(client.get(f"{REPO}/commits?path=src/app.py")) == (
        shop.git("rev-list", "main", "--", "src/app.py").split()
    )
    assert ids(client.get(f"{REPO}/commits?path=docs/README.md&followRenames=true")) == (
        shop.git("log", "--follow", "--format=%H", "main", "--", "docs/README.md").split()
    )
    assert ids(client.get(f"{REPO}/commits?path=none")) == []
    assert client.get(f"{REPO}/commits?until=none").status_code == 404
    assert client.get(f"{API}/projects/ACME/repos/empty/commits").status_code == 404


def test_what_a_commit_changed(client, shop):
    move, merge = shop.commits[7], shop.commits[6]
    answer = client.get(f"{REPO}/commits/{move}/changes")
    assert changed(answer) == {"docs/README.md": "MOVE", "link": "ADD", "lost": "ADD"}
    (moved,) = [each for each in answer.json()["values"] if each["type"] == "MOVE"]
    assert moved["srcPath"]["toString"] == "README.md"
    assert moved["path"]["components"] == ["docs", "README.md"]
    assert changed(client.get(f"{REPO}/commits/{merge}/changes")) == {"src/feature.py": "ADD"}
    root = client.get(f"{REPO}/commits/{shop.commits[0]}/changes")
    assert changed(root) == {"README.md": "ADD", "src/app.py": "ADD"}
    last = changed(client.get(f"{REPO}/commits/{shop.commits[8]}/changes"))
    assert last == {"bin.dat": "DELETE", "crlf.txt": "MODIFY", "large.txt": "ADD"}


def test_nothing_is_behind_the_first_thousand_changes(start, connect, shop, tmp_path, git):
    from forge_emulator import HostedRepository

    git("init", "-q", "wide")
    for number in range(1005):
        (tmp_path / "wide" / f"{number:04}.txt").write_text("x")
    git("-C", "wide", "add", "-A")
    git("-C", "wide", "-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "-m", "wide")
    emulator = start(page_size_cap=100)
    emulator.add_repository(HostedRepository(full_name="ACME/wide", path=tmp_path / "wide"))
    client = connect(emulator)
    oid = ids(client.get(f"{API}/projects/ACME/repos/wide/commits"))[0]
    url = f"{API}/projects/ACME/repos/wide/commits/{oid}/changes"
    first = client.get(f"{url}?limit=600").json()
    assert (first["size"], first["nextPageStart"]) == (600, 600)
    second = client.get(f"{url}?start=600&limit=600").json()
    assert (second["size"], second["isLastPage"], second["nextPageStart"]) == (400, False, None)


def test_comparisons_go_from_the_source_to_the_target(client, shop):
    query = "from=main&to=old&limit=100"
    assert ids(client.get(f"{REPO}/compare/commits?{query}")) == (
        shop.git("rev-list", "old..main").split()
    )
    told = shop.git("diff", "--name-only", "old...main").split("\n")
    assert sorted(changed(client.get(f"{REPO}/compare/changes?{query}"))) == sorted(told)
    assert ids(client.get(f"{REPO}/compare/commits?from=old&to=main")) == []
    assert ids(client.get(f"{REPO}/compare/commits?from=feature/x")) == []  # to the default branch
    assert client.get(f"{REPO}/compare/commits?from=none&to=main").status_code == 404


def test_pull_requests_of_a_commit(client, emulator, shop):
    pull = emulator.add_pull_request(
        "ACME/shop",
        title="P",
        body="B",
        head="feature/x",
        base="main",
        author="bob",
        merge_commit=shop.commits[6],
    )
    for oid in (shop.commits[4], shop.commits[6]):
        (value,) = client.get(f"{REPO}/commits/{oid}/pull-requests").json()["values"]
        assert (value["id"], value["state"], value["title"]) == (pull.number, "MERGED", "P")
        assert value["properties"]["mergeCommit"]["id"] == shop.commits[6]
        assert value["fromRef"]["latestCommit"] == shop.git("rev-parse", "feature/x")
        assert value["author"]["user"]["name"] == "bob"
    assert client.get(f"{REPO}/commits/{shop.commits[0]}/pull-requests").json()["values"] == []
    assert client.get(f"{REPO}/commits/{'0' * 40}/pull-requests").status_code == 404
