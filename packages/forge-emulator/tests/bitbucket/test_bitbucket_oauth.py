"""The token endpoint: pairs that rotate, and its refusals."""

from datetime import timedelta

import pytest

from .conftest import basic, bearer

PATH = "/site/oauth2/access_token"
REPO = "/repositories/acme/secret"


@pytest.fixture
def grant(emulator):
    emulator.add_oauth_client("app", "a secret & more")
    return emulator.give_oauth("app", "dora", "account", "repository", life=timedelta(hours=2))


@pytest.fixture
def ask(emulator, connect):
    client = connect(emulator, basic("app", "a+secret+%26+more"), base="")

    def run(token, **form):
        fields = {"grant_type": "refresh_token", "refresh_token": token} | form
        return client.post(PATH, data=fields)

    return run


def test_a_pair_is_good_until_it_is_refreshed(emulator, connect, ask, grant):
    assert connect(emulator, bearer(grant.access_token)).get(REPO).status_code == 200
    pair = ask(grant.refresh_token).json()
    assert (pair["expires_in"], pair["token_type"]) == (7200, "bearer")
    assert pair["scopes"] == "account repository"
    assert connect(emulator, bearer(grant.access_token)).get(REPO).status_code == 401
    assert connect(emulator, bearer(pair["access_token"])).get(REPO).status_code == 200
    again = ask(grant.refresh_token)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert ask(pair["refresh_token"]).status_code == 200
    assert all(grant.refresh_token not in each.query for each in emulator.requests)


def test_a_token_ends(emulator, connect, ask, grant, clock):
    clock.move(hours=2)
    assert connect(emulator, bearer(grant.access_token)).get(REPO).status_code == 401
    assert ask(grant.refresh_token).status_code == 200


@pytest.mark.parametrize(
    "authorization", [basic("app", "wrong"), basic("no", "x"), "Basic !", None]
)
def test_a_client_that_is_not_known(emulator, connect, grant, authorization):
    form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
    answer = connect(emulator, authorization, base="").post(PATH, data=form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_client_in_the_body(emulator, connect, grant):
    form = {
        "grant_type": "refresh_token",
        "refresh_token": grant.refresh_token,
        "client_id": "app",
        "client_secret": "a secret & more",
    }
    assert connect(emulator, None, base="").post(PATH, data=form).status_code == 200


def test_other_requests(emulator, connect, ask, grant):
    other = ask(grant.refresh_token, grant_type="password")
    assert (other.status_code, other.json()["error"]) == (400, "unsupported_grant_type")
    assert connect(emulator, None, base="").get(PATH).status_code == 400
