"""Credentials, scopes, versions, limits and faults, as the host answers them."""

import base64
from datetime import timedelta

import pytest

from forge_emulator import Fault

from .conftest import REPO, TOKEN

ENTRA = "/contoso.example/oauth2/v2.0/token"
FORM = {
    "grant_type": "client_credentials",
    "client_id": "app",
    "client_secret": "s3cret",
    "scope": "499b84ac-1321-427f-aa17-267ca6975798/.default",
}


@pytest.fixture
def emulator(start):
    return start()


@pytest.fixture
def client(emulator, connect):
    return connect(emulator)


def test_nobody_is_sent_to_sign_in_and_a_wrong_token_gets_the_page(emulator, connect):
    nobody = connect(emulator, None).get(REPO)
    assert nobody.status_code == 302
    assert "/_signin?" in nobody.headers["location"]
    wrong = connect(emulator, "wrong").get(REPO)
    assert wrong.status_code == 203
    assert wrong.headers["content-type"].startswith("text/html")
    assert "Sign In" in wrong.text
    bearer = connect(emulator, "wrong", bearer=True).get(REPO)
    assert bearer.status_code == 401
    assert "Basic realm" in bearer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "header", [f"Token {TOKEN}", "Basic !!!", "Basic", f"Bearer {TOKEN}", "Digest x"]
)
def test_a_credential_of_another_form_is_none(emulator, connect, header):
    client = connect(emulator, None)
    answer = client.get(REPO, headers={"Authorization": header})
    assert answer.status_code in {203, 401}


def test_the_user_of_a_personal_token_does_not_matter(emulator, connect):
    pair = base64.b64encode(f"whoever:{TOKEN}".encode()).decode()
    answer = connect(emulator, None).get(REPO, headers={"Authorization": f"Basic {pair}"})
    assert answer.status_code == 200


def test_a_revoked_token(emulator, client):
    emulator.revoke_token(TOKEN)
    assert client.get(REPO).status_code == 203


def test_an_application_gets_a_bearer_of_an_hour(emulator, connect, client, clock):
    given = client.post(ENTRA, data=FORM).json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)
    bearer = connect(emulator, given["access_token"], bearer=True)
    assert bearer.get(REPO).status_code == 200
    assert connect(emulator, given["access_token"]).get(REPO).status_code == 203
    preview = {"api-version": "7.1-preview.1"}
    who = bearer.get("/acme/_apis/connectionData", params=preview).json()
    assert who["authenticatedUser"]["providerDisplayName"] == "app"
    clock.now += timedelta(hours=1)
    assert bearer.get(REPO).status_code == 401


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "openid"}, 400, "invalid_scope"),
        ({"client_secret": "x"}, 401, "invalid_client"),
        ({"client_id": "x"}, 401, "invalid_client"),
    ],
)
def test_what_entra_refuses(client, changed, status, error):
    answer = client.post(ENTRA, data=FORM | changed)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_scopes_are_asked_for(emulator, connect):
    reader = connect(emulator, "reader")
    assert reader.get(REPO).status_code == 200
    query = {"query": "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project"}
    assert reader.post("/acme/Online Shop/_apis/wit/wiql", json=query).status_code == 200
    refused = reader.post("/acme/Online Shop/_apis/wit/workitems/$Issue", json=[])
    assert refused.status_code == 401
    assert "The user 'mallory' is not authorized" in refused.json()["message"]


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("", 400), ("7.1", 200), ("6.0", 200), ("7.1-preview.1", 200), ("9.9", 400), ("x", 400),
    ],
)  # fmt: skip
def test_every_request_names_the_version(emulator, connect, version, status):
    assert connect(emulator, version=version).get(REPO).status_code == status


@pytest.mark.parametrize(
    "path", ["/", "/acme", "/acme/_apis/other", "/acme/Online Shop/_apis/git/repositories/shop/x"]
)
def test_what_there_is_not(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["typeKey"] == "VssResourceNotFoundException"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"[" * 100_000])
def test_a_body_that_is_none(client, body):
    kind = {"Content-Type": "application/json"}
    assert client.post(f"{REPO}/commitsbatch", content=body, headers=kind).status_code == 400
    assert client.post(f"{REPO}/commitsbatch", content=body).status_code in {400, 415}


# --- limits and faults -----------------------------------------------------------------------


def test_the_limit_delays_before_it_refuses(start, connect, clock):
    client = connect(start(rate_limit=5))
    answers = [client.get(REPO) for _ in range(6)]
    assert [each.status_code for each in answers] == [200] * 5 + [429]
    delayed = [each.headers.get("retry-after") for each in answers]
    assert delayed[:3] == [None] * 3
    assert delayed[3:5] == ["1", "1"]
    assert answers[4].headers["x-ratelimit-remaining"] == "0"
    assert int(answers[5].headers["retry-after"]) == 300
    clock.move(minutes=5)
    assert client.get(REPO).status_code == 200


def test_both_limits_on_request(emulator, client):
    emulator.faults.add(Fault(kind="rate_limit_secondary", seconds=7, times=1))
    late = client.get(REPO)
    assert (late.status_code, late.headers["retry-after"]) == (200, "7")
    assert late.json()["name"] == "shop"
    emulator.faults.add(Fault(kind="rate_limit_primary", times=1))
    refused = client.get(REPO)
    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (429, "0")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 503])
def test_a_status_in_the_hosts_form(emulator, client, status):
    emulator.faults.add(Fault(kind="status", status=status, times=1))
    answer = client.get(REPO)
    assert answer.status_code == status
    assert answer.json()["typeKey"]
    emulator.faults.add(Fault(kind="status", status=status, body=b"<p>", content_type="text/html"))
    assert client.get(REPO).text == "<p>"


def test_a_repository_that_is_gone_from_the_disk(emulator, client, tmp_path, shop):
    from forge_emulator import HostedRepository

    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "x.git"))
    emulator.add_repository(HostedRepository(full_name="P/gone", path=tmp_path / "x.git"))
    (tmp_path / "x.git" / "HEAD").unlink()
    answer = client.get("/acme/P/_apis/git/repositories/gone/commits")
    assert answer.status_code == 500


# --- git -------------------------------------------------------------------------------------


def header(token: str) -> str:
    pair = base64.b64encode(f":{token}".encode()).decode()
    return f"http.extraHeader=Authorization: Basic {pair}"


def test_git_fetches_by_name_and_id(emulator, client, git, shop):
    found = client.get(REPO).json()
    project, number = found["project"]["id"], found["id"]
    paths = ("Online%20Shop/_git/shop", "online%20shop/_git/SHOP", f"{project}/_git/{number}")
    for place, path in enumerate(paths):
        url = f"{emulator.url}/acme/{path}"
        git("-c", header(TOKEN), "clone", "-q", "--mirror", url, f"copy{place}")
        refs = git("-C", f"copy{place}", "for-each-ref", "--format=%(objectname) %(refname)").stdout
        assert refs.decode().strip() == shop.git(
            "for-each-ref", "--format=%(objectname) %(refname)"
        )


@pytest.mark.parametrize(
    ("path", "token"),
    [
        ("Online%20Shop/_git/shop", "wrong"),
        ("Online%20Shop/_git/none", TOKEN),
        ("Hidden/_git/secret", "narrow"),
    ],
)
def test_git_is_refused(emulator, git, path, token):
    done = git("-c", header(token), "clone", f"{emulator.url}/acme/{path}", "no", check=False)
    assert done.returncode


def test_partial_clones_and_their_refusal(emulator, git):
    url = f"{emulator.url}/acme/Online%20Shop/_git/shop"
    git("-c", header(TOKEN), "clone", "-q", "--bare", "--filter=blob:none", url, "part")
    emulator.faults.add(Fault(kind="refuse_partial_clone", match="git"))
    done = git("-c", header(TOKEN), "clone", "--bare", "--filter=blob:none", url, "whole")
    assert b"filtering not recognized" in done.stderr


def test_a_push_is_taken_where_it_is_allowed(start, git, shop, tmp_path):
    from forge_emulator import HostedRepository

    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "x.git"))
    for allowed in (False, True):
        emulator = start(allow_push=allowed)
        emulator.add_repository(HostedRepository(full_name="P/x", path=tmp_path / "x.git"))
        done = git("-c", header(TOKEN), "-C", str(tmp_path / "x.git"), "push", "-q",
                   f"{emulator.url}/acme/P/_git/x", "main:new", check=False)  # fmt: skip
        assert (done.returncode == 0) is allowed
