"""Rate limits: what a caller is told, what processes share, and a store that is down."""

import pytest
from django.db import DatabaseError
from google.rpc import error_details_pb2

from sentry import options
from sentry.auth import ratelimit
from sentry.auth.ratelimit import RateLimiter
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.errors import RateLimited
from sentry.models import RateLimitCounter
from sentry.testutils import rpc
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories
from sentry.testutils.rpc import RpcStatus

pytestmark = pytest.mark.django_db
NOW = 1_800_000_030.0


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that stands at the middle of a minute until it is moved."""
    now = [NOW]

    class Clock:
        time = staticmethod(lambda: now[0])

    monkeypatch.setattr(ratelimit, "time", Clock)
    return now


def limits(requests, lease=100):
    return options.override(
        {"ratelimit.requests-per-minute": requests, "ratelimit.lease-size": lease}
    )


def hit(limiter):
    """What one request that is let through is told."""
    state = limiter.hit("api_key:1")
    assert state is not None
    return state


def hits(limiter, count, credential="api_key:1"):
    """How many of so many requests are let through."""
    accepted = 0
    for _ in range(count):
        try:
            limiter.hit(credential)
        except RateLimited:
            continue
        accepted += 1
    return accepted


def test_the_limit_is_exact_in_one_process(store):
    for requests, lease in ((1, 100), (7, 100), (100, 3), (250, 100)):
        with limits(requests, lease):
            assert hits(RateLimiter(), requests + 20, f"api_key:{requests}") == requests


def test_processes_share_it(store):
    with limits(60):
        first, second = RateLimiter(), RateLimiter()
        accepted = sum(hits(limiter, 1) for _ in range(60) for limiter in (first, second))
        assert accepted == 60


def test_a_process_leases_blocks(store, django_assert_num_queries):
    with limits(6000):
        limiter = RateLimiter()
        limiter.hit("api_key:1")
        with django_assert_num_queries(0):
            assert hits(limiter, 99) == 99


def test_what_is_told(store):
    with limits(100, 5):
        limiter = RateLimiter()
        states = [hit(limiter) for _ in range(12)]
    assert [state.remaining for state in states] == list(range(99, 87, -1))
    assert {(state.limit, state.reset_at) for state in states} == {(100, int(NOW) + 30)}


def test_credentials_are_counted_apart(store):
    with limits(3):
        limiter = RateLimiter()
        assert hits(limiter, 9, "api_key:1") == 3
        assert hits(limiter, 9, "api_key:2") == 3


def test_the_next_minute_begins_anew(store, clock):
    with limits(3):
        limiter = RateLimiter()
        assert hits(limiter, 5) == 3
        clock[0] += 29
        assert hits(limiter, 5) == 0
        clock[0] += 1
        assert hits(limiter, 5) == 3


def test_counters_of_past_minutes_are_removed(clock):
    with limits(3):
        limiter = RateLimiter()
        for _ in range(3):
            limiter.hit("api_key:1")
            limiter.hit("api_key:2")
            clock[0] += 60
    assert RateLimitCounter.objects.count() == 2


def test_what_a_process_forgets_stays_counted(store):
    with limits(40):
        limiter = RateLimiter()
        hits(limiter, 10)
        limiter.forget()
        assert hits(limiter, 60) >= 28
        limiter.forget()
        assert hits(limiter, 5) == 0


def test_none_is_unlimited():
    with limits(0):
        assert RateLimiter().hit("api_key:1") is None
        assert not RateLimitCounter.objects.exists()


def test_very_many_credentials_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(ratelimit, "_MAX_CREDENTIALS", 3)
    with limits(10):
        limiter = RateLimiter()
        for number in range(7):
            limiter.hit(f"api_key:{number}")
        assert len(limiter._leases) <= 3


class TestDeadStore:
    """A store that is down limits nobody, and says so in the log."""

    def test_redis(self, dead_redis, caplog):
        with limits(3):
            assert hit(RateLimiter()).limit == 3
        assert any(one.getMessage() == "auth.ratelimit.store_failed" for one in caplog.records)

    def test_database(self, monkeypatch, caplog):
        def fail(**_):
            raise DatabaseError("down")

        monkeypatch.setattr(RateLimitCounter.objects, "get_or_create", fail)
        with limits(3):
            assert hit(RateLimiter()).limit == 3
        assert any(one.getMessage() == "auth.ratelimit.store_failed" for one in caplog.records)


class TestDoor:
    """The same as a caller meets it."""

    @pytest.fixture
    def organization(self):
        return Factories.create_organization()

    @pytest.fixture
    def ask(self, organization):
        _, own = Factories.create_api_key(organization)

        def ask(token=own, body=None, content_type=rpc.CONTENT_TYPE):
            message = scm_pb2.ListRepositoriesRequest()
            return rpc.call(
                Client(), "ListRepositories", message if body is None else body, token=token
            )

        return ask

    def test_headers(self, ask, store):
        with limits(10):
            first, second = ask(), ask()
        assert first.http["x-ratelimit-limit"] == "10"
        assert first.http["x-ratelimit-remaining"] == "9"
        assert second.http["x-ratelimit-remaining"] == "8"
        assert first.http["x-ratelimit-reset"] == str(int(NOW) + 30)

    def test_used_up(self, ask, store):
        with limits(2):
            answers = [ask() for _ in range(4)]
        assert [one.status for one in answers[:2]] == [RpcStatus.OK] * 2
        for one in answers[2:]:
            assert (one.status, one.reason) == (RpcStatus.RESOURCE_EXHAUSTED, "RATE_LIMITED")
            assert one.detail(error_details_pb2.RetryInfo).retry_delay.seconds == 30
            assert one.trailers["x-ratelimit-remaining"] == "0"
            assert one.trailers["x-ratelimit-limit"] == "2"
            assert one.trailers["x-ratelimit-reset"] == str(int(NOW) + 30)

    def test_calls_that_fail_are_counted(self, ask, organization):
        with limits(2):
            assert ask(body=b"\xff").status is RpcStatus.INVALID_ARGUMENT
            assert ask(body=b"\xff").status is RpcStatus.INVALID_ARGUMENT
            assert ask().status is RpcStatus.RESOURCE_EXHAUSTED
        _, weak = Factories.create_api_key(organization, ["org:read"])
        with limits(1):
            assert ask(token=weak).status is RpcStatus.PERMISSION_DENIED
            assert ask(token=weak).status is RpcStatus.RESOURCE_EXHAUSTED

    def test_calls_without_a_credential_are_nobodys(self, ask):
        with limits(1):
            for _ in range(3):
                assert ask(token="sapk_unknown").status is RpcStatus.UNAUTHENTICATED
            assert ask().status is RpcStatus.OK

    def test_another_key_of_the_organization_has_its_own(self, ask, organization):
        _, other = Factories.create_api_key(organization)
        with limits(1):
            assert ask().status is RpcStatus.OK
            assert ask().status is RpcStatus.RESOURCE_EXHAUSTED
            assert ask(token=other).status is RpcStatus.OK

    def test_without_a_limit_nothing_is_told(self, ask):
        with limits(0):
            answer = ask()
        assert answer.status is RpcStatus.OK
        assert not answer.http.has_header("x-ratelimit-limit")
