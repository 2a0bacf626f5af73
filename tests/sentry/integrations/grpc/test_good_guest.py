"""How few requests a host gets, and what a caller is told instead, through the gRPC-Web door."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from google.rpc import code_pb2, error_details_pb2

from forge_emulator import Emulator, Fault, HostedRepository
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.models import RateLimitCounter
from sentry.testutils.helpers.options import override_options
from sentry.testutils.rpc import RpcAnswer, RpcStatus
from tests.sentry.integrations.scene import (
    FULL_NAME,
    HOST_TOKEN,
    GitTruth,
    Scene,
    build_repository,
    make_scene,
)

pytestmark = pytest.mark.django_db

FILES = [f"src/{number}.py" for number in range(10)]
LINES = 3
EACH_ASKS = {"scm.blame.cache-ttl": 0.0}


@pytest.fixture(scope="session")
def ten_files(tmp_path_factory: pytest.TempPathFactory) -> GitTruth:
    """Ten files of three lines, of two commits; do not write to it."""
    git = build_repository(tmp_path_factory.mktemp("guest") / "shop")
    git.commit("Begin", dict.fromkeys(FILES, b"a = 1\nb = 2\nc = 3\n"))
    git.commit("Go on", dict.fromkeys(FILES[:5], b"a = 1\nb = 7\nc = 3\n"))
    return git


def hosted(git: GitTruth, rate_limit: int | None) -> Emulator:
    return Emulator(
        dialect="github",
        repositories=[HostedRepository(full_name=FULL_NAME, path=git.path)],
        tokens={HOST_TOKEN: ("robot", "repo")},
        rate_limit=rate_limit,
    )


@pytest.fixture
def shop(db, ten_files: GitTruth, settings, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The scene on a host with a rate limit, if the test is parametrized with one."""
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    with hosted(ten_files, getattr(request, "param", None)) as emulator:
        yield make_scene(emulator, ten_files)
    shared_runtime.cache_clear()


def question(scene: Scene, path: str, line: int) -> scm_pb2.GetCommitContextRequest:
    return scm_pb2.GetCommitContextRequest(
        repository_id=scene.repository.id,
        commit_sha=scene.git.head(),
        filepath=path,
        line_number=line,
    )


def blame(scene: Scene, referrer: str = "", path: str = FILES[0]) -> RpcAnswer[Any]:
    headers = {"x-referrer": referrer} if referrer else {}
    return scene.rpc("GetCommitContext", question(scene, path, 1), headers=headers)


def batch(scene: Scene, files: Sequence[str] = FILES) -> list[Any]:
    """The results for every line of every file."""
    questions = [question(scene, path, n) for n in range(1, LINES + 1) for path in files]
    request = scm_pb2.BatchGetCommitContextRequest(requests=questions)
    return list(scene.rpc("BatchGetCommitContext", request).response.results)


def assert_true(scene: Scene, results: Sequence[Any], files: Sequence[str] = FILES) -> None:
    truths = [scene.git.blame(path)[n] for n in range(LINES) for path in files]
    for result, (sha, _, text) in zip(results, truths, strict=True):
        found = result.context
        assert (found.blame_commit_id, found.code_snippet) == (sha, text), result


def statuses(scene: Scene) -> list[int]:
    return [request.status for request in scene.emulator.requests]


# --- batches -------------------------------------------------------------------------------------


def test_thirty_lines_in_ten_files_are_one_request(shop: Scene) -> None:
    assert_true(shop, batch(shop))
    assert [(each.method, each.path) for each in shop.emulator.requests] == [("POST", "/graphql")]
    assert_true(shop, batch(shop))
    assert len(shop.emulator.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", status=502, match="graphql", times=1),
        Fault(kind="status", status=504, match="graphql", times=1),
        Fault(kind="resource_limits_exceeded", match="graphql", times=1),
        Fault(
            kind="graphql_errors", match="graphql", times=1,
            body=b'{"data":null,"errors":[{"message":"Something went wrong while executing"}]}',
        ),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status or ''}",
)  # fmt: skip
def test_what_is_too_heavy_is_asked_in_halves(shop: Scene, fault: Fault) -> None:
    shop.emulator.faults.add(fault)
    assert_true(shop, batch(shop))
    assert len(shop.emulator.requests) == 3


def test_down_to_single_files(shop: Scene) -> None:
    """Of 10 files 5, of these 3, of these 2, of these 1, which alone is asked for again."""
    shop.emulator.faults.add(Fault(kind="status", status=502, match="graphql", times=5))
    assert_true(shop, batch(shop))
    assert statuses(shop) == [502] * 5 + [200] * 5


def test_what_the_host_gave_is_kept_where_a_file_is_missing(shop: Scene) -> None:
    files = [*FILES[:4], "no/such.py", *FILES[4:9]]
    results = batch(shop, files)
    missing = [place for place in range(len(results)) if place % 10 == 4]
    assert {results[place].status.code for place in missing} == {code_pb2.NOT_FOUND}
    kept = [result for place, result in enumerate(results) if place not in missing]
    assert_true(shop, kept, [path for path in files if path in FILES])
    assert len(shop.emulator.requests) == 1


# --- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shop", [40], indirect=True)
def test_no_referrer_uses_a_host_up(shop: Scene) -> None:
    """A share of a fourth of 40; the first request of all is made before anything is known."""
    shared = {**EACH_ASKS, "scm.budget.low": 1.0, "scm.budget.share": 0.25}
    with override_options(shared):
        answers = [blame(shop, "crawler") for _ in range(12)]
        sent = len(shop.emulator.requests)
        others = [blame(shop, "release"), blame(shop)]
    assert {answer.status for answer in answers[:11]} == {RpcStatus.OK}
    refused = answers[11]
    assert refused.status is RpcStatus.RESOURCE_EXHAUSTED
    assert refused.reason == "RATE_LIMITED"
    assert refused.message == "this caller's share of the host's rate limit is used up"
    assert 0 < refused.detail(error_details_pb2.RetryInfo).retry_delay.seconds <= 3600
    assert {answer.status for answer in others} == {RpcStatus.OK}
    assert sent == 11
    assert max(RateLimitCounter.objects.values_list("used", flat=True)) >= 11


@pytest.mark.parametrize("shop", [2], indirect=True)
def test_a_batch_that_the_rest_has_no_room_for_is_not_begun(shop: Scene) -> None:
    """Twenty files are two queries, and one is left."""
    more = [*FILES, *(f"{path}x" for path in FILES)]
    assert blame(shop).status is RpcStatus.OK
    shop.emulator.clear_requests()
    with override_options({**EACH_ASKS, "scm.budget.share": 1.0}):
        results = batch(shop, more)
    assert {result.status.code for result in results} == {code_pb2.RESOURCE_EXHAUSTED}
    details = [detail.TypeName() for detail in results[0].status.details]
    assert details == ["google.rpc.ErrorInfo", "google.rpc.RetryInfo"]
    info = error_details_pb2.ErrorInfo()
    results[0].status.details[0].Unpack(info)
    assert info.reason == "HOST_RATE_LIMITED"
    assert shop.emulator.requests == []


def test_a_host_without_limits_is_not_spared(shop: Scene) -> None:
    """As GitHub Enterprise Server: no headers, and /rate_limit answers 404."""
    with override_options({**EACH_ASKS, "scm.budget.low": 1.0, "scm.budget.share": 0.01}):
        assert {blame(shop, "crawler").status for _ in range(20)} == {RpcStatus.OK}
    assert not any("rate_limit" in request.path for request in shop.emulator.requests)


# --- a host that is down -------------------------------------------------------------------------


def test_a_host_that_is_down_is_left_alone_and_found_again(shop: Scene) -> None:
    rules = {**EACH_ASKS, "scm.breaker.failures": 3, "scm.breaker.pause": 60.0}
    shop.emulator.faults.add(Fault(kind="status", status=500))
    with override_options(rules):
        for _ in range(3):
            assert blame(shop).message == "the host answered with the status 500"
        refused = blame(shop)
        assert (refused.status, refused.reason) == (RpcStatus.UNAVAILABLE, "HOST_UNAVAILABLE")
        assert "left alone" in refused.message
        assert 0 < refused.detail(error_details_pb2.RetryInfo).retry_delay.seconds <= 60
        assert len(shop.emulator.requests) == 3


def test_callers_mistakes_leave_no_host_alone(shop: Scene) -> None:
    with override_options({**EACH_ASKS, "scm.breaker.failures": 2}):
        for _ in range(5):
            assert blame(shop, path="no/such.py").status is RpcStatus.NOT_FOUND
        assert blame(shop).status is RpcStatus.OK
