"""What a token endpoint answers, and what an application's own token is good for."""

import json

import httpx
import pytest

from sentry.integrations.source_code_management.errors import (
    HostRateLimited,
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    ScmError,
)
from sentry.integrations.source_code_management.oauth_client import (
    ClientCredential,
    ClientCredentialsAuth,
    client_credentials_auth,
)
from sentry.integrations.source_code_management.oauth_endpoint import (
    Client,
    ClientForm,
    GivenToken,
    TokenEndpoint,
    ask_for_token,
)

from .http_fakes import FakeDialect, World

URL = "https://login.example/tenant/oauth2/v2.0/token"
CREDENTIAL = ClientCredential(client_id="id", client_secret="s3cret")
GOOD = {"access_token": "given", "token_type": "bearer", "expires_in": 3600}


def ask(world: World, **endpoint: object) -> GivenToken:
    return ask_for_token(
        TokenEndpoint(url=URL, **endpoint),  # type: ignore[arg-type] # a test's own fields
        Client(client_id="id", client_secret="s3cret"),
        {"grant_type": "refresh_token", "refresh_token": "old&1"},
        dialect=FakeDialect(),
        runtime=world.runtime,
    )


def answer(status: int, body: object) -> httpx.Response:
    return httpx.Response(status, json=body)


def test_the_request():
    world = World(answer(200, {**GOOD, "refresh_token": "next", "scope": "api"}))
    given = ask(world, fields={"scope": "api read_user"})
    assert given == GivenToken(access_token="given", refresh_token="next", expires_in=3600)
    assert "given" not in repr(given)
    (request,) = world.requests
    assert (request.method, str(request.url)) == ("POST", URL)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"
    assert "authorization" not in request.headers
    assert request.content == (
        b"grant_type=refresh_token&refresh_token=old%261&client_id=id&client_secret=s3cret"
        b"&scope=api%20read_user"
    )


def test_a_client_in_the_header():
    world = World(answer(200, GOOD))
    ask(world, client_form=ClientForm.BASIC)
    (request,) = world.requests
    assert request.headers["authorization"] == "Basic aWQ6czNjcmV0"
    assert b"s3cret" not in request.content


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (400, {"error": "invalid_grant"}, IntegrationBroken, "refresh token"),
        (200, {"error": "bad_refresh_token"}, IntegrationBroken, "refresh token"),
        (401, {"error": "invalid_client"}, IntegrationBroken, "id or secret"),
        (200, {"error": "incorrect_client_credentials"}, IntegrationBroken, "id or secret"),
        (400, {"error": "invalid_scope"}, IntegrationBroken, "scope"),
        (400, {"error": "interaction_required", "x": "y"}, IntegrationBroken, "refused"),
        (400, {"error": ["odd"]}, IntegrationBroken, "refused"),
        (403, {}, IntegrationBroken, "refused"),
        (400, {"error": "invalid_request"}, HostRejected, "understand"),
        (400, {"error": "temporarily_unavailable"}, HostUnavailable, "now"),
        (200, {"error": "slow_down"}, HostRateLimited, "limit"),
        (429, {}, HostRateLimited, "limit"),
        (404, {}, IntegrationBroken, "no token endpoint"),
        (422, {}, HostRejected, "422"),
        (500, {}, HostUnavailable, "500"),
        (302, {}, HostUnavailable, "redirect"),
    ],
)
def test_refusals(status: int, body: object, error: type[ScmError], text: str):
    world = World(answer(status, body))
    with pytest.raises(error, match=text) as refusal:
        ask(world)
    assert type(refusal.value) is error
    assert len(world.requests) == 1, "it may be good for one use"
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        {},
        {**GOOD, "access_token": ""},
        {**GOOD, "access_token": "two words"},
        {**GOOD, "access_token": "line\nbreak"},
        {**GOOD, "access_token": 7},
        {**GOOD, "token_type": "mac"},
        {**GOOD, "token_type": 1},
        {**GOOD, "expires_in": True},
        {**GOOD, "expires_in": "soon"},
        {**GOOD, "refresh_token": {}},
    ],
)
def test_what_is_no_token(body: object):
    with pytest.raises(HostUnavailable):
        ask(World(answer(200, body)))


@pytest.mark.parametrize(("told", "seconds"), [("60", 60), (0, None), (-1, None), (None, None)])
def test_lifetimes(told: object, seconds: int | None):
    assert ask(World(answer(200, {**GOOD, "expires_in": told}))).expires_in == seconds


def test_a_page_is_no_answer():
    page = httpx.Response(401, text="<html>sign in", headers={"content-type": "text/html"})
    with pytest.raises(HostUnavailable):
        ask(World(page))


# --- the application's own token -----------------------------------------------------------------


def application(world: World) -> ClientCredentialsAuth:
    endpoint = TokenEndpoint(url=URL, fields={"scope": "499b/.default"})
    return ClientCredentialsAuth(CREDENTIAL, endpoint, dialect=FakeDialect(), runtime=world.runtime)


def numbered(world: World, lifetime: int | None):
    def give(_: httpx.Request) -> httpx.Response:
        number = len(world.requests)
        body = {"access_token": f"token-{number}", "expires_in": lifetime}
        return httpx.Response(200, content=json.dumps(body), headers={"content-type": "text/json"})

    return give


@pytest.mark.parametrize(("lifetime", "good"), [(3600, 3480), (100, 50), (None, 180)])
def test_it_is_kept_until_shortly_before_its_end(lifetime: int | None, good: int):
    world = World()
    world.answers = [numbered(world, lifetime)]
    auth = application(world)
    assert auth.headers() == auth.headers() == {"authorization": "Bearer token-1"}
    world.pass_time(good - 1)
    assert auth.headers() == {"authorization": "Bearer token-1"}
    world.pass_time(1)
    assert auth.headers() == {"authorization": "Bearer token-2"}
    assert b"grant_type=client_credentials&" in world.requests[0].content
    assert b"scope=499b%2F.default" in world.requests[0].content


def test_one_that_is_rejected_is_replaced_once():
    world = World()
    world.answers = [numbered(world, 3600)]
    auth = application(world)
    rejected = auth.headers()
    assert auth.renew(rejected)
    assert auth.renew(rejected)
    assert auth.headers() == {"authorization": "Bearer token-2"}


def test_the_process_has_one_for_each_application():
    def of(secret: str, url: str = URL, **fields: str) -> ClientCredentialsAuth:
        credential = ClientCredential(client_id="id", client_secret=secret)
        endpoint = TokenEndpoint(url=url, fields=fields)
        return client_credentials_auth(credential, endpoint, dialect=FakeDialect())

    assert of("a") is of("a")
    others = [of("a"), of("b"), of("a", url=f"{URL}/2"), of("a", scope="x")]
    assert len({id(each) for each in others}) == len({each.identity for each in others}) == 4
    assert "s3cret" not in repr(CREDENTIAL)
