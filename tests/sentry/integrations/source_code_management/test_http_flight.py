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
from sentry.integrations.source_code_management.http_answers import HostResponse
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


@override_options(ONCE)
@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("x"), httpx.Response(500), httpx.Response(503)],
    ids=lambda each: getattr(each, "status_code", "error"),
)
def test_after_a_failure_the_next_one_asks(pool, failure):
    far = Slow(failure, ok())
    first, *others = together(far, pool)
    assert isinstance(first.exception(PATIENCE), HostUnavailable)
    assert [each.result(PATIENCE).status for each in others] == [200] * 5
    assert 2 <= far.count <= 6


def test_after_a_refusal_nobody_asks(pool):
    far = Slow(REFUSED, ok())
    for each in together(far, pool):
        assert isinstance(each.exception(PATIENCE), HostRateLimited)
    assert far.count == 1


def test_who_has_no_time_left_takes_none_from_the_others(pool):
    far = Slow(httpx.ReadTimeout("x"), ok())

    def hurried() -> Any:
        with deadline_at(time.monotonic() + 5):
            return get(far)

    first = pool.submit(hurried)
    assert far.called.wait(PATIENCE)
    second = pool.submit(get, far)
    far.flights.wait_for(1)
    far.world.now += 6  # the first one's time is up, and not the other's
    far.gate.set()
    assert isinstance(first.exception(PATIENCE), DeadlineExceeded)
    assert second.result(PATIENCE).status == 200


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
