"""What the client sends, held against GitHub's own descriptions, and recorded talks replayed."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest
from graphql import build_schema, parse, validate
from openapi_schema_validator import OAS30Validator

from sentry.integrations.github.auth import AppCredentials, InstallationAuth, TokenAuth
from sentry.integrations.github.client import GitHubClient
from sentry.integrations.github.dialect import GitHubDialect
from sentry.integrations.github.endpoints import github_endpoints
from sentry.integrations.github.parse_blame import BlameTarget, blame_query, blame_variables
from sentry.integrations.source_code_management.errors import ScmError
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_runtime import HttpRuntime
from sentry.integrations.source_code_management.types import IssueState, NewIssue, RepositoryRef

from .test_auth import key, private_key  # noqa: F401 -- fixtures

pytestmark = pytest.mark.contracts

ENDPOINTS = github_endpoints(base_url="https://api.github.com", web_url="https://github.com")
SINCE = datetime(2024, 1, 1, tzinfo=UTC)


def client_over(answer, *, is_app: bool = False) -> GitHubClient:
    runtime = HttpRuntime(transport=lambda: httpx.MockTransport(answer), sleep=lambda _: None)
    session = HostSession(
        ENDPOINTS.api, auth=TokenAuth("t"), dialect=GitHubDialect(), runtime=runtime
    )
    return GitHubClient(session, ENDPOINTS, is_app=is_app)


BY_ID_PATH = re.compile(r"^/repositories/[0-9]+(?=/|$)")


class Description:
    """GitHub's OpenAPI document, asked about requests."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._paths = [
            # A path parameter that holds slashes is sent with slashes in contents only.
            (
                re.compile(
                    re.sub(
                        r"\\{path\\}", ".+", re.sub(r"\\{(?!path)\w+\\}", "[^/]+", re.escape(path))
                    )
                ),
                path,
            )
            for path in sorted(document["paths"], key=lambda path: path.count("{"))
        ]

    def resolved(self, value: Any) -> Any:
        while isinstance(value, dict) and "$ref" in value:
            found: Any = self._document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    def problems(self, request: httpx.Request) -> list[str]:
        # the address by id is GitHub's own, in its links and redirects; it describes the other
        path = BY_ID_PATH.sub("/repos/o/n", urlsplit(str(request.url)).path)
        names = [name for pattern, name in self._paths if pattern.fullmatch(path)]
        operations = [self._document["paths"][name].get(request.method.lower()) for name in names]
        operation = next((item for item in operations if item), None)
        if operation is None:
            return [f"{request.method} {path} is not described"]
        return [*self._query(operation, request), *self._body(operation, request)]

    def _query(self, operation: Any, request: httpx.Request) -> list[str]:
        listed = [self.resolved(item) for item in operation.get("parameters", [])]
        known = {item["name"]: item["schema"] for item in listed if item["in"] == "query"}
        found = []
        for name, text in parse_qsl(urlsplit(str(request.url)).query):
            if name not in known:
                found.append(f"{request.url}: {name} is no parameter")
                continue
            schema = self.resolved(known[name])
            value = int(text) if schema.get("type") == "integer" else text
            found += [
                f"{name}: {error.message}" for error in OAS30Validator(schema).iter_errors(value)
            ]
        return found

    def _body(self, operation: Any, request: httpx.Request) -> list[str]:
        if not request.content:
            return []
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = json.loads(request.content)
        unknown = set(body) - set(schema["properties"])
        whole = schema | {"components": self._document["components"]}  # where its $refs lead
        errors = OAS30Validator(whole).iter_errors(body)
        return [*(f"{name} is unknown" for name in unknown), *(error.message for error in errors)]


@pytest.fixture(scope="module")
def description() -> Description:
    from sentry.testutils import services

    folder = services.find("contracts")
    assert folder is not None
    return Description(json.loads((Path(folder) / "github/openapi.json").read_text()))


BY_NAME = RepositoryRef(identifier="acme/shop")
BY_ID = RepositoryRef(identifier="acme/shop", external_id="1296269")


def issue_in(repo: RepositoryRef) -> NewIssue:
    return NewIssue(
        repo=repo, title="T", description="D", labels=("a",), assignee="ann", marker="m"
    )


CALLS = {
    "get_repositories": lambda client, _repo: list(client.repositories.list_all()),
    "get_repository": lambda client, repo: client.repositories.get(repo),
    "get_commit": lambda client, repo: client.get_commit(repo, "a" * 40),
    "get_commit of a branch": lambda client, repo: client.get_commit(repo, "feature/x y"),
    "list_commits": lambda client, repo: client.list_commits(
        repo, sha="a" * 40, path="a/b", page=2, per_page=100
    ),
    "get_file": lambda client, repo: client.get_file(
        repo, path="a b/c?.txt", ref="a" * 40, max_bytes=9
    ),
    "get_text": lambda client, repo: client.get_text(
        repo, path="a b/c?.txt", ref="a" * 40, max_bytes=9
    ),
    "create_issue": lambda client, repo: client.issues.create(issue_in(repo)),
    "find_issue_by_marker": lambda client, repo: client.issues.find_by_marker(
        repo, "m", since=SINCE
    ),
    "search_issues": lambda client, repo: client.issues.search(repo, "total is:pr"),
    "search_issues of nothing": lambda client, repo: client.issues.search(repo, ""),
    "comment": lambda client, _repo: client.issues.comment("acme/shop#7", "Seen again"),
    "assign": lambda client, _repo: client.issues.assign("acme/shop#7", "ann"),
    "set_state": lambda client, _repo: client.issues.set_state("acme/shop#7", IssueState.CLOSED),
    "compare": lambda client, repo: client.reads.compare(
        repo, base="a" * 40, head="b" * 40, most=250
    ),
    "get_changes": lambda client, repo: client.reads.get_changes(repo, "a" * 40),
    "get_tree": lambda client, repo: client.reads.get_tree(repo, sha="a" * 40, path="", most=9),
    "get_branches": lambda client, repo: list(client.reads.get_branches(repo)),
    "get_pull_requests": lambda client, repo: client.reads.get_pull_requests(repo, "a" * 40),
    "search_code": lambda client, repo: client.reads.search_code(
        repo, query="total repo:x/y", page=2, per_page=30
    ),
    "get_issue": lambda client, _repo: client.issues.get("acme/shop#7"),
    "register_webhook": lambda client, repo: client.hooks.register(
        repo, url="https://h.example/", secret="s"
    ),
    "unregister_webhook": lambda client, repo: client.hooks.unregister(repo, "7"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("repo", [BY_NAME, BY_ID], ids=["by name", "by id"])
@pytest.mark.parametrize("is_app", [True, False])
def test_every_request_is_one_that_github_describes(description, name, repo, is_app):
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(500)

    with pytest.raises(ScmError):
        CALLS[name](client_over(answer, is_app=is_app), repo)
    assert len(sent) == 1
    assert [problem for request in sent for problem in description.problems(request)] == []
    assert sent[0].headers["x-github-api-version"] == "2022-11-28"
    assert "application/vnd.github" in sent[0].headers["accept"]


@pytest.mark.parametrize("known", [[], [{"id": 7, "config": {"url": "https://h.example/"}}]])
def test_a_webhook_that_is_made_or_updated_is_one_that_github_describes(description, known):
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=known if request.method == "GET" else {"id": 7})

    made = client_over(answer).hooks.register(BY_ID, url="https://h.example/", secret="s")
    assert made == "7"
    assert [request.method for request in sent] == ["GET", "PATCH" if known else "POST"]
    assert [problem for request in sent for problem in description.problems(request)] == []


def test_the_token_request_is_one_that_github_describes(description, private_key):  # noqa: F811
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(500)

    runtime = HttpRuntime(transport=lambda: httpx.MockTransport(answer))
    credentials = AppCredentials(app_id="1", installation_id="7", private_key=private_key)
    with pytest.raises(ScmError):
        InstallationAuth(credentials, ENDPOINTS, runtime=runtime).headers()
    assert description.problems(sent[0]) == []


def test_the_description_would_object(description):
    wrong = httpx.Request("GET", "https://api.github.com/repos/a/b/commits?perpage=1&page=x")
    with pytest.raises(ValueError, match="invalid literal"):
        description.problems(wrong)
    wrong = httpx.Request("GET", "https://api.github.com/repos/a/b/commits?perpage=1")
    assert description.problems(wrong)
    assert description.problems(httpx.Request("GET", "https://api.github.com/nothing"))


def test_the_blame_query_is_valid_graphql_on_githubs_schema(contracts_dir):
    text = (contracts_dir / "github/schema.graphql").read_text()
    schema = build_schema(text, assume_valid=True, assume_valid_sdl=True)
    for count in (1, 10):
        query = blame_query(count)
        assert validate(schema, parse(query)) == []
        targets = [BlameTarget(ref="a", path=str(number)) for number in range(count)]
        assert all(f"${name}:" in query for name in blame_variables("o", "n", targets))


# --- talks that really took place --------------------------------------------------------------


def replay(folder: Path, scenario: str, asked: list[str] | None = None) -> GitHubClient:
    """A client whose host answers as GitHub did in a recorded scenario."""
    place = folder / f"payloads/octokit/scenarios/api.github.com/{scenario}/normalized-fixture.json"
    steps = [step for step in json.loads(place.read_text()) if step["method"] == "get"]

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        if asked is not None:
            asked.append(path)
        page = request.url.params.get("page", "")
        for step in steps:
            there = httpx.URL(step["path"])
            if (there.path, there.params.get("page", "")) == (path, page):
                body = step["response"]
                content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                return httpx.Response(
                    step["status"],
                    headers={k: str(v) for k, v in step["headers"].items()},
                    content=content,
                )
        return httpx.Response(404)

    return client_over(answer)


def test_a_renamed_repository_is_found_by_its_old_name(contracts_dir):
    client = replay(contracts_dir, "rename-repository")
    found = client.repositories.get(
        RepositoryRef(identifier="octokit-fixture-org/rename-repository")
    )
    assert found.identifier == "octokit-fixture-org/rename-repository-newname"
    assert found.external_id == "1000"


def test_every_page_of_a_recorded_list_is_read(contracts_dir):
    paths: list[str] = []
    client = replay(contracts_dir, "paginate-issues", paths)
    name = "octokit-fixture-org/paginate-issues"
    asked = datetime(2000, 1, 1, tzinfo=UTC)
    assert client.issues.find_by_marker(RepositoryRef(identifier=name), "none", since=asked) is None
    assert paths == [f"/repos/{name}/issues", *["/repositories/1000/issues"] * 4]


def test_a_recorded_repository_and_folder(contracts_dir):
    assert (
        replay(contracts_dir, "get-repository")
        .repositories.get(RepositoryRef(identifier="octokit-fixture-org/hello-world"))
        .external_id
        == "1000"
    )
    text = replay(contracts_dir, "get-content").get_text(
        RepositoryRef(identifier="octokit-fixture-org/hello-world"),
        path="README.md",
        ref="main",
        max_bytes=99,
    )
    assert text.startswith("# hello-world")


def test_a_path_is_quoted_as_httpx_sends_it():
    path = "/" + quote("a?b#c%2e", safe="")
    assert httpx.URL(f"https://h{path}").raw_path.decode() == path
