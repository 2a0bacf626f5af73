"""Whether a request may go out: quotas, shares, circuits and short waits, over a fake network."""

import time

import httpx
import pytest
from prometheus_client import REGISTRY

from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostRateLimited,
    HostShareUsed,
    HostUnavailable,
    NotFound,
    Reason,
    ServiceUnavailable,
)
from sentry.integrations.source_code_management.http_answers import pages_told
from sentry.integrations.source_code_management.http_limits import Quota, header_quota
from sentry.integrations.source_code_management.http_paths import route
from sentry.testutils.helpers.options import override_options
from sentry.utils.deadline import deadline_at
from sentry.utils.referrer import referred_by

from .http_fakes import BASE, Chunks, FakeAuth, World, ok

WHERE = route("/things/{name}", name="x")


def get(world: World, **arguments):
    return world.session.get_json(WHERE, resource="thing", **arguments)


def left(remaining: int, *, limit: int = 100, reset: int = 1600) -> httpx.Response:
    return ok(x_quota_remaining=str(remaining), x_quota_limit=str(limit), x_quota_reset=str(reset))


# --- what headers tell ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        ({}, None),
        ({"q-limit": "9"}, None),
        ({"q-remaining": "many"}, None),
        ({"q-remaining": "-1"}, None),
        ({"q-remaining": "٣"}, None),
        ({"q-remaining": "3"}, Quota(remaining=3)),
        ({"q-remaining": "3", "q-limit": "9"}, Quota(remaining=3, limit=9)),
        ({"q-remaining": "3", "q-reset": "1100"}, Quota(remaining=3, reset=100.0)),
        ({"q-remaining": "3", "q-reset": "900"}, Quota(remaining=3, reset=0.0)),
        ({"q-remaining": "3", "q-reset": "soon"}, Quota(remaining=3)),
    ],
)
def test_headers_of_the_common_form(headers, quota):
    assert header_quota(headers, "q", now=1000.0) == quota


def test_a_reset_in_seconds():
    headers = {"q-remaining": "3", "q-reset": "30"}
    assert header_quota(headers, "q", now=1000.0, is_epoch=False) == Quota(remaining=3, reset=30.0)


@pytest.mark.parametrize(
    ("link", "pages"),
    [
        ("", None),
        ('<https://x/?page=2>; rel="next"', None),
        ('<https://x/?page=2>; rel="next", <https://x/?per_page=9&page=34>; rel="last"', 34),
        ('<https://x/?page=7&per_page=9>; rel="last"', 7),
        ('<https://x/?cursor=abc>; rel="last"', None),
    ],
)
def test_how_many_pages_a_list_has(link, pages):
    assert pages_told({"link": link}) == pages


# --- a look before a burst -----------------------------------------------------------------------


def test_a_burst_that_does_not_fit_is_not_begun():
    world = World(left(3)).telling()
    world.session.expect(WHERE, requests=1000)  # nothing is known yet
    get(world)
    world.session.expect(WHERE, requests=3)
    with pytest.raises(HostRateLimited) as refusal:
        world.session.expect(WHERE, requests=4)
    assert refusal.value.retry_after == 600.0
    world.session.expect(WHERE, requests=101)  # no window will ever hold it
    world.session.expect(route("/search"), requests=4)  # another part of the API
    world.pass_time(601)
    world.session.expect(WHERE, requests=4)
    assert len(world.requests) == 1


def test_what_goes_out_counts_at_once():
    world = World(left(3), httpx.Response(404)).telling()
    get(world)
    with pytest.raises(NotFound):
        get(world)
    with pytest.raises(HostRateLimited):
        world.session.expect(WHERE, requests=3)


def test_a_host_that_tells_only_what_is_left():
    world = World(ok(x_left="3"))
    get(world)
    world.session.expect(WHERE, requests=3)
    with pytest.raises(HostRateLimited) as refusal:
        world.session.expect(WHERE, requests=4)
    assert refusal.value.retry_after == 60.0


def test_a_host_that_tells_nothing_refuses_nothing():
    world = World(ok()).telling()
    get(world)
    world.session.expect(WHERE, requests=10**6)


def test_a_whole_list_needs_room_for_all_its_pages():
    first = left(2)
    first.headers["link"] = f'<{BASE}/x?page=2>; rel="next", <{BASE}/x?page=4>; rel="last"'
    world = World(first).telling()
    with pytest.raises(HostRateLimited):
        next(world.session.pages(WHERE, resource="things", whole=True))
    assert next(world.session.pages(WHERE, resource="things")).status == 200
    roomy = left(3)
    roomy.headers["link"] = first.headers["link"]
    world = World(roomy).telling()
    assert next(world.session.pages(WHERE, resource="things", whole=True)).status == 200


# --- shares --------------------------------------------------------------------------------------


def test_no_referrer_uses_up_what_is_left():
    """Of 100, the last 20 are shared: 10 for each referrer."""
    world = World(left(19)).telling()
    get(world)
    with referred_by("crawler"):
        for _ in range(10):
            get(world)
        with pytest.raises(HostShareUsed) as refusal:
            get(world)
        sent = len(world.requests)
    assert refusal.value.retry_after == 600.0
    assert refusal.value.reason is Reason.RATE_LIMITED
    with referred_by("release"):
        get(world)
    get(world)  # nobody in particular
    other = world.session_with(FakeAuth(token="other"))
    with referred_by("crawler"):
        other.get_json(WHERE, resource="thing")
    assert len(world.requests) == sent + 3
    assert not any("crawler" in key for key, _ in world.counts)


def test_while_much_is_left_nobody_counts():
    world = World(left(20)).telling()
    for _ in range(15):
        get(world)
    assert not world.counts


def test_a_share_begins_anew_with_the_limit():
    world = World(left(5, limit=10)).telling()
    with override_options({"scm.budget.low": 0.6, "scm.budget.share": 0.34}):
        get(world)
        for _ in range(2):
            get(world)
        with pytest.raises(HostShareUsed):
            get(world)
        world.pass_time(601)
        world.answers = [left(5, limit=10, reset=2200)]
        get(world)
        get(world)


def test_a_share_of_all_and_hosts_that_do_not_tell_count_nothing():
    world = World(left(1)).telling()
    with override_options({"scm.budget.share": 1.0}):
        for _ in range(3):
            get(world)
    world = World(ok(x_quota_remaining="1")).telling()
    for _ in range(3):
        get(world)
    assert not world.counts


def test_a_counter_that_is_down_takes_nobodys_work_away():
    world = World(left(1)).telling()

    def fail(*_: object) -> int:
        raise ServiceUnavailable("the store of rate limits")

    object.__setattr__(world.runtime, "count_share", fail)
    for _ in range(30):
        get(world)


# --- short waits ---------------------------------------------------------------------------------


def test_a_success_that_asks_for_a_pause_is_obeyed():
    """Azure DevOps delays so: the answer counts, what follows waits."""
    world = World(ok(retry_after="3"), ok()).telling()
    assert get(world).status == 200
    assert world.slept == []
    assert get(world).status == 200
    assert world.slept == [3.0]


def test_a_pause_that_is_too_long_for_a_thread_is_the_callers_to_wait():
    world = World(ok(retry_after="30"), ok()).telling()
    get(world)
    with pytest.raises(HostRateLimited) as refusal:
        get(world)
    assert (refusal.value.retry_after, world.slept, len(world.requests)) == (30.0, [], 1)
    assert world.session.get_json(route("/search"), resource="thing").status == 200


def test_no_pause_goes_beyond_the_deadline():
    world = World(ok(retry_after="3"), ok()).telling()
    get(world)
    with deadline_at(time.monotonic() + 2), pytest.raises(HostRateLimited):
        get(world)
    assert (world.slept, len(world.requests)) == ([], 1)


def test_a_limit_that_only_a_body_tells_of_lasts_as_long_as_the_host_asks():
    """GitHub refuses GraphQL within a success, with the header of a secondary limit."""
    world = World(ok(x_left="4000", retry_after="90"), ok())
    assert world.session.limited(get(world)).retry_after == 90.0
    with pytest.raises(HostRateLimited) as refusal:
        world.session.get_json(route("/search"), resource="thing")
    assert (refusal.value.retry_after, len(world.requests)) == (90.0, 1)


@pytest.mark.parametrize("headers", [{}, {"retry_after": "0"}])
def test_a_limit_that_a_body_tells_of_without_a_length_grows_too(headers):
    answer = ok(x_left="4000", **headers)
    world = World(answer, answer)
    found = []
    for wait in (60, 0):
        found.append(world.session.limited(get(world)).retry_after)
        world.pass_time(wait)
    assert found == [60.0, 120.0]


# --- limits without a length ---------------------------------------------------------------------


def test_a_host_that_goes_on_refusing_is_left_alone_for_longer():
    """It does not say how long, and the next session is another call's."""
    refusal = httpx.Response(429)
    world = World(refusal, refusal, ok(), refusal, refusal)
    found = []
    for wait in (60, 120, 240 + 240, 0):
        with pytest.raises(HostRateLimited) as caught:
            get(world)
        found.append(caught.value.retry_after)
        world.pass_time(wait)
        world.session = world.session_with(FakeAuth())
        if wait == 120:
            assert get(world).status == 200  # one that got through is no peace yet
    assert found == [60.0, 120.0, 240.0, 60.0]


# --- the circuit ---------------------------------------------------------------------------------

QUICK = {"scm.http.max-attempts": 1, "scm.breaker.failures": 3, "scm.breaker.pause": 15.0}
DOWN = [
    httpx.ConnectError("x"),
    httpx.ReadTimeout("x"),
    httpx.Response(500),
    httpx.Response(503),
    httpx.Response(200, stream=Chunks(b"{", httpx.ReadError("x"))),
]


def fail(world: World, times: int) -> None:
    for _ in range(times):
        with pytest.raises(HostUnavailable):
            get(world)


@pytest.fixture
def quick():
    with override_options(QUICK):
        yield


@pytest.mark.parametrize("failure", DOWN, ids=lambda each: getattr(each, "status_code", "error"))
def test_a_host_that_fails_again_and_again_is_left_alone(quick, failure, caplog):
    world = World(failure)
    fail(world, 3)
    world.pass_time(5)
    other = world.session_with(FakeAuth(token="other"))
    with pytest.raises(HostUnavailable, match="left alone") as refusal:
        other.get_json(WHERE, resource="thing")
    assert refusal.value.retry_after == 10.0
    assert len(world.requests) == 3
    assert [record.message for record in caplog.records] == ["scm.circuit.opened"]
    elsewhere = world.session_with(FakeAuth(), base="https://other.example/api")
    with pytest.raises(HostUnavailable):
        elsewhere.get_json(WHERE, resource="thing")
    assert len(world.requests) == 4


def test_one_request_looks_whether_it_is_back(quick, caplog):
    caplog.set_level("INFO", logger="sentry")
    world = World(httpx.Response(503))
    fail(world, 3)
    world.pass_time(16)
    during: list[float | None] = []

    def probe(_: httpx.Request) -> httpx.Response:
        with pytest.raises(HostUnavailable) as refusal:
            get(world)
        during.append(refusal.value.retry_after)
        return httpx.Response(500)

    world.answers = [probe]
    fail(world, 1)
    assert during == [1.0]
    fail(world, 2)  # the probe failed: alone again
    assert len(world.requests) == 4
    world.pass_time(16)
    world.answers = [ok()]
    get(world)
    get(world)
    assert [record.message for record in caplog.records] == [
        "scm.circuit.opened", "scm.circuit.closed",
    ]  # fmt: skip


def test_a_probe_without_a_verdict_lets_the_next_one_through(quick):
    world = World(httpx.Response(503))
    fail(world, 3)
    world.pass_time(16)

    def late(_: httpx.Request) -> httpx.Response:
        world.pass_time(10)
        raise httpx.ReadTimeout("x")

    world.answers = [late]
    with deadline_at(time.monotonic() + 5), pytest.raises(DeadlineExceeded):
        get(world)
    world.answers = [ok()]
    assert get(world).status == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 429])
def test_no_answer_below_500_leaves_a_host_alone(quick, status):
    world = World(httpx.Response(status, headers={"retry-after": "0"}))
    for _ in range(9):
        with pytest.raises(Exception, match=r".") as refusal:
            get(world)
        assert "left alone" not in str(refusal.value)
    assert len(world.requests) == 9


def test_failures_must_be_in_a_row_and_close_together(quick):
    world = World(httpx.Response(500))
    fail(world, 2)
    world.answers = [ok(), httpx.Response(500)]
    get(world)
    fail(world, 2)
    world.pass_time(61)
    fail(world, 2)
    world.answers = [ok()]
    get(world)


def test_what_the_question_is_to_blame_for_is_not_the_hosts_fault(quick):
    world = World(httpx.Response(502))
    for _ in range(9):
        world.session.request("GET", WHERE, resource="thing", passed=frozenset({502}))


def test_answers_that_are_too_large_do_not_count(quick):
    world = World(httpx.Response(200, content=b"x" * 100))
    with override_options({"scm.http.max-response-bytes": 10}):
        for _ in range(9):
            with pytest.raises(HostUnavailable, match="larger"):
                get(world)


def test_what_is_not_sent_is_counted(quick):
    def count(status: str) -> float:
        labels = {"provider": "fake", "status": status}
        name = "sentry_host_request_duration_seconds_count"
        return REGISTRY.get_sample_value(name, labels) or 0.0

    before = count("circuit"), count("blocked")
    world = World(httpx.Response(500))
    fail(world, 5)
    world = World(left(0)).telling()
    get(world)
    with pytest.raises(HostRateLimited):
        world.session.expect(WHERE, requests=1)
    assert (count("circuit"), count("blocked")) == (before[0] + 2, before[1] + 1)


def test_no_failures_at_all_switch_it_off():
    world = World(httpx.Response(500))
    with override_options({**QUICK, "scm.breaker.failures": 0}):
        fail(world, 30)
    assert len(world.requests) == 30
