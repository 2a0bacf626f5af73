"""What is repeated, when and how often. No test waits: the clock is the test's."""

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from sentry_scm_client import (
    Aborted,
    ExternalIssue,
    Repository,
    ResourceExhausted,
    RetryPolicy,
    ScmError,
    Unavailable,
)

from .conftest import Driver, OpenDriver
from .loopback import FakeClock, message_answer, status_answer


def details(*messages: Any) -> str:
    status = status_pb2.Status()
    for message in messages:
        status.details.add().Pack(message)
    return base64.b64encode(status.SerializeToString()).decode().rstrip("=")


def retry_info(seconds: int, nanos: int = 0) -> str:
    return details(error_details_pb2.RetryInfo(retry_delay=Duration(seconds=seconds, nanos=nanos)))


class Scene:
    """A server that gives the listed answers in turn, the last one for ever."""

    def __init__(self, open_driver: OpenDriver, *answers: Any, **arguments: Any) -> None:
        self.clock = FakeClock()
        self.requests: list[httpx.Request] = []
        self._answers = answers
        arguments = {"transport": httpx.MockTransport(self._answer), **arguments}
        self.driver: Driver = open_driver("h", clock=self.clock, **arguments)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        made: httpx.Response = answer()
        return made


Make = Callable[..., Scene]


@pytest.fixture
def scene(open_driver: OpenDriver) -> Make:
    return lambda *answers, **arguments: Scene(open_driver, *answers, **arguments)


def fine() -> httpx.Response:
    return message_answer(Repository(id=1))


def down() -> httpx.Response:
    return status_answer(14, "down")


def test_read_is_repeated_with_growing_waits(scene: Make):
    there = scene(down, down, down, fine)
    assert there.driver.call("get_repository", 1).id == 1
    assert there.clock.waits == [0.05, 0.1, 0.2]


def test_no_more_than_max_attempts(scene: Make):
    there = scene(down)
    with pytest.raises(Unavailable):
        there.driver.call("get_repository", 1)
    assert len(there.requests) == 4


def test_wait_is_bounded(scene: Make):
    policy = RetryPolicy(max_attempts=5, initial_backoff=1, max_backoff=3, multiplier=10)
    there = scene(down, retries=policy)
    with pytest.raises(Unavailable):
        there.driver.call("get_repository", 1)
    assert there.clock.waits == [0.5, 1.5, 1.5, 1.5]


def test_none_never_repeats(scene: Make):
    there = scene(down, retries=RetryPolicy.NONE)
    with pytest.raises(Unavailable):
        there.driver.call("get_repository", 1)
    assert len(there.requests) == 1


@pytest.mark.parametrize("code", [14, 8, 10])
def test_retry_info_is_honoured(scene: Make, code: int):
    there = scene(lambda: status_answer(code, "later", details=retry_info(2, 500_000_000)), fine)
    assert there.driver.call("get_repository", 1).id == 1
    assert there.clock.waits == [2.55]


def test_wait_beyond_the_deadline_is_not_begun(scene: Make):
    there = scene(lambda: status_answer(8, "later", details=retry_info(31)), fine)
    with pytest.raises(ResourceExhausted) as caught:
        there.driver.call("get_repository", 1)
    assert caught.value.retry_after == 31
    assert there.clock.waits == []


def test_aborted_without_retry_info_is_final(scene: Make):
    there = scene(lambda: status_answer(10, "conflict"), fine)
    with pytest.raises(Aborted):
        there.driver.call("get_repository", 1)


def test_message_too_large_is_final(scene: Make):
    info = error_details_pb2.ErrorInfo(reason="MESSAGE_TOO_LARGE", domain="scm")
    there = scene(lambda: status_answer(8, "too large", details=details(info)), fine)
    with pytest.raises(ResourceExhausted, match="MESSAGE_TOO_LARGE"):
        there.driver.call("get_repository", 1)
    assert len(there.requests) == 1


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13, 15, 16])
def test_other_failures_are_final(scene: Make, code: int):
    there = scene(lambda: status_answer(code, "no"), fine)
    with pytest.raises(ScmError):
        there.driver.call("get_repository", 1)
    assert len(there.requests) == 1


@pytest.mark.parametrize(
    "cause",
    [
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("gone"),
        httpx.ReadError("reset"),
        httpx.ProxyError("no"),
    ],
)
def test_broken_connection_is_repeated(scene: Make, cause: Exception):
    there = scene(cause, fine)
    assert there.driver.call("get_repository", 1).id == 1
    assert len(there.requests) == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_answer_of_a_proxy_is_repeated(scene: Make, status: int):
    there = scene(lambda: httpx.Response(status, headers={"retry-after": "3"}), fine)
    assert there.driver.call("get_repository", 1).id == 1
    assert there.clock.waits == [3.05]


def test_mutation_is_repeated_under_one_key(scene: Make):
    there = scene(down, lambda: message_answer(ExternalIssue(id=5)))
    assert there.driver.call("link_external_issue", 1, 2).id == 5
    first, second = (request.headers["x-idempotency-key"] for request in there.requests)
    assert first == second


def test_each_attempt_is_signed_anew(scene: Make):
    there = scene(
        down, fine, shared_secret="s", key_id="k", organization_id=7, retries=RetryPolicy()
    )
    there.driver.call("get_repository", 1)
    first, second = (request.headers for request in there.requests)
    for name in ("x-signature-nonce", "x-signature"):
        assert first[name] != second[name]


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_attempts": 0},
        {"initial_backoff": -1},
        {"initial_backoff": 9, "max_backoff": 1},
        {"multiplier": 0.5},
        {"multiplier": 101},
    ],
)
def test_wrong_policy(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match="must"):
        RetryPolicy(**wrong)


def test_many_attempts_do_not_overflow():
    policy = RetryPolicy(max_attempts=10_000, multiplier=100)
    error = Unavailable("down")
    assert policy.delay(attempts=9_999, error=error, chance=0.5) == 2.5
    assert policy.delay(attempts=10_000, error=error, chance=0.5) is None
