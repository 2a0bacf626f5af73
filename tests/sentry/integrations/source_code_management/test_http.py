"""The session over a fake network: what is sent, repeated, remembered and refused."""

import gzip
import time
import tracemalloc

import httpx
import pytest

from sentry import options
from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostForbidden,
    HostGaveUp,
    HostRateLimited,
    HostRejected,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.http_paths import route
from sentry.utils.deadline import deadline_at

from .http_fakes import BASE, SECRET, Chunks, FakeAuth, World, ok

WHERE = route("/things/{name}", name="a b")


def get(world: World, **arguments):
    return world.session.get_json(WHERE, resource="thing", **arguments)


def post(world: World, **arguments):
    return world.session.post_json(WHERE, resource="thing", json={"a": "ü"}, **arguments)


def test_a_get_sends_the_credential_the_dialect_and_the_query():
    world = World(ok({"x": 1}))
    answer = get(world, query={"q": "a&b=c/ü", "page": 2})
    assert answer.json() == {"x": 1}
    (request,) = world.requests
    assert str(request.url) == f"{BASE}/things/a%20b?q=a%26b%3Dc%2F%C3%BC&page=2"
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["accept"] == "application/json"
    assert request.headers["accept-encoding"] == "gzip"
    assert request.headers["host"] == "forge.example"
    assert request.content == b""


def test_a_post_sends_json():
    world = World(ok())
    post(world)
    (request,) = world.requests
    assert request.method == "POST"
    assert request.content == b'{"a": "\\u00fc"}'
    assert request.headers["content-type"] == "application/json"


def test_a_call_may_add_headers_and_read_errors_itself():
    world = World(httpx.Response(422, json={"message": "no"}))
    answer = world.session.request(
        "GET", WHERE, resource="thing", headers={"accept": "text/x"}, passed=frozenset({422})
    )
    assert (answer.status, answer.json()) == (422, {"message": "no"})
    assert world.requests[0].headers["accept"] == "text/x"


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x" * 20_000])
def test_a_query_that_cannot_be_sent_is_refused(value):
    world = World(ok())
    with pytest.raises(InvalidArgument):
        get(world, query={"q": value})
    assert world.requests == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, HostRejected),
        (401, IntegrationBroken),
        (403, HostForbidden),
        (404, NotFound),
        (422, HostRejected),
        (500, HostUnavailable),
    ],
)
def test_a_status_becomes_an_error_at_the_first_try(status, kind):
    world = World(httpx.Response(status, text="the host's own words"))
    with pytest.raises(kind) as caught:
        get(world)
    assert len(world.requests) == 1
    assert "own words" not in caught.value.message


# --- repeating -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("x"),
        httpx.ReadTimeout("x"),
        httpx.RemoteProtocolError("x"),
        httpx.Response(502),
        httpx.Response(503),
        httpx.Response(504),
        httpx.Response(429, headers={"retry-after": "0"}),
        httpx.Response(200, stream=Chunks(b"{", httpx.ReadError("x"))),
    ],
    ids=lambda failure: str(getattr(failure, "status_code", type(failure).__name__)),
)
def test_a_read_is_repeated_after_a_passing_failure(failure):
    world = World(failure, failure, ok({"x": 1}))
    assert get(world).json() == {"x": 1}
    assert len(world.requests) == 3
    assert world.slept == [0.5, 1.0]


def test_tries_come_to_an_end():
    world = World(httpx.ConnectError("x"))
    with pytest.raises(HostUnavailable, match="connection"):
        get(world)
    assert len(world.requests) == options.get_int("scm.http.max-attempts") == 3


def test_a_post_is_sent_once_unless_it_may_be_repeated():
    world = World(httpx.ConnectError("x"))
    with pytest.raises(HostUnavailable):
        post(world)
    assert len(world.requests) == 1
    world = World(httpx.Response(503), ok())
    assert post(world, repeatable=True).status == 200
    for answer in (httpx.Response(503), httpx.Response(429, headers={"retry-after": "0"})):
        world = World(answer)
        with pytest.raises((HostUnavailable, HostRateLimited)):
            post(world)
        assert len(world.requests) == 1


def test_a_host_says_how_long_to_wait():
    world = World(httpx.Response(503, headers={"retry-after": "3"}), ok())
    get(world)
    assert world.slept == [3.0]


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_too_long_is_the_callers_to_decide(status):
    world = World(httpx.Response(status, headers={"retry-after": "600"}))
    with pytest.raises((HostUnavailable, HostRateLimited)) as caught:
        get(world)
    assert caught.value.retry_after == 600.0
    assert caught.value.status == status
    assert (world.slept, len(world.requests)) == ([], 1)


# --- limits ----------------------------------------------------------------------------------


def test_while_a_limit_lasts_calls_fail_at_once():
    world = World(httpx.Response(429, headers={"retry-after": "60"}), ok())
    with pytest.raises(HostRateLimited):
        get(world)
    world.pass_time(20)
    with pytest.raises(HostRateLimited) as caught:
        post(world)
    assert caught.value.retry_after == 40.0
    assert len(world.requests) == 1
    assert world.session_with(FakeAuth(token="other")).get_json(WHERE, resource="thing")
    world.pass_time(41)
    assert get(world).status == 200


def test_the_last_request_of_a_window_closes_its_part_of_the_api():
    world = World(ok(x_left="0", retry_after="60"), ok())
    assert get(world).status == 200
    with pytest.raises(HostRateLimited):
        get(world)
    assert world.session.get_json(route("/search"), resource="thing").status == 200


def test_a_limit_that_a_body_tells_of_is_remembered():
    world = World(ok())
    answer = get(world)
    assert world.session.limited(answer).retry_after == 60.0
    with pytest.raises(HostRateLimited):
        get(world)


# --- time ------------------------------------------------------------------------------------


def test_a_slow_drip_is_cut_by_the_total():
    world = World()
    body = Chunks(*[b" "] * 1000, between=lambda: world.pass_time(1.0))
    world.answers = [httpx.Response(200, stream=body)]
    with pytest.raises(HostUnavailable, match="in time"):
        get(world)
    assert body.given == 31
    assert body.closed


def test_the_callers_own_deadline_is_told_apart():
    world = World()

    def slow(_: httpx.Request) -> httpx.Response:
        world.pass_time(10)
        raise httpx.ReadTimeout("x")

    world.answers = [slow]
    with deadline_at(time.monotonic() + 5), pytest.raises(DeadlineExceeded):
        get(world)
    assert len(world.requests) == 1


def test_a_deadline_that_has_passed_asks_nothing():
    world = World(ok())
    with deadline_at(time.monotonic() - 1), pytest.raises(DeadlineExceeded):
        get(world)
    assert world.requests == []


def test_a_repeat_that_no_time_is_left_for_is_not_made():
    world = World()

    def slow(_: httpx.Request) -> httpx.Response:
        world.pass_time(29.8)
        raise httpx.ReadTimeout("x")

    world.answers = [slow]
    with pytest.raises(HostUnavailable, match="in time"):
        get(world)
    assert (len(world.requests), world.slept) == (1, [])


def test_timeouts_come_from_the_options_and_the_time_left():
    world = World(ok())
    with options.override({"scm.http.read-timeout": 7.0, "scm.http.connect-timeout": 2.0}):
        get(world)
    timeout = world.requests[0].extensions["timeout"]
    assert (timeout["connect"], timeout["read"]) == (2.0, 7.0)
    with options.override({"scm.http.total-timeout": 1.5}):
        get(world)
    timeout = world.requests[1].extensions["timeout"]
    assert (timeout["connect"], timeout["read"]) == (1.5, 1.5)


def test_a_heavy_question_is_not_sent_again_after_too_slow_an_answer():
    def ask(world: World):
        return world.session.request("GET", WHERE, resource="thing", heavy=True)

    world = World(httpx.ReadTimeout("x"))
    with pytest.raises(HostGaveUp):
        ask(world)
    assert len(world.requests) == 1
    world = World(httpx.ConnectTimeout("x"), ok())
    assert ask(world).status == 200
    assert len(world.requests) == 2


# --- size ------------------------------------------------------------------------------------


def test_an_answer_larger_than_allowed_is_left_unread():
    body = Chunks(*[b"x" * 1000] * 1000)
    world = World(httpx.Response(200, stream=body))
    with (
        options.override({"scm.http.max-response-bytes": 5000}),
        pytest.raises(HostUnavailable, match="larger than 5000 bytes"),
    ):
        get(world)
    assert body.given == 6
    assert body.closed
    assert len(world.requests) == 1


def test_a_bomb_is_cut_after_decompression():
    bomb = Chunks(gzip.compress(b" " * 10_000_000))
    world = World(httpx.Response(200, stream=bomb, headers={"content-encoding": "gzip"}))
    with (
        options.override({"scm.http.max-response-bytes": 5000}),
        pytest.raises(HostUnavailable, match="larger"),
    ):
        get(world)


def test_an_error_that_is_kept_keeps_nothing_of_the_answer():
    bomb = Chunks(gzip.compress(b" " * 10_000_000))
    world = World(httpx.Response(200, stream=bomb, headers={"content-encoding": "gzip"}))
    tracemalloc.start()
    try:
        with (
            options.override({"scm.http.max-response-bytes": 4_000_000}),
            pytest.raises(HostUnavailable, match="larger") as caught,
        ):
            get(world)
        held, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.__traceback__ is not None
    assert most > 4_000_000
    assert held < 1_000_000


def test_a_bounded_read_takes_the_beginning():
    world = World(httpx.Response(200, stream=Chunks(b"abc", b"def", b"ghi"), headers={"etag": "1"}))
    answer = world.session.request("GET", WHERE, resource="file", read_at_most=5)
    assert (answer.body, answer.truncated) == (b"abcde", True)
    assert world.requests[0].headers["accept-encoding"] == "identity"
    answer = world.session.request("GET", WHERE, resource="file", read_at_most=9)
    assert (answer.body, answer.truncated) == (b"abcdefghi", False)
    assert "if-none-match" not in world.requests[1].headers


def test_a_head_has_no_body():
    world = World(httpx.Response(200, stream=Chunks(b"x")))
    assert world.session.request("HEAD", WHERE, resource="thing").body == b""


def test_a_long_error_is_cut():
    world = World(httpx.Response(404, stream=Chunks(b"x" * 1_000_000)))
    with pytest.raises(NotFound):
        get(world)


# --- conditional requests --------------------------------------------------------------------


def confirming(request: httpx.Request) -> httpx.Response:
    if request.headers.get("if-none-match") == '"1"':
        return httpx.Response(304, headers={"x-left": "9", "content-type": "text/html"})
    return httpx.Response(
        200, json={"for": request.headers["authorization"]}, headers={"etag": '"1"'}
    )


def test_an_answer_that_did_not_change_comes_from_memory():
    world = World(confirming)
    first, second = get(world), get(world)
    assert first.json() == second.json()
    assert second.status == 200
    assert second.headers["x-left"] == "9"
    assert [request.headers.get("if-none-match") for request in world.requests] == [None, '"1"']


def test_what_is_remembered_belongs_to_one_credential_url_and_form():
    world = World(confirming)
    get(world)
    other = world.session_with(FakeAuth(token="other"))
    assert other.get_json(WHERE, resource="thing").json() == {"for": "Bearer other"}
    get(world, query={"page": 2})
    world.session.request("GET", WHERE, resource="thing", headers={"accept": "text/x"})
    assert all("if-none-match" not in request.headers for request in world.requests)


def test_a_post_and_an_error_are_not_remembered():
    world = World(httpx.Response(200, json={}, headers={"etag": '"1"'}))
    post(world)
    post(world)
    world.answers = [httpx.Response(404, headers={"etag": '"1"'})]
    for _ in range(2):
        with pytest.raises(NotFound):
            get(world)
    assert all("if-none-match" not in request.headers for request in world.requests)


def test_a_304_to_a_question_without_condition_is_no_answer():
    world = World(httpx.Response(304))
    with pytest.raises(HostUnavailable):
        get(world)


# --- credentials -----------------------------------------------------------------------------


def test_a_rejected_credential_is_renewed_once_even_for_a_post():
    world = World(httpx.Response(401), ok())
    world.auth.spares = ["fresh"]
    assert post(world).status == 200
    sent = [request.headers["authorization"] for request in world.requests]
    assert sent == [f"Bearer {SECRET}", "Bearer fresh"]
    assert world.auth.rejected == [{"authorization": f"Bearer {SECRET}"}]


def test_a_renewed_credential_that_is_rejected_too_breaks_the_integration():
    world = World(httpx.Response(401))
    world.auth.spares = ["fresh", "fresher"]
    with pytest.raises(IntegrationBroken):
        get(world)
    assert len(world.requests) == 2


# --- redirects and pages ---------------------------------------------------------------------


def moved(location: str, status: int = 301) -> httpx.Response:
    return httpx.Response(status, headers={"location": location})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/api/new?x=1", f"{BASE}/new?x=1", "../new?x=1"])
def test_a_redirect_on_the_same_host_is_followed_with_the_credential(status, location):
    world = World(moved(location, status), ok({"x": 1}))
    assert get(world).json() == {"x": 1}
    assert world.urls[1] == f"{BASE}/new?x=1"
    assert world.requests[1].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/x",
        "//evil.example/x",
        "http://forge.example/api/x",
        "https://forge.example:444/x",
        "https://forge.example@evil.example/x",
        "https://forge.example\\@evil.example/",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_elsewhere_is_refused(location):
    world = World(moved(location), ok())
    with pytest.raises(HostUnavailable, match="another host"):
        get(world)
    assert len(world.requests) == 1


def test_redirects_end():
    world = World(moved(f"{BASE}/again"))
    with pytest.raises(HostUnavailable, match="too often"):
        get(world)
    assert len(world.requests) == 4


@pytest.mark.parametrize("answer", [moved(f"{BASE}/new", 307), httpx.Response(302)])
def test_a_post_and_a_redirect_to_nowhere_are_not_followed(answer):
    world = World(answer, ok())
    with pytest.raises(HostUnavailable):
        post(world, repeatable=True)
    assert len(world.requests) == 1
    with pytest.raises(HostUnavailable):
        get(World(httpx.Response(302)))


def page(number: int, following: str | None) -> httpx.Response:
    headers = {"link": f'<{following}>; rel="next"'} if following else {}
    return httpx.Response(200, json=[number], headers=headers)


def test_pages_are_fetched_as_they_are_wanted():
    world = World(page(1, f"{BASE}/things?page=2"), page(2, "?page=3"), page(3, None))
    pages = world.session.pages(WHERE, resource="things", query={"per_page": 1})
    first = next(pages)
    assert world.session.has_next_page(first)
    assert (first.json(), len(world.requests)) == ([1], 1)
    assert [item.json() for item in pages] == [[2], [3]]
    assert world.urls[1:] == [f"{BASE}/things?page=2", f"{BASE}/things?page=3"]


def test_a_page_elsewhere_is_refused():
    world = World(page(1, "https://evil.example/2"))
    with pytest.raises(HostUnavailable, match="another host"):
        list(world.session.pages(WHERE, resource="things"))
    assert len(world.requests) == 1


def test_pages_that_go_in_a_circle_or_on_for_ever_are_cut():
    world = World(page(1, f"{BASE}/b"), page(2, f"{BASE}/a"), page(3, f"{BASE}/b"))
    with pytest.raises(HostUnavailable, match="does not end"):
        list(world.session.pages(WHERE, resource="things"))
    world = World()
    world.answers = [lambda _: page(1, f"{BASE}/{len(world.requests)}")]
    with pytest.raises(HostUnavailable, match="does not end"):
        list(world.session.pages(WHERE, resource="things"))
    assert len(world.requests) == 2000


@pytest.mark.parametrize(
    "base", ["http://forge.example", "https://user:pw@forge.example", "https://127.1", "ftp://x"]
)
def test_a_bad_base_url_asks_nothing(base):
    world = World(ok())
    with pytest.raises(IntegrationBroken):
        world.session_with(FakeAuth(), base).get_json(WHERE, resource="thing")
    assert world.requests == []
