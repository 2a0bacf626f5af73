"""GraphQL over git: every fact is git's, every error has GitHub's form."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from forge_emulator.blame import blame
from forge_emulator.git import GitError

REPOSITORY = '{repository(owner:"acme",name:"shop"){%s}}'


@pytest.fixture
def shown(ask):
    """The fields of acme/shop that are asked for."""

    def run(fields):
        answer = ask(REPOSITORY % fields)
        assert "errors" not in answer
        return answer["data"]["repository"]

    return run


def git_blame(shop, commit, path):
    """(line, commit) of each line, as `git blame` prints them for people."""
    rows = shop.git("blame", "-l", "-s", commit, "--", path).split("\n")
    return [(number, row.split()[0].lstrip("^")[:39]) for number, row in enumerate(rows, 1)]


@pytest.mark.parametrize("path", ["src/app.py", "crlf.txt", "docs/README.md", "docs/grüße ☃.md"])
@pytest.mark.parametrize("ref", ["main", "old"])
def test_blame_is_gits(ask, shop, path, ref):
    if (path, ref) == ("docs/README.md", "old"):
        path = "README.md"
    query = """query($ref: String!, $path: String!) {
      repository(owner: "acme", name: "shop") { object(expression: $ref) { ... on Commit {
        blame(path: $path) { ranges { startingLine endingLine age commit {
          oid message committedDate author { name email user { login } } } } } } } } }"""
    answer = ask(query, ref=ref, path=path)
    ranges = answer["data"]["repository"]["object"]["blame"]["ranges"]
    lines = [
        (line, found["commit"]["oid"][:39])
        for found in ranges
        for line in range(found["startingLine"], found["endingLine"] + 1)
    ]
    assert lines == git_blame(shop, ref, path)
    for one, two in itertools.pairwise(ranges):
        assert one["commit"]["oid"] != two["commit"]["oid"]
    for found in ranges:
        commit = found["commit"]
        show = ["show", "-s", "--format=%an%x1f%ae%x1f%B", commit["oid"]]
        name, email, message = shop.git(*show).split("\x1f")
        assert (commit["author"]["name"], commit["author"]["email"]) == (name, email)
        assert commit["message"] == message.rstrip("\n")
        known = {"login": "alice"} if email == "alice@example.com" else None
        assert commit["author"]["user"] == known
        assert 1 <= found["age"] <= 10


def test_age_is_one_for_the_newest_and_ten_for_the_oldest(shown):
    found = shown('object(expression:"main"){...on Commit{blame(path:"src/app.py"){ranges{age}}}}')
    ages = [each["age"] for each in found["object"]["blame"]["ranges"]]
    assert ages[0] == 1
    assert max(ages) == 10


def test_blame_of_nothing(ask):
    part = 'object(expression:"main"){...on Commit{blame(path:"%s"){ranges{age}}}}'
    for path in ("none", "src", "", "../x"):
        answer = ask(REPOSITORY % part % path)
        assert answer["data"]["repository"]["object"] is None
        error = answer["errors"][0]
        assert (error["type"], error["path"]) == ("NOT_FOUND", ["repository", "object", "blame"])


def test_many_files_in_one_aliased_query(emulator, shown, shop):
    files = {"f0": ("main", "src/app.py"), "f1": ("old", "crlf.txt"), "f2": ("v1", "a b.txt")}
    fields = " ".join(
        f'{alias}:object(expression:"{ref}"){{...on Commit{{oid blame(path:"{path}")'
        "{ranges{startingLine endingLine commit{oid}}}}}"
        for alias, (ref, path) in files.items()
    )
    found = shown(fields)
    for alias, (ref, path) in files.items():
        ranges = found[alias]["blame"]["ranges"]
        lines = [
            (n, r["commit"]["oid"][:39])
            for r in ranges
            for n in range(r["startingLine"], r["endingLine"] + 1)
        ]
        assert lines == git_blame(shop, ref, path)
    assert len(emulator.requests) == 1


def test_blame_is_remembered_and_can_be_warmed(emulator, shown):
    emulator.warm_blame("acme/shop", "main", ["src/app.py", "crlf.txt"])
    assert len(emulator.world.blame) == 2
    shown('object(expression:"main"){...on Commit{blame(path:"src/app.py"){ranges{age}}}}')
    assert len(emulator.world.blame) == 2
    with pytest.raises(KeyError):
        emulator.warm_blame("no/where", "main", [])


def test_blame_in_a_rush(shop, monkeypatch):
    """Many threads that ask for the same file compute it once; another file waits for nobody."""
    from forge_emulator import blame as module

    computed = []

    def count(git_dir, commit, path):
        computed.append(path)
        return blame(git_dir, commit, path)

    monkeypatch.setattr(module, "blame", count)
    memo = module.BlameMemo(size=1)
    git_dir, oid = shop.path / ".git", shop.commits[-1]
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(memo.get, git_dir, oid, "src/app.py") for _ in range(40)]
        answers = {each.result() for each in asked}
    assert computed == ["src/app.py"]
    assert answers == {blame(git_dir, oid, "src/app.py")}
    memo.get(git_dir, oid, "crlf.txt")
    assert len(memo) == 1
    with pytest.raises(GitError):
        memo.get(git_dir, oid, "none")
    memo.get(git_dir, oid, "src/app.py")
    assert computed.count("src/app.py") == 2


def test_commands_in_a_repositorys_configuration_do_not_run(
    tmp_path, start_emulator, connect, shop
):
    from forge_emulator import HostedRepository

    repo = type(shop)(tmp_path / "repo")
    repo.path.mkdir()
    repo.git("init", "-q", "-b", "main")
    attributes = b"*.txt diff=evil filter=evil\n"
    repo.commit("one", {"a.txt": b"1\n", ".gitattributes": attributes})
    repo.commit("two", {"a.txt": b"2\n"})
    (repo.path / ".git" / "info" / "attributes").write_bytes(attributes)
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    keys = ("diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.smudge")
    for key in (*keys, "core.fsmonitor", "core.pager", "uploadpack.packObjectsHook"):
        repo.git("config", key, str(trap))
    emulator = start_emulator()
    emulator.add_repository(HostedRepository(full_name="x/y", path=repo.path))
    client = connect(emulator)
    query = '{repository(owner:"x",name:"y"){object(expression:"main"){...on Commit{'
    query += 'additions blame(path:"a.txt"){ranges{startingLine}}}}}}'
    assert "errors" not in client.post("/graphql", json={"query": query}).json()
    for path in ("commits/main", "contents/a.txt", "git/trees/main", "compare/main...main"):
        assert client.get(f"/repos/x/y/{path}").status_code == 200
    assert client.get("/search/code?q=2").status_code == 200
    repo.git("clone", "-q", "--bare", f"{emulator.url}/x/y.git", str(tmp_path / "copy"))
    assert not (tmp_path / "sprung").exists()


def test_blame_of_an_empty_file(tmp_path, shop):
    repo = type(shop)(tmp_path)
    repo.git("init", "-q", "-b", "main")
    oid = repo.commit("empty", {"none.txt": b"", "no-end.txt": b"a\nb"})
    assert blame(tmp_path / ".git", oid, "none.txt") == ()
    assert [(r.start, r.end) for r in blame(tmp_path / ".git", oid, "no-end.txt")] == [(1, 2)]


def test_repository(emulator, shown, shop):
    found = shown(
        "id databaseId name nameWithOwner url isPrivate isArchived isEmpty description createdAt"
        " pushedAt owner{__typename login ... on Organization{databaseId}}"
        " defaultBranchRef{name prefix id target{oid __typename} repository{name}}"
    )
    assert (found["databaseId"], found["nameWithOwner"]) == (1001, "acme/shop")
    assert found["url"] == f"{emulator.url}/acme/shop"
    assert found["owner"]["__typename"] == "Organization"
    ref = found["defaultBranchRef"]
    assert (ref["name"], ref["prefix"], ref["target"]["__typename"]) == (
        "main",
        "refs/heads/",
        "Commit",
    )
    assert ref["target"]["oid"] == shop.commits[-1]


def test_empty_repository(ask):
    query = '{repository(owner:"acme",name:"empty"){isEmpty pushedAt defaultBranchRef{name}}}'
    found = ask(query)["data"]["repository"]
    assert found == {"isEmpty": True, "pushedAt": None, "defaultBranchRef": None}


def test_commit(emulator, shown, shop):
    oid = shop.commits[1]
    found = shown(
        'object(oid:"%s"){abbreviatedOid commitUrl commitResourcePath id repository{name}'
        " ...on Commit{message messageHeadline messageBody committedDate authoredDate url"
        " additions deletions changedFilesIfAvailable tree{oid entries{name path type mode size}}"
        " parents(first:5){totalCount nodes{oid}} author{name email date user{login databaseId}}"
        " committer{name}}}" % oid
    )["object"]
    assert found["abbreviatedOid"] == oid[:7]
    assert (found["messageHeadline"], found["messageBody"]) == ("Change two", "The body\nof it.")
    assert found["committedDate"] == "2024-01-01T14:00:00Z"
    assert found["author"]["date"] == "2024-01-01T15:50:00+02:00"
    assert (found["additions"], found["deletions"], found["changedFilesIfAvailable"]) == (1, 1, 1)
    assert found["tree"]["oid"] == shop.git("rev-parse", f"{oid}^{{tree}}")
    names = [entry["name"] for entry in found["tree"]["entries"]]
    assert names == shop.git("ls-tree", "--name-only", oid).split("\n")
    assert found["parents"] == {"totalCount": 1, "nodes": [{"oid": shop.commits[0]}]}
    assert found["url"] == f"{emulator.url}/acme/shop/commit/{oid}"


def test_expressions(shown, shop):
    found = shown(
        'a:object(expression:"main:src/app.py"){oid ...on Blob{text byteSize isBinary isTruncated}}'
        ' b:object(expression:"%s:src"){__typename oid ...on Tree{entries{path object{oid}}}}'
        ' c:object(expression:"none:src/app.py"){oid} d:object(expression:"main:none"){oid}'
        ' e:object(expression:"none"){oid} f:object(expression:"old:bin.dat")'
        '{...on Blob{text isBinary}} g:object(oid:"%s"){__typename oid}'
        ' h:object(expression:"v1"){oid} i:object(expression:"main:"){oid __typename}'
        ' j:object{oid} k:object(expression:"main:large.txt"){...on Blob{isTruncated text}}'
        ' l:object(expression:"feature/x"){oid} m:object(oid:"%s"){oid}'
        % (
            shop.commits[4][:10],
            shop.git("rev-parse", "HEAD:crlf.txt"),
            shop.git("rev-parse", "v1"),
        )
    )
    content = (shop.path / "src/app.py").read_text()
    assert found["a"] == {
        "oid": shop.git("rev-parse", "HEAD:src/app.py"),
        "text": content,
        "byteSize": len(content),
        "isBinary": False,
        "isTruncated": False,
    }
    assert [entry["path"] for entry in found["b"]["entries"]] == ["src/app.py", "src/feature.py"]
    assert found["c"] is found["d"] is found["e"] is found["j"] is found["m"] is None
    assert found["f"] == {"text": None, "isBinary": True}
    assert found["g"]["__typename"] == "Blob"
    assert found["h"]["oid"] == shop.commits[-1]
    assert found["i"] == {"oid": shop.git("rev-parse", "HEAD^{tree}"), "__typename": "Tree"}
    assert found["k"]["isTruncated"] is True
    assert len(found["k"]["text"]) == 512 * 1024
    assert found["l"]["oid"] == shop.git("rev-parse", "feature/x")


def test_ref_and_history(shown, shop):
    found = shown(
        'ref(qualifiedName:"refs/heads/old"){name target{...on Commit{oid history(first:2)'
        "{totalCount nodes{oid} edges{cursor node{oid}} pageInfo{hasNextPage endCursor"
        ' hasPreviousPage startCursor}}}}} short:ref(qualifiedName:"v1"){name prefix target{oid}}'
        ' none:ref(qualifiedName:"none"){name}'
        ' p:object(expression:"main"){...on Commit{history(first:9,path:"src/app.py",'
        'since:"2024-01-01T14:00:00Z",until:"2024-01-02T00:00:00Z"){nodes{oid}}'
        ' bad:history(first:9,path:"../x"){totalCount}}}'
    )
    history = found["ref"]["target"]["history"]
    log = shop.git("rev-list", "old").split()
    assert [node["oid"] for node in history["nodes"]] == log[:2]
    assert history["totalCount"] == len(log)
    assert history["pageInfo"]["hasNextPage"] is True
    assert history["edges"][0] == {"cursor": "cursor 0", "node": {"oid": log[0]}}
    assert found["short"] == {
        "name": "v1",
        "prefix": "refs/tags/",
        "target": {"oid": shop.commits[-1]},
    }
    assert found["none"] is None
    expected = shop.git("rev-list", "--since=2024-01-01T14:00:00Z", "main", "--", "src/app.py")
    assert [node["oid"] for node in found["p"]["history"]["nodes"]] == expected.split()
    assert found["p"]["bad"]["totalCount"] == 0


def test_history_pages(shown, shop):
    part = 'object(expression:"main"){...on Commit{history(%s){nodes{oid}pageInfo{endCursor hasNextPage hasPreviousPage}}}}'
    seen, after = [], ""
    while True:
        page = shown(part % f"first:4{after}")["object"]["history"]
        seen += [node["oid"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = f',after:"{page["pageInfo"]["endCursor"]}"'
    assert seen == shop.git("rev-list", "main").split()
    last = shown(part % "last:2")["object"]["history"]
    assert [node["oid"] for node in last["nodes"]] == seen[-2:]
    before = shown(part % 'last:2,before:"cursor 3"')["object"]["history"]
    assert [node["oid"] for node in before["nodes"]] == seen[1:3]
    none = shown(part % "first:0")["object"]["history"]
    assert none["nodes"] == []
    assert none["pageInfo"]["endCursor"] is None


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ("", "MISSING_PAGINATION_BOUNDARIES"),
        ("(first:101)", "EXCESSIVE_PAGINATION"),
        ("(first:-1)", "EXCESSIVE_PAGINATION"),
        ('(first:1,after:"x")', "INVALID_CURSOR_ARGUMENTS"),
        ('(first:1,since:"soon")', None),
    ],
)
def test_bad_pages(ask, arguments, kind):
    part = 'object(expression:"main"){...on Commit{history%s{totalCount}}}'
    answer = ask(REPOSITORY % part % arguments)
    assert answer["errors"][0].get("type") == kind


def test_file_and_pull_requests(emulator, shown, shop):
    emulator.add_pull_request(
        "acme/shop", title="Add", head="feature/x", base="main", merge_commit=shop.commits[6]
    )
    found = shown(
        'object(expression:"main"){...on Commit{file(path:"src"){name type mode oid object{oid}'
        ' repository{name}} none:file(path:"none"){oid} root:file(path:""){oid}}}'
        ' f:object(expression:"feature/x"){...on Commit{associatedPullRequests(first:2)'
        "{totalCount nodes{number title state merged mergedAt url baseRefName headRefName body"
        " createdAt databaseId mergeCommit{oid} id} edges{cursor node{number}}}}}"
    )
    entry = found["object"]["file"]
    assert (entry["type"], entry["mode"]) == ("tree", 0o040000)
    assert entry["object"]["oid"] == entry["oid"] == shop.git("rev-parse", "HEAD:src")
    assert found["object"]["none"] is found["object"]["root"] is None
    pull = found["f"]["associatedPullRequests"]["nodes"][0]
    assert (pull["number"], pull["state"], pull["merged"]) == (1, "MERGED", True)
    assert pull["mergeCommit"]["oid"] == shop.commits[6]


def test_unknown_repository_beside_a_known_one(ask):
    answer = ask(
        '{a:repository(owner:"no",name:"where"){id} b:repository(owner:"acme",name:"shop"){name}}'
    )
    assert answer == {
        "data": {"a": None, "b": {"name": "shop"}},
        "errors": [
            {
                "type": "NOT_FOUND",
                "path": ["a"],
                "locations": [{"line": 1, "column": 2}],
                "message": "Could not resolve to a Repository with the name 'no/where'.",
            }
        ],
    }


def test_private_repository(emulator, connect):
    query = {"query": '{repository(owner:"acme",name:"secret"){isPrivate}}'}
    known = connect(emulator).post("/graphql", json=query).json()
    assert known["data"]["repository"]["isPrivate"] is True
    narrow = connect(emulator, "ghp_narrow").post("/graphql", json=query).json()
    assert narrow["errors"][0]["type"] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/graphql", "/api/graphql"])
def test_viewer_and_credentials(emulator, connect, path):
    query = {"query": "{viewer{login databaseId id url name}}"}
    answer = connect(emulator).post(path, json=query).json()
    assert answer["data"]["viewer"]["login"] == "dora"
    assert connect(emulator, None).post(path, json=query).status_code == 401
    assert connect(emulator, "wrong").post(path, json=query).status_code == 401


def test_points(start_emulator, connect):
    client = connect(start_emulator(rate_limit=3))
    query = {"query": "{rateLimit{limit cost remaining used resetAt nodeCount}}"}
    first = client.post("/graphql", json=query)
    assert first.json()["data"]["rateLimit"] == {
        "limit": 3,
        "cost": 1,
        "remaining": 2,
        "used": 1,
        "resetAt": "2026-01-01T01:00:00Z",
        "nodeCount": 0,
    }
    assert first.headers["x-ratelimit-resource"] == "graphql"
    client.post("/graphql", json=query)
    client.post("/graphql", json=query)
    over = client.post("/graphql", json=query)
    assert over.status_code == 200
    assert over.json()["errors"][0]["type"] == "RATE_LIMITED"
    assert client.get("/repos/acme/shop").status_code == 200


def test_cost_of_nested_lists(client):
    query = """query($n: Int) { repository(owner: "acme", name: "shop") {
      object(expression: "main") { ... on Commit { history(first: $n) { nodes {
        associatedPullRequests(first: 1) { nodes { number } } } } } } } rateLimit { cost } }"""
    for number, cost in ((100, 1), (2, 1)):
        answer = client.post("/graphql", json={"query": query, "variables": {"n": number}}).json()
        assert answer["data"]["rateLimit"]["cost"] == cost
    deep = """{ repository(owner: "acme", name: "shop") { object(expression: "main") { ... on Commit {
      history(first: 100) { nodes { parents(last: 3) { nodes { associatedPullRequests(first: 1) {
        totalCount } } } } } } } } rateLimit { cost } }"""
    assert client.post("/graphql", json={"query": deep}).json()["data"]["rateLimit"]["cost"] == 4


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"query": 1}, 400),
        ({"query": "{viewer{login}}", "variables": [1]}, 400),
        ({"query": "{"}, 200),
        ({"query": "{nothing}"}, 200),
        ({"query": "{viewer{login}} {viewer{login}}"}, 200),
        ({"query": "query A{viewer{login}} query B{viewer{login}}", "operationName": "C"}, 200),
        ({"query": "query($x:Int!){viewer{login}}"}, 200),
        ({"query": "{" + "viewer{" * 5000}, 200),
        ({"query": '{repository(owner:"a",name:"b")' + "{owner" * 60_000}, 200),
    ],
)
def test_bad_queries(client, body, status):
    response = client.post("/graphql", json=body)
    assert response.status_code == status
    if status == 200:
        errors = response.json()["errors"]
        assert errors
        assert all(error["message"] for error in errors)
    assert "Traceback" not in response.text


def test_only_post(client):
    assert client.get("/graphql").status_code == 404


@pytest.mark.parametrize("path", ["\ud800", "\udcff", "a\0b", "x" * 200_000])  # noqa: PT014
def test_paths_that_cannot_be(client, path):
    query = """query($e: String, $p: String!) { repository(owner: "acme", name: "shop") {
      a: object(expression: $e) { oid } b: object(expression: "main") { ... on Commit {
        file(path: $p) { oid } history(first: 1, path: $p) { totalCount } } } } }"""
    for expression in (path, f"main:{path}", f"{path}:x"):
        body = json.dumps({"query": query, "variables": {"e": expression, "p": path}})
        found = client.post("/graphql", content=body).json()["data"]["repository"]
        assert found == {"a": None, "b": {"file": None, "history": {"totalCount": 0}}}
