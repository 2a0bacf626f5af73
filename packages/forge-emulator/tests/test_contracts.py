"""Every kind of answer against the descriptions that GitHub publishes of its own API."""

import json
import os
from pathlib import Path
from typing import Any

import jwt
import pytest
from graphql import build_schema
from graphql.type import GraphQLEnumType, GraphQLInterfaceType, GraphQLObjectType
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from forge_emulator.dialects.github.graphql import schema as emulated_schema

pytestmark = pytest.mark.contracts

REPO = "/repos/acme/shop"
DOCUMENT = "urn:openapi"

NULL = {"type": "string", "enum": [None], "nullable": True}
ACCOUNT = {"anyOf": [{"$ref": "#/components/schemas/simple-user"}, NULL]}
REASON = ["completed", "reopened", "not_planned", "duplicate", None]

# Where the published description is not what the host sends: the place, what stands there instead,
# and why (the payloads are named by their path below CONTRACTS_DIR/payloads).
OVERLAY: list[tuple[str, object, str]] = [
    (
        "components/schemas/commit/properties/author",
        ACCOUNT,
        "null for an unknown address, as for the committer: go-scm/github/compare.json",
    ),
    (
        "components/schemas/commit/properties/committer",
        ACCOUNT,
        "null for an unknown address: go-scm/github/compare.json",
    ),
    (
        "components/schemas/issue/properties/state_reason/enum",
        REASON,
        "null while open: octokit/scenarios/api.github.com/lock-issue/raw-fixture.json",
    ),
    (
        "components/schemas/issue-search-result-item/properties/body/nullable",
        True,
        "null without a text: octokit/scenarios/api.github.com/search-issues/raw-fixture.json",
    ),
    (
        (
            "paths/~1repos~1{owner}~1{repo}~1contents~1{path}/get/responses/200/content"
            "/application~1json/schema/discriminator"
        ),
        {"propertyName": "type"},
        "a directory is an array, which has no property that could tell the schemas apart",
    ),
    (
        "paths/~1app~1installations/get/responses/200/content/application~1json/schema/items",
        {"$ref": "#/components/schemas/installation"},
        (
            "the list asks that an account be a user and an enterprise at once; the operation for"
            " a single installation asks for one of them"
        ),
    ),
]
UNDESCRIBED = {"status": "an error's body repeats its status; validation-error omits it"}


@pytest.fixture(scope="session")
def contracts() -> Path:
    folder = os.environ.get("CONTRACTS_DIR")
    if not folder:
        pytest.skip("CONTRACTS_DIR is not set: the hosts' descriptions are not here")
    return Path(folder) / "github"


@pytest.fixture(scope="session")
def openapi(contracts):
    document = json.loads((contracts / "openapi.json").read_text())
    for place, value, _reason in OVERLAY:
        *parents, last = [part.replace("~1", "/") for part in place.split("/")]
        target = document
        for parent in parents:
            target = target[parent]
        if last == "discriminator":
            del target[last]
        else:
            target[last] = value
    return document


@pytest.fixture(scope="session")
def registry(openapi):
    resource = Resource.from_contents(openapi, default_specification=DRAFT4)
    return Registry().with_resource(DOCUMENT, resource)


def pointer(*parts: str) -> str:
    escaped = [part.replace("~", "~0").replace("/", "~1") for part in parts]
    return f"{DOCUMENT}#/" + "/".join(escaped)


def described(openapi, schema):
    """Every property that an object of this schema may have, or None when any may be."""
    while "$ref" in schema:
        schema = openapi["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if schema.get("additionalProperties"):
        return None
    found = dict(schema.get("properties", {}))
    for part in (p for key in ("allOf", "anyOf", "oneOf") for p in schema.get(key, [])):
        more = described(openapi, part)
        if more is not None:
            found |= more
    if "items" in schema:
        found |= {"[]": schema["items"]}
    return found or None


def invented(openapi, schema, value, place="") -> list[str]:
    """Names that were sent and that the description does not know."""
    known = described(openapi, schema)
    if known is None:
        return []
    if isinstance(value, list):
        items = known.get("[]")
        return [
            n for v in value for n in (invented(openapi, items, v, f"{place}[]") if items else [])
        ]
    if not isinstance(value, dict):
        return []
    names = []
    for key, inner in value.items():
        if key in known:
            names += invented(openapi, known[key], inner, f"{place}.{key}")
        elif key not in UNDESCRIBED:
            names.append(f"{place}.{key}")
    return names


@pytest.fixture
def check(openapi, registry):
    """Checks a response against the operation that it answers."""

    def run(path, response, status=200, method="get"):
        assert response.status_code == status, response.text
        responses = openapi["paths"][path][method]["responses"]
        answer, place = responses[str(status)], ["paths", path, method, "responses", str(status)]
        if "$ref" in answer:
            name = answer["$ref"].rsplit("/", 1)[1]
            answer = openapi["components"]["responses"][name]
            place = ["components", "responses", name]
        media = "application/json"
        schema = answer["content"][media]["schema"]
        validator = OAS30Validator(
            {"$ref": pointer(*place, "content", media, "schema")},
            registry=registry,
            format_checker=oas30_format_checker,
        )
        errors = sorted(validator.iter_errors(response.json()), key=str)
        assert [f"{e.json_path}: {e.message}" for e in errors] == []
        assert invented(openapi, schema, response.json()) == []

    return run


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
    ("/rate_limit", "/rate_limit"),
    ("/user", "/user"),
    ("/user/repos", "/user/repos"),
    ("/orgs/{org}/repos", "/orgs/acme/repos"),
    ("/repos/{owner}/{repo}", REPO),
    ("/repos/{owner}/{repo}/assignees", f"{REPO}/assignees"),
    ("/repos/{owner}/{repo}/branches", f"{REPO}/branches"),
    ("/repos/{owner}/{repo}/branches/{branch}", f"{REPO}/branches/main"),
    ("/repos/{owner}/{repo}/commits", f"{REPO}/commits"),
    ("/repos/{owner}/{repo}/commits/{ref}", f"{REPO}/commits/main"),
    ("/repos/{owner}/{repo}/commits/{ref}", f"{REPO}/commits/main~1"),
    ("/repos/{owner}/{repo}/commits/{commit_sha}/pulls", f"{REPO}/commits/feature%2Fx/pulls"),
    ("/repos/{owner}/{repo}/compare/{basehead}", f"{REPO}/compare/old...main"),
    ("/repos/{owner}/{repo}/contents/{path}", f"{REPO}/contents/src/app.py"),
    ("/repos/{owner}/{repo}/contents/{path}", f"{REPO}/contents/large.txt"),
    ("/repos/{owner}/{repo}/contents/{path}", f"{REPO}/contents/lost"),
    ("/repos/{owner}/{repo}/contents/{path}", f"{REPO}/contents/"),
    ("/repos/{owner}/{repo}/git/ref/{ref}", f"{REPO}/git/ref/heads/main"),
    ("/repos/{owner}/{repo}/git/ref/{ref}", f"{REPO}/git/ref/tags/v1"),
    ("/repos/{owner}/{repo}/git/trees/{tree_sha}", f"{REPO}/git/trees/main?recursive=1"),
    ("/repos/{owner}/{repo}/hooks", f"{REPO}/hooks"),
    ("/repos/{owner}/{repo}/issues", f"{REPO}/issues"),
    ("/repos/{owner}/{repo}/issues/{issue_number}", f"{REPO}/issues/1"),
    ("/repos/{owner}/{repo}/issues/{issue_number}/comments", f"{REPO}/issues/1/comments"),
    ("/repos/{owner}/{repo}/labels", f"{REPO}/labels"),
    ("/search/code", "/search/code?q=two"),
    ("/search/issues", "/search/issues?q=x"),
    ("/search/repositories", "/search/repositories?q=shop"),
]


@pytest.mark.parametrize(("path", "url"), READS)
def test_read(check, filled, path, url):
    filled.post(f"{REPO}/hooks", json={"config": {"url": "https://x.example/", "secret": "s"}})
    response = filled.get(url)
    assert response.json()
    check(path, response)


def test_objects_of_the_git_database(check, client, shop):
    commit = client.get(f"{REPO}/git/commits/{shop.commits[6]}")
    check("/repos/{owner}/{repo}/git/commits/{commit_sha}", commit)
    blob = client.get(f"{REPO}/git/blobs/{shop.git('rev-parse', 'HEAD:src/app.py')}")
    check("/repos/{owner}/{repo}/git/blobs/{file_sha}", blob)


def test_writes(check, client):
    issues = "/repos/{owner}/{repo}/issues"
    made = client.post(f"{REPO}/issues", json={"title": "x", "labels": ["bug"]})
    check(issues, made, 201, "post")
    changed = client.patch(f"{REPO}/issues/1", json={"state": "closed"})
    check(f"{issues}/{{issue_number}}", changed, 200, "patch")
    comment = client.post(f"{REPO}/issues/1/comments", json={"body": "y"})
    check(f"{issues}/{{issue_number}}/comments", comment, 201, "post")
    again = client.patch(comment.json()["url"], json={"body": "z"})
    check(f"{issues}/comments/{{comment_id}}", again, 200, "patch")
    hook = client.post(f"{REPO}/hooks", json={"config": {"url": "https://x.example/"}})
    check("/repos/{owner}/{repo}/hooks", hook, 201, "post")


def test_errors(check, emulator, connect, client):
    repository = "/repos/{owner}/{repo}"
    check(repository, client.get("/repos/acme/none"), 404)
    check(f"{repository}/commits", client.get("/repos/acme/empty/commits"), 409)
    check(f"{repository}/commits/{{ref}}", client.get(f"{REPO}/commits/none"), 422)
    check(f"{repository}/issues", client.post(f"{REPO}/issues", json={}), 422, "post")
    check(f"{repository}/issues", client.post("/repos/dora/old/issues"), 403, "post")
    check("/user", connect(emulator, "wrong").get("/user"), 401)
    check("/search/issues", client.get("/search/issues"), 422)


def test_apps(check, emulator, connect, app_key, clock):
    now = int(clock.now.timestamp())
    claims = {"iss": "12345", "iat": now, "exp": now + 600}
    app = connect(emulator, jwt.encode(claims, app_key, algorithm="RS256"))
    check("/app", app.get("/app"))
    check("/app/installations", app.get("/app/installations"))
    check("/app/installations/{installation_id}", app.get("/app/installations/777"))
    url = "/app/installations/777/access_tokens"
    made = app.post(url, json={"repositories": ["shop"]})
    check("/app/installations/{installation_id}/access_tokens", made, 201, "post")
    installed = connect(emulator, made.json()["token"]).get("/installation/repositories")
    check("/installation/repositories", installed)


def test_graphql_subset_is_githubs_own(contracts):
    """Every type, field, argument, type of it, and enum value of ours is in GitHub's schema."""
    source = (contracts / "schema.graphql").read_text()
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


def test_overlay_gives_reasons():
    assert all(reason for _, _, reason in OVERLAY)
    assert all(UNDESCRIBED.values())
