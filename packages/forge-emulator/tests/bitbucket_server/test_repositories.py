"""Repositories, branches, who may see what, and how the host says no."""

import base64

import pytest

from forge_emulator import Fault, HostedRepository

API = "/rest/api/latest"
REPO = f"{API}/projects/ACME/repos/shop"


def names(answer):
    return [f"{each['project']['key']}/{each['slug']}" for each in answer.json()["values"]]


def error(answer):
    (only,) = answer.json()["errors"]
    return (only["exceptionName"] or "").rpartition(".")[2]


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_both_versions_are_the_same(client):
    assert client.get(REPO).json() == client.get(REPO.replace("latest", "1.0")).json()


def test_a_repository(client, emulator):
    value = client.get(f"{API}/projects/acme/repos/SHOP").json()
    assert (value["id"], value["slug"], value["project"]["key"]) == (1, "shop", "ACME")
    assert value["links"]["clone"] == [
        {"href": f"{emulator.url}/scm/acme/shop.git", "name": "http"}
    ]
    assert value["links"]["self"][0]["href"] == f"{emulator.url}/projects/ACME/repos/shop/browse"


def test_a_personal_repository(client, emulator):
    value = client.get(f"{API}/projects/~dora/repos/old").json()
    assert (value["project"]["key"], value["project"]["type"]) == ("~dora", "PERSONAL")
    assert value["links"]["self"][0]["href"] == f"{emulator.url}/users/dora/repos/old/browse"
    assert value["links"]["clone"][0]["href"] == f"{emulator.url}/scm/~dora/old.git"


def test_lists_by_name_state_and_permission(client, emulator, connect):
    assert names(client.get(f"{API}/repos")) == ["ACME/empty", "ACME/secret", "ACME/shop"]
    assert names(client.get(f"{API}/repos?name=%20SHO%20")) == ["ACME/shop"]
    assert names(client.get(f"{API}/repos?archived=all&projectkey=~DORA")) == ["~dora/old"]
    reader = connect(emulator, "BBDC-reader")
    assert len(names(reader.get(f"{API}/repos?permission=REPO_READ"))) == 3
    assert names(reader.get(f"{API}/repos?permission=REPO_ADMIN")) == []
    assert client.get(f"{API}/repos?permission=NONE").status_code == 400
    nobody = connect(emulator, None)
    assert names(nobody.get(f"{API}/repos")) == ["ACME/empty", "ACME/shop"]
    assert names(nobody.get(f"{API}/repos?permission=REPO_READ")) == []


def test_pages_are_counted_by_their_start(client):
    seen: list[object] = []
    start: int | None = 0
    while start is not None:
        page = client.get(f"{REPO}/branches", params={"start": start, "limit": 2}).json()
        assert (page["start"], page["limit"], page["size"]) == (start, 2, len(page["values"]))
        assert page["isLastPage"] is (page["nextPageStart"] is None)
        seen += [branch["displayId"] for branch in page["values"]]
        start = page["nextPageStart"]
    assert seen == ["feature/x", "main", "old"]


@pytest.mark.parametrize("query", ["start=x&limit=-1", "limit=0", ""])
def test_nonsense_in_a_page_is_passed_over(client, query):
    page = client.get(f"{REPO}/branches?{query}").json()
    assert (page["start"], page["limit"], page["size"]) == (0, 25, 3)


def test_branches(client, shop):
    found = client.get(f"{REPO}/branches?filterText=AT").json()["values"]
    assert [(branch["displayId"], branch["latestCommit"]) for branch in found] == [
        ("feature/x", shop.git("rev-parse", "feature/x"))
    ]
    assert client.get(f"{REPO}/default-branch").json()["displayId"] == "main"
    nothing = client.get(f"{API}/projects/ACME/repos/empty/default-branch")
    assert (nothing.status_code, error(nothing)) == (404, "NoDefaultBranchException")


def test_whose_credential_it_is_stands_in_the_headers(client, emulator, connect):
    headers = client.get(f"{API}/application-properties").headers
    assert headers["x-ausername"] == "dora"
    assert int(headers["x-auserid"]) > 0
    anonymous = connect(emulator, None).get(f"{API}/application-properties")
    assert anonymous.status_code == 200
    assert "x-ausername" not in anonymous.headers


@pytest.mark.parametrize("user", ["dora", "Dora", "x-token-auth"])
def test_a_name_with_a_password(emulator, connect, user):
    nobody = connect(emulator, None)
    answer = nobody.get(f"{API}/projects/ACME/repos/secret", headers=basic(user, "BBDC-token"))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic ???"},
        {"Authorization": "Digest x"},
        basic("dora", "wrong"),
        basic("eve", "BBDC-token"),
    ],
)
def test_a_credential_that_is_not_accepted(emulator, connect, headers):
    answer = connect(emulator, None).get(REPO, headers=headers)
    assert answer.status_code == 401
    assert error(answer) == "IncorrectPasswordAuthenticationException"


def test_a_missing_permission_is_a_401_too(emulator, connect):
    narrow = connect(emulator, "BBDC-narrow")
    for url in (f"{API}/projects/ACME/repos/secret", f"{API}/projects/ACME/repos/secret/commits"):
        answer = narrow.get(url)
        assert (answer.status_code, error(answer)) == (401, "AuthorisationException")
    answer = connect(emulator, "BBDC-reader").get(f"{REPO}/webhooks")
    assert (answer.status_code, error(answer)) == (401, "AuthorisationException")


def test_what_is_not_there(client):
    assert error(client.get(f"{API}/projects/ACME/repos/none")) == "NoSuchRepositoryException"
    assert error(client.get(f"{API}/projects/NONE/repos")) == "NoSuchProjectException"
    for url in (f"{API}/none", "/rest/none", "/", f"{API}/users/none"):
        assert client.get(url).status_code == 404
    assert client.delete(REPO).status_code == 404


@pytest.mark.parametrize("path", ["a%2Fb", "a%5Cb", "a%00b", "a%2fb"])
def test_the_server_takes_no_separator_in_disguise(client, path):
    answer = client.get(f"{REPO}/raw/{path}")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")


def test_the_bucket_fills_again(start, connect, clock):
    client = connect(start(rate_limit=3))
    statuses = [client.get(REPO).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refusal = client.get(REPO)
    assert "retry-after" not in refusal.headers
    assert len(refusal.json()["errors"]) == 1
    clock.move(seconds=0.2)
    assert client.get(REPO).status_code == 200
    assert client.get(REPO).status_code == 429


def test_faults(client, emulator):
    emulator.faults.add(Fault(kind="rate_limit_primary", times=1))
    assert client.get(REPO).status_code == 429
    emulator.faults.add(Fault(kind="status", status=503, times=1))
    answer = client.get(REPO)
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["message"]
    emulator.faults.add(
        Fault(kind="status", status=500, body=b"<html>", content_type="text/html", times=1)
    )
    assert client.get(REPO).text == "<html>"
    emulator.faults.add(Fault(kind="status", status=502, match="git", times=1))
    assert client.get("/scm/acme/shop.git/info/refs?service=git-upload-pack").status_code == 502


def test_a_renamed_and_a_removed_repository(client, emulator):
    emulator.rename_repository("ACME/shop", "OTHER/store")
    assert client.get(f"{API}/projects/OTHER/repos/store").json()["id"] == 1
    emulator.remove_repository("OTHER/store")
    assert client.get(f"{API}/projects/OTHER/repos/store").status_code == 404
    assert client.get(REPO).status_code == 404


def test_a_damaged_repository_is_an_error_of_the_server(client, emulator, tmp_path, git):
    git("init", "-q", "--bare", "gone.git")
    emulator.add_repository(HostedRepository(full_name="ACME/gone", path=tmp_path / "gone.git"))
    (tmp_path / "gone.git" / "HEAD").unlink()
    assert client.get(f"{API}/projects/ACME/repos/gone/default-branch").status_code == 500


def test_a_former_name_leads_on_until_another_repository_takes_it(emulator, client, connect, shop):
    emulator.rename_repository("ACME/shop", "OTHER/store")
    there = f"{emulator.url}{API}/projects/OTHER/repos/store"
    for rest in ("", "/browse/a%20b/%25?at=main&limit=1"):
        answer = client.get(f"{REPO}{rest}")
        assert (answer.status_code, answer.headers["location"]) == (301, f"{there}{rest}")
    assert client.get(REPO, follow_redirects=True).json()["id"] == 1
    emulator.rename_repository("ACME/secret", "OTHER/secret")
    hidden = f"{API}/projects/ACME/repos/secret"
    assert connect(emulator, "BBDC-narrow").get(hidden).status_code == 404
    emulator.add_repository(HostedRepository(full_name="ACME/shop", path=shop.path, id=9))
    assert client.get(REPO).json()["id"] == 9
