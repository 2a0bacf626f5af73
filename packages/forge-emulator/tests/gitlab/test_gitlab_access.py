"""Who may call: tokens in both headers, scopes, OAuth; limits, faults, and names of the past."""

import pytest

from forge_emulator import Fault

from .conftest import SHOP, TOKEN


def test_a_personal_token_in_either_header(emulator, connect):
    assert connect(emulator).get("/user").json()["username"] == "dora"
    bearer = connect(emulator, None, Authorization=f"Bearer {TOKEN}")
    assert bearer.get("/user").json()["username"] == "dora"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"PRIVATE-TOKEN": "wrong"}, {"message": "401 Unauthorized"}),
        ({"Authorization": "Basic eDp5"}, {"message": "401 Unauthorized"}),
        (
            {"Authorization": "Bearer wrong"},
            {
                "error": "invalid_token",
                "error_description": ("Token was revoked. You have to re-authorize from the user."),
            },
        ),
    ],
)
def test_a_credential_that_is_refused(emulator, connect, headers, body):
    answer = connect(emulator, None, **headers).get(SHOP)
    assert (answer.status_code, answer.json()) == (401, body)


def test_who_is_nobody_reads_what_is_public(emulator, connect):
    nobody = connect(emulator, None)
    assert nobody.get(SHOP).status_code == 200
    for url in ("/user", "/users?username=dora", f"{SHOP}/hooks"):
        assert nobody.get(url).status_code == 401
    for url in ("/projects/acme%2Fsecret", "/projects/1003", "/projects/none%2Fnone"):
        answer = nobody.get(url)
        assert (answer.status_code, answer.json()) == (404, {"message": "404 Project Not Found"})


def test_a_private_project_is_seen_by_those_who_were_granted_it(emulator, connect):
    assert connect(emulator).get("/projects/1003").json()["visibility"] == "private"
    narrow = connect(emulator, "narrow")
    assert narrow.get("/projects/1003").status_code == 404
    assert [each["id"] for each in narrow.get("/projects?membership=true").json()] == [1001]


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        ("api", [200, 200, 200, 201]),
        ("read_api", [200, 200, 200, 403]),
        ("read_user", [200, 403, 403, 403]),
        ("read_repository", [403, 403, 200, 403]),
    ],
)
def test_scopes(emulator, connect, scope, statuses):
    emulator.add_token("scoped", "dora", scope)
    client = connect(emulator, "scoped")
    answers = [
        client.get("/user"),
        client.get(SHOP),
        client.get(f"{SHOP}/repository/files/src%2Fapp.py/raw?ref=main"),
        client.post(f"{SHOP}/issues", json={"title": "x"}),
    ]
    assert [answer.status_code for answer in answers] == statuses
    refused = [answer for answer in answers if answer.status_code == 403]
    assert all(answer.json()["error"] == "insufficient_scope" for answer in refused)
    assert client.get("/personal_access_tokens/self").json()["scopes"] == [scope]


# --- OAuth ---------------------------------------------------------------------------------------


@pytest.fixture
def grant(emulator):
    emulator.add_oauth_client("app", "hush")
    return emulator.give_oauth("app", "dora", "api")


def refresh(client, token, **changed):
    fields = {
        "grant_type": "refresh_token",
        "client_id": "app",
        "client_secret": "hush",
        "refresh_token": token,
    }
    return client.post("/oauth/token", data=fields | changed)


def test_a_refresh_token_is_taken_once(emulator, connect, grant):
    root = connect(emulator, None, base="")
    first = refresh(root, grant.refresh_token)
    body = first.json()
    assert first.status_code == 200
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 7200, "api")
    again = refresh(root, grant.refresh_token)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    old = connect(emulator, None, Authorization=f"Bearer {grant.access_token}")
    assert old.get("/user").status_code == 401
    new = connect(emulator, None, Authorization=f"Bearer {body['access_token']}")
    assert new.get("/user").json()["username"] == "dora"
    info = connect(emulator, None, base="", Authorization=f"Bearer {body['access_token']}")
    told = info.get("/oauth/token/info").json()
    assert (told["scope"], told["application"]) == (["api"], {"uid": "app"})
    assert told["resource_owner_id"] == new.get("/user").json()["id"]


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"client_secret": "wrong"}, (401, "invalid_client")),
        ({"refresh_token": "wrong"}, (400, "invalid_grant")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
    ],
)
def test_what_the_token_endpoint_refuses(emulator, connect, grant, changed, refusal):
    answer = refresh(connect(emulator, None, base=""), grant.refresh_token, **changed)
    assert (answer.status_code, answer.json()["error"]) == refusal


def test_an_applications_token_is_a_bearer_alone(emulator, connect, grant):
    assert connect(emulator, grant.access_token).get("/user").status_code == 401
    bearer = connect(emulator, None, Authorization=f"Bearer {grant.access_token}")
    assert bearer.get("/personal_access_tokens/self").status_code == 404
    assert connect(emulator, base="").get("/oauth/token/info").status_code == 401


# --- limits and faults ---------------------------------------------------------------------------


def test_a_limit_is_told_and_kept(start_emulator, connect, clock):
    client = connect(start_emulator(rate_limit=2))
    first, second, third = (client.get(SHOP) for _ in range(3))
    assert first.headers["RateLimit-Remaining"] == "1"
    assert first.headers["RateLimit-Limit"] == "2"
    assert second.headers["RateLimit-Remaining"] == "0"
    assert (third.status_code, third.text) == (429, "Retry later\n")
    assert third.headers["Content-Type"] == "text/plain"
    assert third.headers["Retry-After"] == "60"
    assert int(third.headers["RateLimit-Reset"]) == int(clock.now.timestamp()) + 60
    assert client.get(f"{SHOP}/search?scope=issues&search=x").status_code == 200
    clock.move(seconds=61)
    assert client.get(SHOP).status_code == 200


def test_a_host_without_limits_says_nothing(start_emulator, connect):
    answer = connect(start_emulator(rate_limit=None)).get(SHOP)
    assert not [name for name in answer.headers if name.startswith("ratelimit")]


def test_faults_in_gitlabs_own_form(emulator, client):
    for fault in (
        Fault(kind="rate_limit_primary", times=1),
        Fault(kind="rate_limit_secondary", times=1),
        Fault(kind="rate_limit_secondary", seconds=9, times=1),
        Fault(kind="status", status=429, times=1),
        Fault(kind="status", status=502, times=1),
    ):
        emulator.faults.add(fault)
    answers = [client.get(SHOP) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [429, 429, 429, 429, 502]
    waits = [answer.headers.get("Retry-After") for answer in answers]
    assert waits == ["60", None, "9", None, None]
    assert answers[0].text == "Retry later\n"
    assert "too many times" in answers[1].json()["message"]["error"]


def test_an_answer_that_is_known_is_not_sent_again(client):
    first = client.get(SHOP)
    again = client.get(SHOP, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_former_name_leads_on_for_reading_alone(emulator, client):
    emulator.rename_repository("acme/tools/shop", "acme/boutique")
    answer = client.get(f"{SHOP}/repository/branches?per_page=1")
    assert answer.status_code == 301
    target = f"{emulator.url}/api/v4/projects/1001/repository/branches?per_page=1"
    assert answer.headers["Location"] == target
    assert client.get(target).status_code == 200
    assert client.post(f"{SHOP}/issues", json={"title": "x"}).status_code == 405
    emulator.remove_repository("acme/boutique")
    assert client.get(SHOP).status_code == 404


@pytest.mark.parametrize(
    "url", ["/nothing", f"{SHOP}/nothing", "/projects/a/b", f"{SHOP}/issues/x"]
)
def test_what_is_no_route(client, url):
    answer = client.get(url)
    assert (answer.status_code, answer.json()) == (404, {"message": "404 Not Found"})
