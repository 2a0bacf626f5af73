"""Every RPC through both clients, to a real server."""

import asyncio
import inspect
import re
from typing import Any

import pytest
from google.rpc import status_pb2

import sentry_scm_client
from sentry_scm_client import (
    PROVIDER_GITHUB,
    REPOSITORY_STATUS_HIDDEN,
    AsyncScmClient,
    CommitContext,
    CommitContextResult,
    GetCommitContextRequest,
    Internal,
    LineRef,
    ListCommitsResponse,
    ListRepositoriesResponse,
    NotFound,
    RateLimit,
    Repository,
    ScmClient,
    scm_pb2,
)

from .conftest import Driver, OpenDriver
from .loopback import SERVICE, ScmBackend

# For each RPC: the arguments, which are the request's fields with values that are no defaults.
LINE: dict[str, Any] = {
    "repository_id": 3,
    "commit_sha": "abc123",
    "filepath": "src/main.py",
    "line_number": 42,
}
CALLS: dict[str, dict[str, Any]] = {
    "CompareCommits": {"repository_id": 3, "base": "main", "head": "next", "max_commits": 9},
    "ListTree": {"repository_id": 3, "ref": "main", "path": "src", "max_entries": 9},
    "ListPullRequestsForCommit": {"repository_id": 3, "commit_sha": "abc123"},
    "SearchCode": {"repository_id": 3, "query": "total", "page_size": 5, "page_token": "t2"},
    "ListIntegrations": {
        "organization_id": 7,
        "provider": PROVIDER_GITHUB,
        "page_size": 10,
        "page_token": "t1",
    },
    "SyncRepositories": {"integration_id": 9, "query": "shop"},
    "GetSyncJob": {"sync_job_id": 4},
    "ListRepositories": {
        "organization_id": 7,
        "provider": PROVIDER_GITHUB,
        "query": "web",
        "page_size": 10,
        "page_token": "t1",
        "status": REPOSITORY_STATUS_HIDDEN,
    },
    "GetRepository": {"repository_id": 3},
    "GetCommit": {"repository_id": 3, "commit_sha": "abc123"},
    "GetCommitContext": LINE,
    "CreateCodeMapping": {
        "organization_id": 7,
        "project_id": 5,
        "repository_id": 3,
        "stack_root": "app/",
        "source_root": "src/app/",
        "default_branch": "trunk",
    },
    "DeriveCodeMappings": {
        "organization_id": 7,
        "project_id": 5,
        "stacktrace_paths": ["app/a.py", "app/b.py"],
    },
    "CreateExternalIssue": {
        "organization_id": 7,
        "integration_id": 9,
        "title": "Crash",
        "description": "It does",
        "metadata": {"repo": "octo/cat", "labels": "bug"},
    },
    "LinkExternalIssue": {"group_id": 11, "external_issue_id": 12},
    "GetCapabilities": {"repository_id": 3},
    "ListCommits": {
        "repository_id": 3,
        "ref": "main",
        "path": "src",
        "page_size": 5,
        "page_token": "t2",
    },
    "GetFile": {"repository_id": 3, "ref": "main", "path": "README.md", "max_bytes": 99},
    "StreamFileBlame": {"repository_id": 3, "commit_sha": "abc123", "filepath": "src/main.py"},
    "BatchGetCommitContext": {"requests": [GetCommitContextRequest(**LINE)]},
}


def method_of(rpc: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", rpc).lower()


@pytest.mark.parametrize("client", [ScmClient, AsyncScmClient])
@pytest.mark.parametrize("rpc", [method.name for method in SERVICE.methods])
def test_every_rpc_has_a_method_and_every_field_an_argument(client: type, rpc: str):
    arguments = inspect.signature(getattr(client, method_of(rpc))).parameters
    fields = {field.name for field in SERVICE.methods_by_name[rpc].input_type.fields}
    assert fields <= arguments.keys()
    assert fields >= CALLS[rpc].keys()
    assert "timeout" in arguments
    reads = SERVICE.methods_by_name[rpc].GetOptions().idempotency_level == 1
    assert ("idempotency_key" in arguments) is not reads


@pytest.mark.parametrize("name", [n for n in dir(ScmClient) if not n.startswith("_")])
def test_both_clients_have_the_same_methods_and_arguments(name: str):
    other = getattr(AsyncScmClient, "aclose" if name == "close" else name)
    mine = getattr(ScmClient, name)
    if callable(mine):
        assert inspect.signature(mine).parameters == inspect.signature(other).parameters


@pytest.mark.parametrize("rpc", CALLS)
def test_request_arrives_as_given(driver: Driver, backend: ScmBackend, rpc: str):
    answer = _answer(rpc)
    backend.answers[rpc] = lambda _: answer
    result = driver.call(method_of(rpc), **CALLS[rpc])
    (seen,) = backend.seen
    assert seen.method == rpc
    expected = getattr(scm_pb2, f"{rpc}Request")(**CALLS[rpc])
    assert seen.request == expected
    assert seen.headers["x-api-key"] == "k3y-for-tests"
    assert seen.headers["content-type"] == "application/grpc-web+proto"
    assert seen.headers["user-agent"] == f"sentry-scm-client/{sentry_scm_client.__version__}"
    assert result == (_first_context(answer) if rpc == "BatchGetCommitContext" else answer)


def _answer(rpc: str) -> Any:
    """An answer of the RPC that is told from an empty one."""
    if rpc == "BatchGetCommitContext":
        context = CommitContextResult(context=CommitContext(blame_commit_id="f" * 40))
        return scm_pb2.BatchGetCommitContextResponse(results=[context])
    if rpc == "StreamFileBlame":
        return [scm_pb2.BlameRange(start_line=n, end_line=n, lines=["ü"]) for n in range(1, 4)]
    kind = SERVICE.methods_by_name[rpc].output_type
    message = getattr(scm_pb2, kind.name)()
    field = kind.fields_by_number[1] if not kind.fields[0].is_repeated else None
    if field is None:
        getattr(message, kind.fields[0].name).add()
    else:
        setattr(message, field.name, "x" if field.type == field.TYPE_STRING else 1)
    return message


def _first_context(answer: Any) -> list[CommitContext]:
    return [result.context for result in answer.results]


def test_capabilities_of_an_integration(driver: Driver, backend: ScmBackend):
    driver.call("get_capabilities", integration_id=9)
    assert backend.seen[0].request == scm_pb2.GetCapabilitiesRequest(integration_id=9)


@pytest.mark.parametrize("both", [{}, {"repository_id": 1, "integration_id": 2}])
def test_capabilities_need_exactly_one_target(driver: Driver, both: dict[str, int]):
    with pytest.raises(ValueError, match="one of the two"):
        driver.call("get_capabilities", **both)


def test_repositories_page_after_page(driver: Driver, backend: ScmBackend):
    pages = {"": ([1, 2], "a"), "a": ([], "b"), "b": ([3], "")}

    def answer(request: scm_pb2.ListRepositoriesRequest) -> ListRepositoriesResponse:
        ids, following = pages[request.page_token]
        repositories = [Repository(id=i) for i in ids]
        return ListRepositoriesResponse(repositories=repositories, next_page_token=following)

    backend.answers["ListRepositories"] = answer
    found = driver.call(
        "iter_repositories", 7, PROVIDER_GITHUB, 2, query="web", status=REPOSITORY_STATUS_HIDDEN
    )
    assert [repository.id for repository in found] == [1, 2, 3]
    assert [seen.request for seen in backend.seen] == [
        scm_pb2.ListRepositoriesRequest(
            organization_id=7,
            provider=PROVIDER_GITHUB,
            page_size=2,
            query="web",
            status=REPOSITORY_STATUS_HIDDEN,
            page_token=token,
        )
        for token in pages
    ]


def test_commits_page_after_page(driver: Driver, backend: ScmBackend):
    backend.answers["ListCommits"] = lambda request: ListCommitsResponse(
        commits=[scm_pb2.Commit(key=f"{request.page_token}1")],
        next_page_token="" if request.page_token else "a",
    )
    commits = driver.call("iter_commits", 3, ref="main", path="src", page_size=1)
    assert [commit.key for commit in commits] == ["1", "a1"]
    assert backend.seen[1].request == scm_pb2.ListCommitsRequest(
        repository_id=3, ref="main", path="src", page_size=1, page_token="a"
    )


@pytest.mark.parametrize(
    ("rpc", "method", "answer"),
    [
        ("ListRepositories", "iter_repositories", ListRepositoriesResponse(next_page_token="x")),
        ("ListCommits", "iter_commits", ListCommitsResponse(next_page_token="x")),
    ],
)
def test_repeated_page_token_does_not_page_for_ever(
    driver: Driver, backend: ScmBackend, rpc: str, method: str, answer: Any
):
    backend.answers[rpc] = lambda _: answer
    with pytest.raises(Internal, match="same page token"):
        driver.call(method, 3)


def test_batch_keeps_order_and_tells_errors(driver: Driver, backend: ScmBackend):
    def answer(request: scm_pb2.BatchGetCommitContextRequest) -> Any:
        outcomes = [
            CommitContextResult(status=status_pb2.Status(code=5, message="no such line"))
            if line.line_number == 2
            else CommitContextResult(context=CommitContext(line_number=line.line_number))
            for line in request.requests
        ]
        return scm_pb2.BatchGetCommitContextResponse(results=outcomes)

    backend.answers["BatchGetCommitContext"] = answer
    lines = [
        LineRef(3, "abc1", "a.py", 1),
        (3, "abc1", "a.py", 2),
        GetCommitContextRequest(repository_id=3, line_number=3),
    ]
    first, second, third = driver.call("batch_get_commit_context", lines)
    assert (first.line_number, third.line_number) == (1, 3)
    assert isinstance(second, NotFound)
    assert second.details() == "no such line"


def test_batch_of_more_than_a_hundred_goes_in_several_calls(driver: Driver, backend: ScmBackend):
    backend.answers["BatchGetCommitContext"] = lambda request: (
        scm_pb2.BatchGetCommitContextResponse(
            results=[
                CommitContextResult(context=CommitContext(line_number=line.line_number))
                for line in request.requests
            ]
        )
    )
    lines = (LineRef(3, "abc1", "a.py", n) for n in range(1, 252))
    contexts = driver.call("batch_get_commit_context", lines)
    assert [context.line_number for context in contexts] == list(range(1, 252))
    assert len(backend.seen) == 3


def test_empty_batch_makes_no_call(driver: Driver, backend: ScmBackend):
    assert driver.call("batch_get_commit_context", []) == []
    assert backend.seen == []


def test_batch_with_a_missing_or_empty_result(driver: Driver, backend: ScmBackend):
    response = scm_pb2.BatchGetCommitContextResponse(results=[CommitContextResult()])
    backend.answers["BatchGetCommitContext"] = lambda _: response
    line = LineRef(3, "abc1", "a.py", 1)
    (outcome,) = driver.call("batch_get_commit_context", [line])
    assert isinstance(outcome, Internal)
    with pytest.raises(Internal, match="2 lines were asked, 1 answered"):
        driver.call("batch_get_commit_context", [line, line])


def test_mutation_carries_its_key_or_a_new_one(driver: Driver, backend: ScmBackend):
    for key in ("once", None, None):
        driver.call("link_external_issue", 1, 2, idempotency_key=key)
    keys = [seen.headers["x-idempotency-key"] for seen in backend.seen]
    assert keys[0] == "once"
    assert len(set(keys)) == 3
    driver.call("get_repository", 1)
    assert "x-idempotency-key" not in backend.seen[-1].headers


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "ü", "k" * 256])
def test_unfit_idempotency_key(driver: Driver, backend: ScmBackend, key: str):
    with pytest.raises(ValueError, match="idempotency_key"):
        driver.call("link_external_issue", 1, 2, idempotency_key=key)
    assert backend.seen == []


def test_compressed_requests(open_driver: OpenDriver, host: str, backend: ScmBackend):
    driver = open_driver(host, compression="gzip")
    driver.call("get_repository", 5)
    assert backend.seen[0].request == scm_pb2.GetRepositoryRequest(repository_id=5)
    assert backend.seen[0].headers["grpc-encoding"] == "gzip"


def test_compressed_answers(driver: Driver, backend: ScmBackend):
    text = "long enough to be worth it " * 1000
    backend.answers["GetFile"] = lambda _: scm_pb2.File(content=text.encode())
    assert driver.call("get_file", 3, "a.txt").content.decode() == text
    assert backend.seen[0].headers["grpc-accept-encoding"] == "gzip"


def test_second_path_and_extra_headers(open_driver: OpenDriver, host: str, backend: ScmBackend):
    driver = open_driver(f"http://{host}/", path_prefix="/grpc", headers={"X-Team": "blue"})
    driver.call("get_repository", 5)
    assert backend.seen[0].headers["x-team"] == "blue"


def test_last_rate_limit(driver: Driver, backend: ScmBackend):
    before = driver.client.last_rate_limit
    backend.answer_headers = {
        "x-ratelimit-limit": "100",
        "x-ratelimit-remaining": "99",
        "x-ratelimit-reset": "1790000060",
    }
    driver.call("get_repository", 1)
    expected = RateLimit(limit=100, remaining=99, reset=1_790_000_060)
    assert (before, driver.client.last_rate_limit) == (None, expected)
    backend.answer_headers = {"x-ratelimit-limit": "many"}
    driver.call("get_repository", 1)
    assert driver.client.last_rate_limit == expected


def test_closed_client_says_so(host: str):
    with ScmClient(host, "k", secure=False) as client:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        client.get_repository(1)


async def _use_after_aclose(host: str) -> None:
    async with AsyncScmClient(host, "k", secure=False) as client:
        pass
    await client.get_repository(1)


def test_closed_async_client_says_so(host: str):
    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(_use_after_aclose(host))


def test_everything_of_the_proto_is_exported():
    public = {name for name in vars(scm_pb2) if name[0].isupper() and name != "DESCRIPTOR"}
    public = {name for name in public if not name.endswith("_FIELD_NUMBER")}
    assert public <= set(sentry_scm_client.__all__)
    for name in sentry_scm_client.__all__:
        assert hasattr(sentry_scm_client, name)
