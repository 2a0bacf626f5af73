"""Every fact that REST tells about repositories, commits and files is what git says."""

import pytest

from forge_emulator import HostedRepository

from .conftest import REPO

OF = "searchCriteria.itemVersion."
AT = "versionDescriptor."


def at(commit: str) -> dict[str, str]:
    return {f"{AT}versionType": "commit", f"{AT}version": commit}


# --- repositories ----------------------------------------------------------------------------


def test_projects_have_pages(start, connect):
    client = connect(start(page_size_cap=2))
    first = client.get("/acme/_apis/projects")
    assert [each["name"] for each in first.json()["value"]] == ["Hidden", "Online Shop"]
    token = first.headers["x-ms-continuationtoken"]
    last = client.get("/acme/_apis/projects", params={"continuationToken": token})
    assert [each["name"] for each in last.json()["value"]] == ["Scrummers"]
    assert "x-ms-continuationtoken" not in last.headers
    skipped = client.get("/acme/_apis/projects", params={"$skip": 2, "$top": 1}).json()
    assert skipped == last.json()


def test_repositories_of_a_project_by_name_and_id(client):
    found = client.get("/acme/Online Shop/_apis/git/repositories").json()
    assert [each["name"] for each in found["value"]] == ["empty", "shop"]
    empty, shop = found["value"]
    assert "defaultBranch" not in empty
    assert shop["defaultBranch"] == "refs/heads/main"
    project = shop["project"]["id"]
    for where in (shop["id"], "SHOP"):
        again = client.get(f"/acme/{project}/_apis/git/repositories/{where}").json()
        assert again == shop
    assert client.get(f"/acme/Hidden/_apis/git/repositories/{shop['id']}").status_code == 404
    assert client.get(f"/acme/_apis/projects/{project}").json()["name"] == "Online Shop"


def test_a_renamed_repository_keeps_its_id(emulator, client):
    before = client.get(REPO).json()
    emulator.rename_repository("Online Shop/shop", "Online Shop/store")
    assert client.get(REPO).status_code == 404
    after = client.get(f"/acme/Online Shop/_apis/git/repositories/{before['id']}").json()
    assert (after["name"], after["id"]) == ("store", before["id"])


def test_a_renamed_project_keeps_its_id_and_another_one_of_its_name_has_its_own(
    emulator, client, shop
):
    before = client.get(REPO).json()
    work = client.post(
        "/acme/Online Shop/_apis/wit/workitems/$Issue",
        json=[{"op": "add", "path": "/fields/System.Title", "value": "Mend"}],
        headers={"content-type": "application/json-patch+json"},
    ).json()
    emulator.rename_owner("Online Shop", "Store")
    number = before["project"]["id"]
    assert client.get(REPO).status_code == 404
    after = client.get(f"/acme/{number}/_apis/git/repositories/{before['id']}").json()
    assert (after["project"]["id"], after["project"]["name"]) == (number, "Store")
    item = f"_apis/wit/workitems/{work['id']}"
    assert client.get(f"/acme/{number}/{item}").json()["id"] == work["id"]
    emulator.add_repository(HostedRepository(full_name="Online Shop/x", path=shop.path, id=9))
    other = client.get("/acme/_apis/projects/Online Shop").json()["id"]
    assert other != number
    assert client.get(f"/acme/{other}/{item}").status_code == 404
    assert client.get(f"/acme/{number}/_apis/git/repositories/x").status_code == 404
    with pytest.raises(ValueError, match="already an owner"):
        emulator.rename_owner("Online Shop", "STORE")
    with pytest.raises(KeyError):
        emulator.rename_owner("Nobody", "Somebody")


def test_what_a_token_does_not_see(emulator, connect):
    narrow = connect(emulator, "narrow")
    names = [each["name"] for each in narrow.get("/acme/_apis/projects").json()["value"]]
    assert names == ["Online Shop", "Scrummers"]
    answer = narrow.get("/acme/Hidden/_apis/git/repositories/secret")
    assert answer.status_code == 404
    assert answer.json()["typeKey"] == "ProjectDoesNotExistWithNameException"


# --- commits ---------------------------------------------------------------------------------


def test_commits_are_the_log(ask, shop):
    found = ask("/commits", **{"searchCriteria.$top": 100})["value"]
    assert [each["commitId"] for each in found] == shop.git("rev-list", "main").split()
    for each in found:
        facts = shop.git("show", "-s", "--format=%an%x00%ae%x00%cn%x00%s", each["commitId"])
        author, committer = each["author"], each["committer"]
        assert facts.split("\0") == [
            author["name"], author["email"], committer["name"], each["comment"],
        ]  # fmt: skip
        whole = ask(f"/commits/{each['commitId']}")
        assert each["commentTruncated"] == ("\n" in whole["comment"])
        assert whole["treeId"] == shop.git("rev-parse", f"{each['commitId']}^{{tree}}")


@pytest.mark.parametrize(
    ("kind", "name"), [("branch", "feature/x"), ("branch", "old"), ("tag", "v1"), ("tag", "light")]
)
def test_commits_of_a_version(ask, shop, kind, name):
    found = ask("/commits", **{f"{OF}versionType": kind, f"{OF}version": name})["value"]
    assert [each["commitId"] for each in found] == shop.git("rev-list", name).split()


def test_commits_in_parts_and_of_a_path(ask, shop):
    every = shop.git("rev-list", "main").split()
    found = ask("/commits", **{"searchCriteria.$skip": 2, "searchCriteria.$top": 3})["value"]
    assert [each["commitId"] for each in found] == every[2:5]
    for path in ("docs/grüße ☃.md", "src"):
        found = ask("/commits", **{"searchCriteria.itemPath": f"/{path}"})["value"]
        assert [e["commitId"] for e in found] == shop.git("rev-list", "main", "--", path).split()
    for path in ("/none", "/../x"):
        gone = ask("/commits", 404, **{"searchCriteria.itemPath": path})
        assert gone["typeKey"] == "GitItemNotFoundException"


@pytest.mark.parametrize(
    ("kind", "version", "status"),
    [
        ("branch", "v1", 404),
        ("tag", "main", 404),
        ("branch", "main~1", 404),
        ("branch", "..", 404),
        ("commit", "0" * 40, 404),
        ("commit", "main", 400),
        ("commit", "abcdef1", 400),
    ],
)
def test_a_version_that_is_none(ask, kind, version, status):
    params = {f"{OF}versionType": kind, f"{OF}version": version}
    key = ask("/commits", status, **params)["typeKey"]
    assert key == ("GitUnresolvableToCommitException" if status == 404 else
                   "InvalidArgumentValueException")  # fmt: skip


def test_an_empty_repository_has_no_commits(client):
    answer = client.get("/acme/Online Shop/_apis/git/repositories/empty/commits")
    assert answer.status_code == 404


def test_numbers_that_are_none(start, connect):
    client = connect(start())
    for value in ("x", "-1", "1.5"):
        answer = client.get(f"{REPO}/commits", params={"searchCriteria.$top": value})
        assert answer.status_code == 400


# --- comparisons -----------------------------------------------------------------------------


def changed(shop, *revisions) -> set[tuple[str, str]]:
    """git's letters and paths of what changed."""
    fields = shop.git(
        "diff-tree", "-r", "-M", "-z", "--root", "--no-commit-id", "--name-status", *revisions
    ).split("\0")
    found, at_ = set(), 0
    while at_ < len(fields) - 1:
        moved = fields[at_].startswith("R")
        found.add((fields[at_][0], fields[at_ + (2 if moved else 1)]))
        at_ += 3 if moved else 2
    return found


LETTERS = {"add": "A", "edit": "M", "delete": "D", "rename": "R", "edit, rename": "R"}


def told(changes) -> set[tuple[str, str]]:
    return {
        (LETTERS[each["changeType"]], each["item"]["path"].removeprefix("/"))
        for each in changes
        if not each["item"].get("isFolder") and "sourceRename" not in each["changeType"]
    }


def test_the_changes_of_every_commit(ask, shop):
    for oid in shop.commits:
        parents = shop.git("rev-list", "--parents", "-n1", oid).split()[1:]
        answer = ask(f"/commits/{oid}/changes")
        assert told(answer["changes"]) == changed(shop, *parents[:1], oid)
        assert sum(answer["changeCounts"].values()) == len(answer["changes"])


def test_a_rename_is_told_at_both_places_and_folders_too(ask, shop):
    changes = ask(f"/commits/{shop.commits[7]}/changes")["changes"]
    kinds = {each["item"]["path"]: each["changeType"] for each in changes}
    assert kinds["/README.md"] == "delete, sourceRename"
    assert kinds["/docs"] == "edit"
    moved = next(each for each in changes if each["item"]["path"] == "/docs/README.md")
    assert (moved["changeType"], moved["sourceServerItem"]) == ("rename", "/README.md")
    part = ask(f"/commits/{shop.commits[7]}/changes", top=1, skip=1)["changes"]
    assert part == changes[1:2]


@pytest.mark.parametrize(("base", "target"), [("old", "main"), ("main", "old"), ("old", "old")])
def test_a_comparison(ask, client, shop, base, target):
    ids = [shop.git("rev-parse", name) for name in (base, target)]
    params = {
        "baseVersionType": "commit", "baseVersion": ids[0], "targetVersionType": "branch",
        "targetVersion": target, "diffCommonCommit": "true",
    }  # fmt: skip
    diff = ask("/diffs/commits", **params)
    assert diff["commonCommit"] == shop.git("merge-base", *ids)
    assert told(diff["changes"]) == changed(shop, diff["commonCommit"], ids[1])
    ahead = shop.git("rev-list", f"{ids[0]}..{ids[1]}").split()
    assert (diff["aheadCount"], diff["allChangesIncluded"]) == (len(ahead), True)
    body = {
        "itemVersion": {"versionType": "commit", "version": ids[0]},
        "compareVersion": {"versionType": "commit", "version": ids[1]},
    }
    listed = client.post(f"{REPO}/commitsbatch", json=body).json()["value"]
    assert [each["commitId"] for each in listed] == ahead
    part = client.post(f"{REPO}/commitsbatch", json=body, params={"$top": 1, "$skip": 1}).json()
    assert [each["commitId"] for each in part["value"]] == ahead[1:2]


def test_a_comparison_in_parts_and_without_a_common_ancestor(ask, client, shop):
    params = {"baseVersion": "old", "targetVersion": "main"}
    whole = ask("/diffs/commits", **params)
    part = ask("/diffs/commits", **params, **{"$top": 1})
    assert part["changes"] == whole["changes"][:1]
    assert not part["allChangesIncluded"]
    tree = shop.git("rev-parse", "HEAD^{tree}")
    lone = shop.git("commit-tree", tree, "-m", "alone", env=shop.identity())
    alone = ask("/diffs/commits", targetVersionType="commit", targetVersion=lone,
                baseVersion="main", diffCommonCommit="true")  # fmt: skip
    assert (alone["commonCommit"], alone["changes"]) == (None, [])
    assert client.post(f"{REPO}/commitsbatch", json={}).status_code == 400


# --- refs ------------------------------------------------------------------------------------


def test_refs_are_gits_and_have_pages(client, emulator, shop):
    every = shop.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    found = client.get(f"{REPO}/refs").json()["value"]
    assert [f"{each['name']} {each['objectId']}" for each in found] == sorted(every)
    names, params = [], {"filter": "heads/", "$top": 2}
    while True:
        page = client.get(f"{REPO}/refs", params=params)
        names += [each["name"] for each in page.json()["value"]]
        if "x-ms-continuationtoken" not in page.headers:
            break
        params["continuationToken"] = page.headers["x-ms-continuationtoken"]
    assert names == ["refs/heads/feature/x", "refs/heads/main", "refs/heads/old"]
    found = client.get(f"{REPO}/refs", params={"filterContains": "ture"}).json()["value"]
    assert [each["name"] for each in found] == ["refs/heads/feature/x"]


# --- items -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["src/app.py", "docs/grüße ☃.md", "a b.txt", "crlf.txt", "large.txt", "link"]
)
def test_a_files_bytes_are_gits(client, shop, path):
    head = shop.commits[-1]
    params = {"path": f"/{path}", "$format": "octetStream", **at(head)}
    answer = client.get(f"{REPO}/items", params=params)
    blob = shop.git("rev-parse", f"{head}:{path}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert int(answer.headers["content-length"]) == int(shop.git("cat-file", "-s", blob))
    assert (
        answer.text
        == client.get(
            f"{REPO}/items", params={"path": path}, headers={"Accept": "application/octet-stream"}
        ).text
    )
    item = client.get(f"{REPO}/items", params={"path": path, "includeContent": "true"}).json()
    assert (item["objectId"], item["path"]) == (blob, f"/{path}")
    assert item["content"] == answer.text
    assert item.get("isSymLink", False) == (path == "link")
    known = client.get(f"{REPO}/blobs/{blob}", params={"$format": "json"}).json()
    assert known["size"] == len(answer.content)


def test_items_below_a_path(ask, shop):
    head = shop.commits[-1]
    every = ask("/items", scopePath="/", recursionLevel="full", **at(head))["value"]
    listed = shop.git("ls-tree", "-r", "-t", "-z", "--name-only", head).strip("\0").split("\0")
    assert [each["path"] for each in every] == ["/", *(f"/{path}" for path in listed)]
    docs = ask("/items", scopePath="/docs", recursionLevel="oneLevel", **at(head))["value"]
    assert [each["path"] for each in docs] == ["/docs", "/docs/README.md", "/docs/grüße ☃.md"]
    assert [each["path"] for each in ask("/items", scopePath="/a b.txt")["value"]] == ["/a b.txt"]
    assert ask("/items", 404, scopePath="/none")["typeKey"] == "GitItemNotFoundException"


@pytest.mark.parametrize("path", ["/none", "/../x", "/src/app.py/x", "/a\0", "/src//app.py"])
def test_an_item_that_is_not_there(ask, path):
    assert ask("/items", 404, path=path)["typeKey"] == "GitItemNotFoundException"


def test_a_folder_has_no_bytes_and_a_backslash_is_a_slash(ask, client):
    refused = ask("/items", 400, path="/src", **{"$format": "octetStream"})
    assert refused["typeKey"] == "GitUnexpectedObjectTypeException"
    assert ask("/items", path="/src")["isFolder"] is True
    assert ask("/items", path="\\src\\app.py")["path"] == "/src/app.py"


# --- pull requests and code ------------------------------------------------------------------


def test_pull_requests_by_commit(emulator, client, shop):
    merge, feature = shop.commits[6], shop.commits[4]
    emulator.add_pull_request(
        "Online Shop/shop", title="Add it", head="feature/x", base="main", merge_commit=merge
    )

    def query(kind: str, *items: str):
        body = {"queries": [{"type": kind, "items": list(items)}]}
        answer = client.post(f"{REPO}/pullrequestquery", json=body).json()
        (found,) = answer["results"]
        return found

    (pull,) = query("commit", feature)[feature]
    assert (pull["pullRequestId"], pull["status"]) == (1, "completed")
    assert pull["lastMergeCommit"]["commitId"] == merge
    assert query("lastMergeCommit", merge, feature) == {merge: [pull]}
    assert query("commit", shop.commits[0]) == {}
    bad = client.post(f"{REPO}/pullrequestquery", json={"queries": [{"items": []}]})
    assert bad.status_code == 400


def test_code_is_searched(emulator, client, clock, shop):
    url = "/acme/Online Shop/_apis/search/codesearchresults"

    def search(text: str, **more):
        body = {"searchText": text, "$top": 10, "$skip": 0, **more}
        return client.post(url, json=body).json()

    found = search("TWO three", includeSnippet=True)
    assert [each["path"] for each in found["results"]] == ["/src/app.py"]
    lines = {(hit["line"], hit["codeSnippet"]) for hit in found["results"][0]["matches"]["content"]}
    assert lines == {(3, "TWO"), (4, "three")}
    places = search("TWO")["results"][0]["matches"]["content"]
    assert [(hit["charOffset"], hit["line"], hit["codeSnippet"]) for hit in places] == [
        (9, 0, None)
    ]
    assert search('"one\nTWO"')["count"] in {0, 1}
    assert search("path:x")["count"] == 0
    assert search("TWO", filters={"Repository": ["empty"]})["count"] == 0
    assert search("TWO", **{"$skip": 1})["results"] == []
    emulator.world.search_lag = clock.now - clock.now.replace(year=2025)
    assert search("TWO")["count"] == 0
