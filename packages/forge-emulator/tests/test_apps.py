"""An app signs a JWT and is given a token of an hour."""

import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa


@pytest.fixture
def sign(app_key, clock):
    def run(key=app_key, **claims):
        now = int(clock.now.timestamp())
        values = {"iat": now - 60, "exp": now + 540, "iss": "12345"} | claims
        return jwt.encode(
            {k: v for k, v in values.items() if v is not None}, key, algorithm="RS256"
        )

    return run


def test_app_and_installations(emulator, connect, sign):
    client = connect(emulator, sign())
    assert client.get("/app").json()["id"] == 12345
    installed = client.get("/app/installations").json()
    assert [i["id"] for i in installed] == [777, 888]
    one = client.get("/app/installations/777").json()
    assert (one["account"]["login"], one["repository_selection"]) == ("acme", "selected")
    assert client.get("/app/installations/1").status_code == 404


def test_issuer_may_be_a_number(emulator, connect, app_key, clock):
    now = int(clock.now.timestamp())
    claims = json.dumps({"iss": 12345, "iat": now, "exp": now + 600}).encode()
    token = jwt.api_jws.encode(claims, app_key, algorithm="RS256")
    assert connect(emulator, token).get("/app").json()["slug"] == "forge-app"


def test_installation_token(emulator, connect, sign, clock):
    made = connect(emulator, sign()).post("/app/installations/777/access_tokens")
    assert made.status_code == 201
    body = made.json()
    assert body["token"].startswith("ghs_")
    assert body["expires_at"] == (clock.now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    client = connect(emulator, body["token"])
    listed = client.get("/installation/repositories").json()
    assert listed["total_count"] == 2
    assert [r["full_name"] for r in listed["repositories"]] == ["acme/secret", "acme/shop"]
    assert client.get("/repos/acme/secret").status_code == 200
    assert client.get("/user").status_code == 403
    assert client.get("/user/repos").status_code == 403
    made_by = client.post("/repos/acme/shop/issues", json={"title": "x"}).json()["user"]
    assert (made_by["login"], made_by["type"]) == ("forge-app[bot]", "Bot")
    clock.move(minutes=61)
    assert client.get("/repos/acme/secret").status_code == 401


def test_installation_everywhere(emulator, connect, sign):
    body = connect(emulator, sign()).post("/app/installations/888/access_tokens").json()
    assert body["repository_selection"] == "all"
    listed = connect(emulator, body["token"]).get("/installation/repositories?per_page=3")
    assert listed.json()["total_count"] == 4
    assert "next" in listed.links


def test_narrowed_token(emulator, connect, sign):
    app = connect(emulator, sign())
    url = "/app/installations/777/access_tokens"
    body = app.post(url, json={"repositories": ["shop"]}).json()
    assert [r["name"] for r in body["repositories"]] == ["shop"]
    narrow = connect(emulator, body["token"])
    assert narrow.get("/repos/acme/secret").status_code == 404
    assert app.post(url, json={"repository_ids": [1003]}).json()["repositories"][0]["id"] == 1003
    assert app.post(url, json={"repositories": ["none"]}).status_code == 422
    assert app.post(url, json={"repository_ids": [1002]}).status_code == 422
    assert app.post("/app/installations/5/access_tokens").status_code == 404


def test_revoked_installation_tokens(emulator, connect, sign):
    body = connect(emulator, sign()).post("/app/installations/888/access_tokens").json()
    emulator.world.credentials.revoke_installation_tokens()
    assert connect(emulator, body["token"]).get("/repos/acme/shop").status_code == 401
    assert connect(emulator).get("/repos/acme/shop").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 60},
        {"exp": -1},
        {"iat": 300},
        {"iss": "999"},
        {"iss": None},
        {"iat": None},
        {"exp": None},
    ],
)
def test_refused_jwt(emulator, connect, sign, clock, change):
    now = int(clock.now.timestamp())
    offsets = {"exp": {60: now + 3600, -1: now - 1}, "iat": {300: now + 300}}
    claims = {
        key: offsets[key][value] if isinstance(value, int) else value
        for key, value in change.items()
    }
    response = connect(emulator, sign(**claims)).get("/app")
    assert response.status_code == 401


def test_jwt_of_another_key_or_form(emulator, connect, sign):
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = jwt.encode({"iss": "12345"}, "x" * 32, algorithm="HS256")
    for token in (sign(key=stranger), forged, "a.b.c", "ghp_test"):
        assert connect(emulator, token).get("/app").status_code == 401
    assert connect(emulator, None).get("/app").status_code == 401
    assert connect(emulator, sign()).get("/repos/acme/shop").status_code == 401


def test_host_without_an_app(start_emulator, connect, sign):
    assert connect(start_emulator(app=None), sign()).get("/app").status_code == 401


def test_only_installations_list_their_repositories(client):
    assert client.get("/installation/repositories").status_code == 403


def test_secrets_stay_out_of_repr(emulator, public_pem):
    assert public_pem not in repr(emulator.world.credentials.app)
