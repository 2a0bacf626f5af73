"""Repositories, branches, refs, visibility and headers over REST."""

import pytest

from forge_emulator import Emulator, HostedRepository
from forge_emulator.git import GitError
from forge_emulator.repositories import stable_number


def test_repository(client, emulator, shop):
    answer = client.get("/repos/acme/shop").json()
    assert (answer["id"], answer["full_name"], answer["default_branch"]) == (
        1001,
        "acme/shop",
        "main",
    )
    assert answer["description"] == "A shop"
    assert answer["clone_url"] == f"{emulator.url}/acme/shop.git"
    newest = shop.git(
        "for-each-ref", "--sort=-committerdate", "--count=1",
        "--format=%(committerdate:format:%Y-%m-%dT%H:%M:%SZ)", "refs/heads",
    )  # fmt: skip
    assert answer["pushed_at"] == newest
    assert client.get("/repositories/1001").json()["full_name"] == "acme/shop"
    assert client.get("/REPOS/acme/shop").status_code == 404
    assert client.get("/repos/ACME/Shop").json()["id"] == 1001


@pytest.mark.parametrize("base", ["", "/api/v3"])
def test_addresses_keep_the_form_that_was_called(emulator, connect, base):
    client = connect(emulator, base=base)
    answer = client.get("/repos/acme/shop").json()
    assert answer["url"] == f"{emulator.url}{base}/repos/acme/shop"
    assert client.get(answer["url"]).json()["id"] == 1001


def test_private_repository(emulator, connect):
    assert connect(emulator).get("/repos/acme/secret").json()["visibility"] == "private"
    for token in ("ghp_narrow", None):
        client = connect(emulator, token)
        for path in ("/repos/acme/secret", "/repositories/1003", "/repos/acme/secret/commits"):
            response = client.get(path)
            assert response.status_code == 404
            assert response.json()["message"] == "Not Found"
        assert client.get("/repos/acme/shop").status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["Bearer nonsense", "Basic !!!", "Digest x", "Bearer", "token wrong", "Basic d3Jvbmc="],
)
def test_bad_credentials(emulator, connect, authorization):
    response = connect(emulator, None).get(
        "/repos/acme/shop", headers={"Authorization": authorization}
    )
    assert response.status_code == 401
    assert response.json() == {
        "message": "Bad credentials",
        "documentation_url": "https://docs.github.com/rest",
        "status": "401",
    }


def test_basic_credentials(emulator, connect):
    for auth in (("x-access-token", "ghp_test"), ("ghp_test", ""), ("ghp_test", "x-oauth-basic")):
        assert connect(emulator, None).get("/user", auth=auth).json()["login"] == "dora"


def test_revoked_token(emulator, client):
    assert client.get("/user").status_code == 200
    emulator.revoke_token("ghp_test")
    assert client.get("/user").status_code == 401
    emulator.add_token("ghp_test", "frida")
    assert client.get("/user").json()["login"] == "frida"


def test_anonymous_user(emulator, connect):
    client = connect(emulator, None)
    assert client.get("/user").status_code == 401
    assert client.get("/user/repos").status_code == 401
    assert client.get("/repos/acme/shop").headers["x-ratelimit-limit"] == "60"


def test_lists(emulator, connect):
    client = connect(emulator)
    names = [r["full_name"] for r in client.get("/user/repos").json()]
    assert names == ["acme/empty", "acme/secret", "acme/shop", "dora/old"]
    narrow = connect(emulator, "ghp_narrow").get("/user/repos").json()
    assert [r["full_name"] for r in narrow] == ["acme/shop"]
    page = client.get("/orgs/acme/repos?per_page=2")
    assert [r["name"] for r in page.json()] == ["empty", "secret"]
    assert [r["name"] for r in client.get(page.links["next"]["url"]).json()] == ["shop"]
    assert client.get("/orgs/dora/repos").status_code == 404
    assert client.get("/orgs/none/repos").status_code == 404


def test_page_size_cap(start_emulator, connect):
    client = connect(start_emulator(page_size_cap=2))
    assert len(client.get("/user/repos?per_page=100").json()) == 2
    for nonsense in ("per_page=x", "per_page=0", "per_page=-1", "page=0", "page=²"):
        assert client.get(f"/user/repos?{nonsense}").status_code == 200


def test_branches(client, shop):
    answer = client.get("/repos/acme/shop/branches").json()
    git = shop.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads")
    assert [f"{b['name']} {b['commit']['sha']}" for b in answer] == git.split("\n")
    branch = client.get("/repos/acme/shop/branches/feature/x").json()
    assert branch["commit"]["sha"] == shop.git("rev-parse", "feature/x")
    missing = client.get("/repos/acme/shop/branches/none")
    assert (missing.status_code, missing.json()["message"]) == (404, "Branch not found")


def test_refs(client, shop):
    head = client.get("/repos/acme/shop/git/ref/heads/feature/x").json()
    assert head["ref"] == "refs/heads/feature/x"
    assert head["object"]["sha"] == shop.git("rev-parse", "feature/x")
    tag = client.get("/repos/acme/shop/git/ref/tags/v1").json()["object"]
    assert (tag["type"], tag["sha"]) == ("tag", shop.git("rev-parse", "v1"))
    for wrong in ("heads/none", "heads/a..b", "heads/a b"):
        assert client.get(f"/repos/acme/shop/git/ref/{wrong}").status_code == 404


def test_etag_answers_304_and_is_free(client):
    first = client.get("/repos/acme/shop")
    left = first.headers["x-ratelimit-remaining"]
    again = client.get("/repos/acme/shop", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["x-ratelimit-remaining"] == left
    other = client.get("/repos/acme/shop", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200
    assert int(other.headers["x-ratelimit-remaining"]) == int(left) - 1


def test_headers_of_every_answer(client):
    for path in ("/repos/acme/shop", "/repos/acme/none", "/nowhere"):
        headers = client.get(path).headers
        assert headers["x-ratelimit-resource"] == "core"
        assert int(headers["x-ratelimit-used"]) >= 1
        assert len(headers["x-github-request-id"]) == 32
        assert headers["x-github-media-type"] == "github.v3; format=json"


def test_rate_limit_is_enforced_and_ends(start_emulator, connect, clock):
    client = connect(start_emulator(rate_limit=2))
    assert client.get("/repos/acme/shop").headers["x-ratelimit-remaining"] == "1"
    assert client.get("/repos/acme/shop").headers["x-ratelimit-remaining"] == "0"
    refused = client.get("/repos/acme/shop")
    assert refused.status_code == 403
    assert "API rate limit exceeded" in refused.json()["message"]
    reset = int(refused.headers["x-ratelimit-reset"])
    assert reset == int(clock.now.timestamp()) + 3600
    state = client.get("/rate_limit").json()
    assert state["rate"] == {"limit": 2, "used": 2, "remaining": 0, "reset": reset}
    clock.move(hours=1)
    assert client.get("/repos/acme/shop").status_code == 200


def test_searches_have_a_limit_of_their_own(client):
    response = client.get("/search/repositories?q=shop")
    assert response.headers["x-ratelimit-resource"] == "search"
    assert response.headers["x-ratelimit-limit"] == "30"


def test_host_without_limits(start_emulator, connect):
    client = connect(start_emulator(rate_limit=None))
    assert "x-ratelimit-limit" not in client.get("/repos/acme/shop").headers
    assert client.get("/rate_limit").status_code == 404
    answer = client.post("/graphql", json={"query": "{rateLimit{limit}}"}).json()
    assert answer == {"data": {"rateLimit": None}}


def test_user_agent_and_version_are_asked_for(client):
    assert client.get("/repos/acme/shop", headers={"User-Agent": ""}).status_code == 403
    bad = client.get("/repos/acme/shop", headers={"X-GitHub-Api-Version": "1999-01-01"})
    assert bad.status_code == 400


def test_head_has_no_body(client):
    response = client.head("/repos/acme/shop/contents/large.txt")
    assert (response.status_code, response.content) == (200, b"")


def test_requests_are_recorded_without_secrets(emulator, client):
    client.get("/repos/acme/shop?access_token=hidden&page=1")
    client.post("/graphql", json={"query": "{viewer{login}}"})
    first, second = emulator.requests
    assert (first.method, first.path, first.status, first.kind) == (
        "GET",
        "/repos/acme/shop",
        200,
        "rest",
    )
    assert second.kind == "graphql"
    assert first.query == "access_token=%5Bredacted%5D&page=1"
    assert first.headers["authorization"] == "[redacted]"
    assert "ghp_test" not in repr(emulator.requests)
    emulator.clear_requests()
    assert emulator.requests == []


def test_hosting(tmp_path, shop):
    emulator = Emulator()
    shown = emulator.add_repository(HostedRepository(full_name="a/b", path=shop.path))
    assert shown.id == stable_number("a/b")
    with pytest.raises(ValueError, match="already a repository 'A/b'"):
        emulator.add_repository(HostedRepository(full_name="A/b", path=shop.path))
    with pytest.raises(ValueError, match="with the id"):
        emulator.add_repository(HostedRepository(full_name="c/d", path=shop.path, id=shown.id))
    for missing in (tmp_path, tmp_path / "none", shop.path / "src"):
        with pytest.raises(GitError):
            emulator.add_repository(HostedRepository(full_name="e/f", path=missing))
    emulator.remove_repository("a/b")
    with pytest.raises(KeyError):
        emulator.issues("a/b")
    for name in ("a", "/a", "a/", "a//c"):
        with pytest.raises(ValueError, match="owner/name"):
            HostedRepository(full_name=name, path=shop.path)
    nested = HostedRepository(full_name="a/b/c", path=shop.path)
    assert (nested.owner, nested.name) == ("a/b", "c")
    with pytest.raises(ValueError, match="no dialect"):
        Emulator("cvs")
    with pytest.raises(RuntimeError):
        _ = emulator.url


def test_bare_and_detached_repositories(tmp_path, shop, start_emulator, connect):
    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    shop.git("clone", "-q", ".", str(tmp_path / "detached"))
    detached = type(shop)(tmp_path / "detached")
    detached.git("checkout", "-q", "--detach", "HEAD~1")
    detached.git("branch", "-q", "-D", "main")
    emulator = start_emulator()
    emulator.add_repository(HostedRepository(full_name="x/bare", path=tmp_path / "bare.git"))
    emulator.add_repository(HostedRepository(full_name="x/detached", path=tmp_path / "detached"))
    client = connect(emulator)
    assert client.get("/repos/x/bare/commits/main").json()["sha"] == shop.commits[-1]
    assert client.get("/repos/x/detached").json()["default_branch"] == "main"
    assert client.get("/repos/x/detached/commits/main").json()["sha"] == shop.commits[-2]
    assert [b["name"] for b in client.get("/repos/x/detached/branches").json()] == ["main"]


def test_stop_and_start_again(start_emulator, connect):
    emulator = start_emulator()
    emulator.start()
    emulator.stop()
    emulator.stop()
    with emulator:
        assert connect(emulator).get("/repos/acme/shop").status_code == 200


def test_scopes(emulator, connect):
    assert connect(emulator).get("/user").headers["x-oauth-scopes"] == "repo"
    assert "x-oauth-scopes" not in connect(emulator, "ghp_narrow").get("/user").headers


def test_numbers_of_thousands_of_digits(client):
    for path in ("/repositories/", "/repos/acme/shop/issues/"):
        assert client.get(path + "9" * 5000).status_code == 404
        assert client.get(path + "9" * 18).status_code == 404


def test_repository_that_is_gone(tmp_path, start_emulator, connect, shop):
    emulator = start_emulator()
    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "gone.git"))
    emulator.add_repository(HostedRepository(full_name="x/gone", path=tmp_path / "gone.git"))
    client = connect(emulator)
    git = "/x/gone.git/info/refs?service=git-upload-pack"
    for part, target in (("objects", "objects"), (".", "elsewhere")):
        (tmp_path / "gone.git" / part).rename(tmp_path / target)
        for path in ("commits/main", "contents/src", "branches"):
            response = client.get(f"/repos/x/gone/{path}")
            assert response.status_code == 500
            assert response.json()["message"] == "Server Error"
        assert client.get(git).status_code >= 400
        query = {"query": '{repository(owner:"x",name:"gone"){object(expression:"main"){oid}}}'}
        errors = client.post("/graphql", json=query).json()["errors"]
        assert [error["message"] for error in errors] == [
            "Something went wrong while executing your query."
        ]
