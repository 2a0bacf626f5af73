"""Two web processes of one installation: what they ask a host together."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sentry.integrations.grpc.generated import scm_pb2
from sentry.testutils import rpc
from tests import live

TOGETHER = 100


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Platform]:
    with live.platform(tmp_path_factory.mktemp("two")) as made:
        yield made


def test_a_hundred_identical_blames_are_one_request(installation: live.Platform) -> None:
    """The host is slow, and there is a thread for each call: most wait for the first at once.

    Who comes after the first has its answer, as on a busy machine, has it from memory.
    """
    emulator = installation.emulator_url
    variables = {
        **installation.environment,
        "SENTRY_OPTION_SCM_BLAME_CACHE_TTL": "60",
        "SENTRY_WEB_THREADS": str(TOGETHER // 2),
    }
    here = replace(installation, environment=variables)
    message = scm_pb2.GetCommitContextRequest(
        repository_id=here.repository_id,
        commit_sha=live.git(here.git, "rev-parse", "HEAD").strip(),
        filepath=live.PATH,
        line_number=2,
    )
    headers = {"x-api-key": here.api_key, "content-type": rpc.CONTENT_TYPE}
    together = threading.Barrier(TOGETHER)

    body = rpc.frame(message.SerializeToString())
    limits = httpx.Limits(max_connections=TOGETHER)

    def ask(url: str) -> bytes:
        target = f"{url}/{rpc.SERVICE}/GetCommitContext"
        together.wait(live.PATIENCE)
        return client.post(target, content=body, headers=headers).content

    with (
        live.web(here) as first,
        live.web(here) as second,
        httpx.Client() as control,
        httpx.Client(limits=limits, timeout=live.PATIENCE) as client,
    ):
        slow = {"kind": "latency", "seconds": 2, "match": "graphql"}
        control.post(f"{emulator}/_emulator/faults", content=json.dumps(slow)).raise_for_status()
        control.delete(f"{emulator}/_emulator/requests").raise_for_status()
        with ThreadPoolExecutor(TOGETHER) as pool:
            answers = set(pool.map(ask, [first, second] * (TOGETHER // 2)))
        control.delete(f"{emulator}/_emulator/faults").raise_for_status()
        log: list[Any] = control.get(f"{emulator}/_emulator/requests").json()
    assert [entry["path"] for entry in log] == ["/graphql"]
    (answer,) = answers
    (flag, payload), (last, trailers) = rpc.unframe(answer)
    assert (flag, last) == (0, 0x80)
    assert b"grpc-status: 0" in trailers
    line = live.git(here.git, "blame", "-s", "-l", "-L2,2", "HEAD", "--", live.PATH)
    assert scm_pb2.CommitContext.FromString(payload).blame_commit_id == line.split()[0]
