"""The README's examples run as they stand, and it names what there is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from connectrpc.code import Code

from sentry_scm_client import (
    BatchGetCommitContextResponse,
    CommitContext,
    CommitContextResult,
    ListRepositoriesResponse,
    Repository,
    ScmClient,
)

from .loopback import SERVICE, ScmBackend, failure
from .test_calls import method_of
from .test_seed_examples import run, sentry_example_com

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

__all__ = ["sentry_example_com"]  # a fixture of every test here


@pytest.fixture
def client(sentry_example_com: None, backend: ScmBackend) -> Iterator[ScmClient]:
    backend.answers["ListRepositories"] = lambda _: ListRepositoriesResponse(
        repositories=[Repository(id=7, name="octo/cat")]
    )
    backend.answers["BatchGetCommitContext"] = lambda request: BatchGetCommitContextResponse(
        results=[CommitContextResult(context=CommitContext()) for _ in request.requests]
    )
    with ScmClient("sentry.example.com:443", "k") as opened:
        yield opened


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.strip().split("\n")[-1][:40])
def test_example_runs(example: str, client: ScmClient):
    names: dict[str, Any] = {"client": client, "ScmClient": ScmClient}
    names |= {"host": "sentry.example.com:443", "key": "k"}
    after = run(example, **names)
    if after["client"] is not client:
        after["client"].close()


@pytest.mark.parametrize(
    ("code", "printed"),
    [(Code.NOT_FOUND, "Repository not found\n"), (Code.INTERNAL, "INTERNAL  no\n")],
)
def test_error_example(
    client: ScmClient,
    backend: ScmBackend,
    capsys: pytest.CaptureFixture[str],
    code: Code,
    printed: str,
):
    def answer(_: object) -> None:
        raise failure(code, "no")

    backend.answers["GetRepository"] = answer
    (example,) = (text for text in EXAMPLES if "except InvalidArgument" in text)
    run(example, client=client)
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("rpc", [method.name for method in SERVICE.methods])
def test_every_rpc_is_named(rpc: str):
    assert f"`{method_of(rpc)}`" in README
