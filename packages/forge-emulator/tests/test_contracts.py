"""Every kind of answer against the descriptions that GitHub publishes of its own API."""

import os
from pathlib import Path
from typing import Any

import jwt
import pytest
from graphql import build_schema
from graphql.type import GraphQLEnumType, GraphQLInterfaceType, GraphQLObjectType

from forge_emulator.contracts.hosts import HOSTS, overlay_of
from forge_emulator.dialects.github.graphql import schema as emulated_schema

pytestmark = pytest.mark.contracts

REPO = "/repos/acme/shop"


@pytest.fixture(scope="session")
def contracts() -> Path:
    folder = os.environ.get("CONTRACTS_DIR")
    if not folder:
        pytest.skip("CONTRACTS_DIR is not set: the hosts' descriptions are not here")
    return Path(folder)


@pytest.fixture
def emulator(start_emulator, contracts):
    """An emulator that holds all that passes against GitHub's description."""
    running = start_emulator(contracts=contracts)
    yield running
    assert running.problems == []
    assert running.checked > 0


@pytest.fixture
def filled(emulator, client, shop):
    """An emulator with an issue, a comment, a pull request and a hook."""
    client.post(f"{REPO}/issues", json={"title": "x", "labels": ["bug"], "assignees": ["dora"]})
    client.post(f"{REPO}/issues/1/comments", json={"body": "y"})
    emulator.add_pull_request(
        "acme/shop", title="z", head="feature/x", base="main", merge_commit=shop.commits[6]
    )
    return client


READS = [
    "/rate_limit",
    "/user",
    "/user/repos",
    "/orgs/acme/repos",
    f"{REPO}/assignees",
    f"{REPO}/branches",
    f"{REPO}/branches/main",
    f"{REPO}/commits",
    f"{REPO}/commits/main",
    f"{REPO}/commits/main~1",
    f"{REPO}/commits/feature%2Fx/pulls",
    f"{REPO}/compare/old...main",
    f"{REPO}/contents/src/app.py",
    f"{REPO}/contents/large.txt",
    f"{REPO}/contents/lost",
    f"{REPO}/contents/",
    f"{REPO}/git/ref/heads/main",
    f"{REPO}/git/ref/tags/v1",
    f"{REPO}/git/trees/main?recursive=1",
    f"{REPO}/hooks",
    f"{REPO}/issues",
    f"{REPO}/issues/1",
    f"{REPO}/issues/1/comments",
    f"{REPO}/labels",
    "/search/code?q=two",
    "/search/issues?q=x",
    "/search/repositories?q=shop",
]


@pytest.mark.parametrize("url", READS)
def test_read(filled, url):
    filled.post(f"{REPO}/hooks", json={"name": "web", "config": {"url": "https://x.example/"}})
    response = filled.get(url)
    assert response.status_code == 200
    assert response.json()


def test_objects_of_the_git_database(client, shop):
    assert client.get(f"{REPO}/git/commits/{shop.commits[6]}").json()["sha"] == shop.commits[6]
    blob = shop.git("rev-parse", "HEAD:src/app.py")
    assert client.get(f"{REPO}/git/blobs/{blob}").json()["sha"] == blob


def test_writes(client):
    made = client.post(f"{REPO}/issues", json={"title": "x", "labels": ["bug"]})
    changed = client.patch(f"{REPO}/issues/1", json={"state": "closed"})
    comment = client.post(f"{REPO}/issues/1/comments", json={"body": "y"})
    again = client.patch(comment.json()["url"], json={"body": "z"})
    hook = client.post(f"{REPO}/hooks", json={"config": {"url": "https://x.example/"}})
    answers = [made, changed, comment, again, hook]
    assert [answer.status_code for answer in answers] == [201, 200, 201, 200, 201]


def test_errors(emulator, connect, client):
    answers = [
        client.get("/repos/acme/none"),
        client.get("/repos/acme/empty/commits"),
        client.get(f"{REPO}/commits/none"),
        client.post("/repos/dora/old/issues", json={"title": "x"}),
        connect(emulator, "wrong").get("/user"),
    ]
    assert [answer.status_code for answer in answers] == [404, 409, 422, 403, 401]


def test_apps(emulator, connect, app_key, clock):
    now = int(clock.now.timestamp())
    claims = {"iss": "12345", "iat": now, "exp": now + 600}
    app = connect(emulator, jwt.encode(claims, app_key, algorithm="RS256"))
    for path in ("/app", "/app/installations", "/app/installations/777"):
        assert app.get(path).status_code == 200
    url = "/app/installations/777/access_tokens"
    made = app.post(url, json={"repositories": ["shop"]})
    assert made.status_code == 201
    installed = connect(emulator, made.json()["token"]).get("/installation/repositories")
    assert installed.json()["total_count"] == 1


def test_what_no_host_describes_is_told(start_emulator, connect, contracts):
    running = start_emulator(contracts=contracts)
    client = connect(running)
    for request in (
        client.build_request("GET", f"{REPO}/commits?colour=red"),
        client.build_request("GET", f"{REPO}/commits?per_page=many"),
        client.build_request("GET", "/nowhere"),
        client.build_request("POST", f"{REPO}/issues", json={"title": "x", "colour": "red"}),
        client.build_request("POST", f"{REPO}/issues", json={}),
    ):
        client.send(request)
    told = [problem.partition(": ")[2] for problem in running.problems]
    assert told == [
        "colour is no parameter of the query",
        "per_page is no integer",
        "the description has no such operation",
        "$.colour is not described",
        "$: 'title' is a required property",
    ]


def test_graphql_subset_is_githubs_own(contracts):
    """Every type, field, argument, type of it, and enum value of ours is in GitHub's schema."""
    source = (contracts / "github/schema.graphql").read_text()
    theirs = build_schema(source, assume_valid=True, assume_valid_sdl=True)
    compared = 0
    subset = emulated_schema().type_map
    for name in sorted(name for name in subset if not name.startswith("__")):
        ours: Any = subset[name]
        other: Any = theirs.type_map[name]
        assert type(ours) is type(other)
        if isinstance(ours, GraphQLEnumType):
            assert set(ours.values) == set(other.values)
        if not isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
            continue
        assert {i.name for i in ours.interfaces} <= {i.name for i in other.interfaces}
        for field_name, field in ours.fields.items():
            known = other.fields[field_name]
            assert str(field.type) == str(known.type), f"{name}.{field_name}"
            for argument_name, argument in field.args.items():
                described = known.args[argument_name]
                assert str(argument.type) == str(described.type)
                assert argument.default_value == described.default_value
                compared += 1
            compared += 1
    assert compared > 100


@pytest.mark.parametrize("host", HOSTS)
def test_every_correction_has_a_reason(host):
    deviations = overlay_of(host)
    assert deviations
    assert all(deviation.reason for deviation in deviations)
    places = [deviation.place for deviation in deviations]
    assert len(places) == len(set(places))
