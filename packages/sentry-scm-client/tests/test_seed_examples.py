"""The first users' examples, word for word, against a server that answers under their address.

Two things differ from how they were first written down: `except grpc.RpcError` is ScmError with
StatusCode, since nothing here needs grpcio, and `shared_secret` has `key_id` and
`organization_id` beside it.
"""

import socket
import textwrap
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from connectrpc.code import Code

from sentry_scm_client import (
    PROVIDER_GITHUB,
    CommitAuthor,
    CommitContext,
    ListRepositoriesResponse,
    Repository,
    ScmClient,
    scm_pb2,
)

from .authority import Authority
from .loopback import ScmBackend, failure, serve

ADDRESS = ("sentry.example.com", 443)


@pytest.fixture(autouse=True)
def sentry_example_com(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, backend: ScmBackend
) -> Iterator[None]:
    """Make sentry.example.com:443 lead to a server on loopback, with a certificate of its name."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    connect = socket.create_connection
    with serve(backend.application(), authority.server_context(ADDRESS[0])) as host:
        port = int(host.rpartition(":")[2])

        def lead(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
            target = ("127.0.0.1", port) if address == ADDRESS else address
            return connect(target, *args, **kwargs)

        monkeypatch.setattr(socket, "create_connection", lead)
        connect_async = anyio.connect_tcp

        async def lead_async(remote_host: str, remote_port: int, **kwargs: Any) -> Any:
            if (remote_host, remote_port) == ADDRESS:
                remote_host, remote_port = "127.0.0.1", port
            return await connect_async(remote_host, remote_port, **kwargs)

        monkeypatch.setattr(anyio, "connect_tcp", lead_async)
        yield


@pytest.fixture(autouse=True)
def answers(backend: ScmBackend) -> None:
    repository = Repository(id=7, name="octo/cat", url="https://github.com/octo/cat")
    backend.answers["ListRepositories"] = lambda _: ListRepositoriesResponse(
        repositories=[repository]
    )
    backend.answers["GetCommitContext"] = lambda _: CommitContext(
        blame_commit_id="f" * 40,
        blame_author=CommitAuthor(name="Ada"),
        code_snippet="return 1",
    )


def run(example: str, **names: Any) -> dict[str, Any]:
    exec(compile(textwrap.dedent(example), "example", "exec"), names)  # noqa: S102 - our own text
    return names


def test_first_call(backend: ScmBackend, capsys: pytest.CaptureFixture[str]):
    run("""
        from sentry_scm_client import ScmClient, PROVIDER_GITHUB

        # Using API key authentication
        with ScmClient('sentry.example.com:443', api_key='your-api-key') as client:
            # List repositories
            response = client.list_repositories(
                organization_id=12345,
                provider=PROVIDER_GITHUB
            )
            for repo in response.repositories:
                print(f"Repository: {repo.name}")

            # Get commit blame
            context = client.get_commit_context(
                repository_id=repo.id,
                commit_sha='abc123',
                filepath='src/main.py',
                line_number=42
            )
            print(f"Blamed to: {context.blame_author.name}")
    """)
    assert capsys.readouterr().out == "Repository: octo/cat\nBlamed to: Ada\n"
    first, second = backend.seen
    assert first.request == scm_pb2.ListRepositoriesRequest(
        organization_id=12345, provider=PROVIDER_GITHUB
    )
    assert first.headers["x-api-key"] == "your-api-key"
    assert second.request == scm_pb2.GetCommitContextRequest(
        repository_id=7, commit_sha="abc123", filepath="src/main.py", line_number=42
    )


def test_api_key_by_keyword(backend: ScmBackend):
    names = run("""
        from sentry_scm_client import ScmClient

        client = ScmClient(
            host='sentry.example.com:443',
            api_key='your-api-key-here'
        )
    """)
    with names["client"] as client:
        client.list_repositories(12345)
    assert backend.seen[0].headers["x-api-key"] == "your-api-key-here"


def test_shared_secret(backend: ScmBackend):
    names = run(
        """
        client = ScmClient(
            host='sentry.example.com:443',
            shared_secret='your-shared-secret',
            key_id='your-key-id',
            organization_id=12345,
        )
        """,
        ScmClient=ScmClient,
    )
    with names["client"] as client:
        client.list_repositories()
    assert backend.seen[0].headers["x-signature"].startswith("v1=")
    assert backend.seen[0].headers["x-key-id"] == "your-key-id"
    assert backend.seen[0].headers["x-organization-id"] == "12345"


def test_list_and_blame(capsys: pytest.CaptureFixture[str]):
    names = run("""
        from sentry_scm_client import ScmClient, PROVIDER_GITHUB

        with ScmClient('sentry.example.com:443', api_key='...') as client:
            response = client.list_repositories(
                organization_id=12345,
                provider=PROVIDER_GITHUB
            )

            for repo in response.repositories:
                print(f"{repo.name}: {repo.url}")
    """)
    with ScmClient("sentry.example.com:443", "...", None, True) as client:
        run(
            """
            context = client.get_commit_context(
                repository_id=repo.id,
                commit_sha='abc123def456',
                filepath='src/components/Dashboard.tsx',
                line_number=142
            )

            print(f"Line last modified by: {context.blame_author.name}")
            print(f"In commit: {context.blame_commit_id}")
            print(f"Code: {context.code_snippet}")
            """,
            client=client,
            repo=names["repo"],
        )
    assert capsys.readouterr().out.splitlines() == [
        "octo/cat: https://github.com/octo/cat",
        "Line last modified by: Ada",
        f"In commit: {'f' * 40}",
        "Code: return 1",
    ]


@pytest.mark.parametrize(
    ("code", "printed"),
    [(Code.NOT_FOUND, "Repository not found\n"), (Code.INTERNAL, "Error: no\n")],
)
def test_error_handling(
    backend: ScmBackend, capsys: pytest.CaptureFixture[str], code: Code, printed: str
):
    def answer(_: object) -> None:
        raise failure(code, "no")

    backend.answers["GetRepository"] = answer
    with ScmClient("sentry.example.com:443", api_key="...") as client:
        run(
            """
            from sentry_scm_client import ScmError, StatusCode

            try:
                response = client.get_repository(repository_id=99999)
            except ScmError as e:
                if e.code() == StatusCode.NOT_FOUND:
                    print("Repository not found")
                else:
                    print(f"Error: {e.details()}")
            """,
            client=client,
        )
    assert capsys.readouterr().out == printed


def test_rate_limit_headers(backend: ScmBackend):
    backend.answer_headers = {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "42",
        "X-RateLimit-Reset": "1790000060",
    }
    with ScmClient("sentry.example.com:443", api_key="...") as client:
        client.list_repositories()
        assert client.last_rate_limit is not None
        assert client.last_rate_limit.remaining == 42
