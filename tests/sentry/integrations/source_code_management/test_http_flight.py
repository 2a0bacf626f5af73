"""Identical reads of a process at the same time: one request, and nobody the worse for it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostForbidden,
    HostRateLimited,
    HostUnavailable,
    IntegrationBroken,
    NotFound,
)
from sentry.integrations.source_code_management.http_answers import HostResponse, Transient
from sentry.integrations.source_code_management.http_flight import Flights, Read
from sentry.integrations.source_code_management.http_paths import route
from sentry.testutils.helpers.options import override_options
from sentry.utils.deadline import deadline_at

from .http_fakes import BASE, FakeAuth, World, ok

PATIENCE = 30
WHERE = route("/things/{name}", name="x")
ONCE = {"scm.http.max-attempts": 1}
REFUSED = httpx.Response(429, headers={"retry-after": "60"})

type Answer = httpx.Response | Exception


class Watched(Flights):
    """Tells when so many threads wait for another one's answer."""

    def __init__(self) -> None:
        super().__init__()
        self.waiters: set[int] = set()
        self.changed = threading.Condition()

    def run(
        self, read: Read, ask: Callable[[], HostResponse], left: Callable[[], float]
    ) -> HostResponse:
        def noted() -> float:
            with self.changed:
                self.waiters.add(threading.get_ident())
                self.changed.notify_all()
            return left()

        return super().run(read, ask, noted)

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.waiters) >= count, PATIENCE)


class Slow:
    """A far side whose first answer is held back until the gate is opened."""

    def __init__(self, first: Answer, *others: Answer) -> None:
        self.gate, self.called = threading.Event(), threading.Event()
        self.first = first
        self.world = World(self.held, *others)
        self.flights = Watched()
        object.__setattr__(self.world.runtime, "flights", self.flights)

    def held(self, _: httpx.Request) -> httpx.Response:
        self.called.set()
        assert self.gate.wait(PATIENCE)
        if isinstance(self.first, Exception):
            raise self.first
        return self.first

    @property
    def count(self) -> int:
        return len(self.world.requests)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


def get(far: Slow, resource: str = "thing", auth: FakeAuth | None = None, **arguments: Any) -> Any:
    session = far.world.session_with(auth or far.world.auth)
    return session.request("GET", WHERE, resource=resource, **arguments)


def together(
    far: Slow, pool: ThreadPoolExecutor, others: int = 5, **arguments: Any
) -> list[Future[Any]]:
    """One who asks, and others who wait for the answer; the gate is opened then."""
    first = pool.submit(get, far, **arguments)
    assert far.called.wait(PATIENCE)
    rest = [pool.submit(get, far, **arguments) for _ in range(others)]
    far.flights.wait_for(others)
    far.gate.set()
    return [first, *rest]


def wait_until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    return holds()


def observed() -> float:
    labels = {"provider": "fake", "status": "200"}
    name = "sentry_host_request_duration_seconds_count"
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_all_have_the_answer_of_the_first(pool):
    before = observed()
    far = Slow(ok({"a": 1}), httpx.Response(500))
    answers = [each.result(PATIENCE) for each in together(far, pool)]
    assert [answer.json() for answer in answers] == [{"a": 1}] * 6
    assert (far.count, observed() - before) == (1, 1)


def test_who_comes_later_asks_anew(pool):
    far = Slow(ok({"a": 1}), ok({"a": 2}))
    for each in together(far, pool):
        each.result(PATIENCE)
    assert get(far).json() == {"a": 2}
    assert far.count == 2


@pytest.mark.parametrize(
    "other",
    [
        {"auth": FakeAuth(token="another")},
        {"query": {"page": 2}},
        {"headers": {"accept": "text/plain"}},
        {"read_at_most": 10},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_differs_is_asked_apart(pool, other):
    far = Slow(ok({"a": 1}), ok({"a": 2}))
    first = pool.submit(get, far)
    assert far.called.wait(PATIENCE)
    assert get(far, **other).json() == {"a": 2}
    far.gate.set()
    assert first.result(PATIENCE).json() == {"a": 1}


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFound), (403, HostForbidden), (401, IntegrationBroken)]
)
def test_what_will_fail_again_is_asked_once(pool, status, error):
    far = Slow(httpx.Response(status), ok())
    for each in together(far, pool):
        assert isinstance(each.exception(PATIENCE), error)
    assert far.count == 1


def test_each_says_for_itself_what_an_answer_means(pool):
    far = Slow(httpx.Response(404), ok())
    first = pool.submit(get, far, "commit")
    assert far.called.wait(PATIENCE)
    second = pool.submit(get, far, "file")
    third = pool.submit(get, far, "file", passed=frozenset({404}))
    far.flights.wait_for(2)
    far.gate.set()
    errors = [each.exception(PATIENCE) for each in (first, second)]
    assert [error.resource for error in errors if isinstance(error, NotFound)] == ["commit", "file"]
    assert third.result(PATIENCE).status == 404
    assert far.count == 1


FAILURES = pytest.mark.parametrize(
    "failure",
    [httpx.ReadTimeout("x"), httpx.ConnectError("x"), httpx.Response(500), httpx.Response(503)],
    ids=lambda each: getattr(each, "status_code", type(each).__name__),
)


@override_options(ONCE)
@FAILURES
def test_a_failure_of_the_host_is_told_to_all_who_wait(pool, failure):
    far = Slow(failure, ok())
    errors = [each.exception(PATIENCE) for each in together(far, pool, others=11)]
    assert [type(error) for error in errors] == [HostUnavailable] * 12
    assert len({(error.message, error.status) for error in errors}) == 1  # type: ignore[union-attr]
    assert len({id(error) for error in errors}) == 12
    assert far.count == 1


@FAILURES
def test_who_was_told_of_a_failure_tries_again(pool, failure):
    far = Slow(failure, ok())
    results = together(far, pool)
    if isinstance(failure, httpx.Response) and failure.status_code == 500:
        assert all(isinstance(each.exception(PATIENCE), HostUnavailable) for each in results)
        assert far.count == 1  # a 500 is not asked for again
    else:
        assert [each.result(PATIENCE).status for each in results] == [200] * 6
        assert 2 <= far.count <= 7


@override_options({**ONCE, "scm.breaker.failures": 3})
def test_a_failure_counts_once_and_yet_the_circuit_opens(pool):
    """The circuit of a host that hangs; callers come all the time."""
    far = Slow(httpx.ReadTimeout("x"), httpx.ReadTimeout("x"))
    for each in together(far, pool, others=11):
        assert isinstance(each.exception(PATIENCE), HostUnavailable)
    assert far.world.runtime.breaker.admit(BASE, now=far.world.now) == 0.0
    for _ in range(2):
        with pytest.raises(HostUnavailable):
            get(far)
    assert far.world.runtime.breaker.admit(BASE, now=far.world.now) > 0


@override_options({**ONCE, "scm.breaker.failures": 3})
def test_what_hangs_is_joined_for_two_seconds_only(pool):
    far = Slow(httpx.ReadTimeout("x"))
    far.flights._clock = lambda: far.world.now
    asked = []
    for number in (1, 2, 3):
        asked.append(pool.submit(get, far))
        assert wait_until(lambda: far.count == number)  # noqa: B023 -- called at once
        asked.append(pool.submit(get, far))
        far.flights.wait_for(number)
        far.world.now += 2.1
    far.gate.set()
    assert all(isinstance(each.exception(PATIENCE), HostUnavailable) for each in asked)
    assert far.count == 3
    assert far.world.runtime.breaker.admit(BASE, now=far.world.now) > 0


def error_of_leader() -> None:
    raise HostUnavailable("down", status=503, retry_after=7.0)


def test_an_error_that_is_told_has_the_data_and_no_traceback():
    with pytest.raises(HostUnavailable) as raised:
        error_of_leader()
    told = Transient(raised.value, wait=7.0).again()
    assert isinstance(told.error, HostUnavailable)
    assert (str(told.error), told.error.status, told.error.retry_after) == ("down", 503, 7.0)
    assert (told.wait, told.error.__traceback__) == (7.0, None)
    limited = HostRateLimited(5.0, status=429).again()
    assert (limited.message, limited.retry_after, limited.status) == (
        "the host's rate limit is used up",
        5.0,
        429,
    )


@override_options(ONCE)
@pytest.mark.parametrize("total", [None, 5.0], ids=["deadline", "total"])
def test_a_failure_for_want_of_the_own_time_is_not_told(pool, total):
    far = Slow(httpx.ReadTimeout("x"), ok())

    def hurried() -> Any:
        with deadline_at(time.monotonic() + 5):
            return get(far)

    if total is None:
        first = pool.submit(hurried)
    else:
        with override_options({"scm.http.total-timeout": total}):
            first = pool.submit(get, far)
            assert far.called.wait(PATIENCE)
    assert far.called.wait(PATIENCE)
    second = pool.submit(get, far)
    far.flights.wait_for(1)
    far.world.now += 6
    far.gate.set()
    assert isinstance(
        first.exception(PATIENCE), DeadlineExceeded if total is None else HostUnavailable
    )
    assert second.result(PATIENCE).status == 200


def test_after_a_refusal_nobody_asks(pool):
    far = Slow(REFUSED, ok())
    for each in together(far, pool):
        assert isinstance(each.exception(PATIENCE), HostRateLimited)
    assert far.count == 1


def test_nobody_waits_beyond_the_own_deadline(pool):
    far = Slow(ok(), httpx.Response(500))

    def hurried() -> Any:
        with deadline_at(time.monotonic() + 0.5):
            return get(far)

    first = pool.submit(get, far)
    assert far.called.wait(PATIENCE)
    second = pool.submit(hurried)
    far.flights.wait_for(1)
    far.world.now += 1
    assert isinstance(second.exception(PATIENCE), DeadlineExceeded)
    far.gate.set()
    assert first.result(PATIENCE).status == 200
    assert far.count == 1


def test_who_waits_takes_nothing_of_a_share(pool):
    far = Slow(ok(), ok())
    far.world.telling()
    left = {"x-quota-remaining": "10", "x-quota-limit": "100", "x-quota-reset": "1600"}
    far.world.answers = [httpx.Response(200, json={}, headers=left), far.held]
    get(far, query={"page": 2})
    for each in together(far, pool):
        each.result(PATIENCE)
    assert list(far.world.counts.values()) == [1]


def test_a_renewed_credential_is_another_question(pool):
    far = Slow(httpx.Response(401), ok({"a": 2}))
    auth = FakeAuth(spares=["renewed"] * 6)
    answers = [each.result(PATIENCE) for each in together(far, pool, auth=auth)]
    assert [answer.json() for answer in answers] == [{"a": 2}] * 6
    sent = [request.headers["authorization"] for request in far.world.requests]
    assert sent[0] == "Bearer s3cr3t-token"
    assert set(sent[1:]) == {"Bearer renewed"}


@pytest.mark.parametrize(
    ("method", "arguments", "is_write"),
    [
        ("POST", {"json": {}}, True),
        ("PUT", {"json": {}, "repeatable": True}, True),
        ("PATCH", {"json": {}}, True),
        ("DELETE", {"repeatable": True}, True),
        ("POST", {"json": {"query": "{ a }"}, "repeatable": True}, False),
        ("HEAD", {}, False),
    ],
)
def test_everybody_sees_what_he_has_written(pool, method, arguments, is_write):
    far = Slow(ok({"a": "before"}), httpx.Response(200, json={}), ok({"a": "after"}))
    first = pool.submit(get, far)
    assert far.called.wait(PATIENCE)
    waiting = pool.submit(get, far)
    far.flights.wait_for(1)
    far.world.session.request(method, route("/things"), resource="thing", **arguments)
    reader = pool.submit(get, far)
    if is_write:
        assert reader.result(PATIENCE).json() == {"a": "after"}
    else:
        far.flights.wait_for(2)
    far.gate.set()
    assert first.result(PATIENCE).json() == waiting.result(PATIENCE).json() == {"a": "before"}
    assert reader.result(PATIENCE).json() == {"a": "after" if is_write else "before"}


def test_a_write_that_fails_may_have_written(pool):
    far = Slow(ok({"a": "before"}), httpx.Response(500), ok({"a": "after"}))
    first = pool.submit(get, far)
    assert far.called.wait(PATIENCE)
    with pytest.raises(HostUnavailable):
        far.world.session.post_json(route("/things"), resource="thing", json={})
    assert get(far).json() == {"a": "after"}
    far.gate.set()
    first.result(PATIENCE)


def test_a_write_with_another_credential_ends_nothing(pool):
    far = Slow(ok({"a": "before"}), httpx.Response(200, json={}))
    first = pool.submit(get, far)
    assert far.called.wait(PATIENCE)
    another = far.world.session_with(FakeAuth(token="another"))
    another.post_json(route("/things"), resource="thing", json={})
    reader = pool.submit(get, far)
    far.flights.wait_for(1)
    far.gate.set()
    assert reader.result(PATIENCE).json() == first.result(PATIENCE).json() == {"a": "before"}


def test_a_read_within_the_same_read_waits_for_nobody():
    world = World(lambda _: ok({"inner": world.session.get_json(WHERE, resource="x").json()}))
    outer = world.answers[0]

    def answer(request: httpx.Request) -> httpx.Response:
        world.answers = [ok("innermost")]
        assert callable(outer)
        return outer(request)

    world.answers = [answer]
    assert world.session.get_json(WHERE, resource="x").json() == {"inner": "innermost"}


def test_lists_that_many_read_end_for_all(pool):
    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "1"))
        link = f'<{BASE}/things/x?page={number + 1}>; rel="next"' if number < 20 else ""
        return ok([number], link=link)

    world = World(page)

    def read() -> list[Any]:
        return [each.json() for each in world.session.pages(WHERE, resource="things")]

    results = [each.result(PATIENCE) for each in [pool.submit(read) for _ in range(16)]]
    assert results == [[[number] for number in range(1, 21)]] * 16
    assert 20 <= len(world.requests) <= 320


def test_nothing_stays_behind(pool):
    far = Slow(httpx.Response(500), ok())
    with override_options(ONCE):
        for each in together(far, pool):
            each.exception(PATIENCE)
    assert not far.flights._joinable
    read = Read(
        identity="i", url="u", headers=frozenset({("authorization", "s3c")}), read_at_most=1
    )
    assert "s3c" not in repr(read)
