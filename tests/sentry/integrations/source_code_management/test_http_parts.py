"""The session's small parts: paths, cache, limits."""

import random

import httpx
import pytest

from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_cache import (
    CacheKey,
    ResponseCache,
    digest,
)
from sentry.integrations.source_code_management.http_limits import Budgets, Limit, Quota, backoff
from sentry.integrations.source_code_management.http_paths import route

HOSTILE = [
    "a/b",
    "%2e%2e",
    "..%2f",
    "a?b=c",
    "a#b",
    "a\nb",
    "a\r\nHost: evil",
    "a;b",
    "a\\b",
    "ä ö",
    "a%00b",
    "...",
    "a b+c",
    "\u2028",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_segment_stays_one_segment(value):
    made = route("/repos/{name}/commits", name=value)
    assert made.template == "/repos/{name}/commits"
    assert made.path.count("/") == 3
    sent = httpx.URL("https://h.example" + made.path)
    assert sent.raw_path.decode() == made.path
    assert sent.host == "h.example"
    assert sent.query == b""


def test_a_path_keeps_its_slashes_and_a_number_is_a_segment():
    assert route("/x/{+path}", path="a b/c%/ü").path == "/x/a%20b/c%25/%C3%BC"
    assert route("/x/{n}", n=7).path == "/x/7"


@pytest.mark.parametrize("value", ["", ".", "..", "a\0b", "a\ud800"])
def test_what_could_lead_elsewhere_is_refused(value):
    with pytest.raises(InvalidArgument) as caught:
        route("/x/{name}", name=value)
    assert caught.value.field == "name"


@pytest.mark.parametrize("value", ["", "/a", "a/", "a//b", "a/../b", "./a", "a/.."])
def test_a_path_has_no_part_that_leads_elsewhere(value):
    with pytest.raises(InvalidArgument):
        route("/x/{+path}", path=value)


def test_a_path_has_an_end():
    with pytest.raises(InvalidArgument, match="too long"):
        route("/x/{+path}", path="a/" * 5000 + "a")


def key(name: str) -> CacheKey:
    return CacheKey(identity=name, method="GET", url="https://h/", accept="")


def stored(size: int) -> HostResponse:
    """An answer that no compression makes smaller."""
    body = random.Random(size).randbytes(size)
    return HostResponse(status=200, headers={"etag": "x"}, body=body)


def cache(entries: int = 3, size: int = 100_000) -> ResponseCache:
    return ResponseCache(max_entries=lambda: entries, max_bytes=lambda: size)


def test_the_cache_forgets_what_was_used_longest_ago():
    answers = cache()
    for name in "abc":
        answers.put(key(name), stored(1))
    assert answers.get(key("a"))
    answers.put(key("d"), stored(1))
    assert answers.get(key("b")) is None
    assert all(answers.get(key(name)) for name in "acd")


def test_the_cache_is_bounded_by_bytes():
    answers = cache(entries=1000, size=100_000)
    for number in range(50):
        answers.put(key(str(number)), stored(10_000))
    kept = [number for number in range(50) if answers.get(key(str(number)))]
    assert kept == list(range(41, 50))
    answers.put(key("large"), stored(20_000))
    assert answers.get(key("large")) is None
    answers.put(key("49"), stored(1))
    replaced = answers.get(key("49"))
    assert replaced is not None
    assert len(replaced.body) == 1


def test_the_cache_keeps_what_can_be_compressed_in_little_room_and_gives_it_whole():
    answers = cache(entries=1000, size=100_000)
    page = HostResponse(status=200, headers={"etag": "x"}, body=b'{"name": "shop"}, ' * 5000)
    for number in range(50):
        answers.put(key(str(number)), page)
    assert all(answers.get(key(str(number))) == page for number in range(50))


def test_a_cache_of_no_entries_keeps_nothing():
    answers = cache(entries=0)
    answers.put(key("a"), stored(1))
    assert answers.get(key("a")) is None


def test_a_cleared_cache_takes_as_much_as_a_new_one():
    answers = cache(entries=1000, size=100_000)
    for number in range(9):
        answers.put(key(str(number)), stored(10_000))
    answers.clear()
    assert answers.get(key("1")) is None
    answers.put(key("a"), stored(10_000))
    assert answers.get(key("a"))


def test_digests_tell_their_parts_apart():
    assert digest("ab", "c") != digest("a", "bc")
    assert "secret" not in digest("secret")
    assert len(digest("\ud800")) == 64


def test_an_end_in_years_is_not_believed():
    budgets = Budgets()
    budgets.learn("me", "core", Quota(remaining=0, limit=60, reset=1e9), now=100.0)
    assert budgets.quota("me", "core", now=159.0) == Quota(remaining=0, limit=60)
    assert budgets.quota("me", "core", now=160.0) is None


def test_a_limit_covers_its_bucket_until_it_ends():
    budgets = Budgets()
    budgets.block("me", Limit(seconds=30, bucket="core"), now=100.0)
    budgets.block("me", Limit(seconds=10, bucket="core"), now=100.0)
    assert budgets.wait("me", "core", now=110.0) == 20.0
    assert budgets.wait("me", "core", now=131.0) == 0.0
    assert budgets.wait("me", "graphql", now=110.0) == 0.0
    assert budgets.wait("you", "core", now=110.0) == 0.0


def test_a_limit_is_news_where_it_ends_a_second_later_than_what_was_known():
    budgets = Budgets()
    told = [
        budgets.block("me", Limit(seconds=seconds), now=100.0)
        for seconds in (0.9, 1.8, 3.0, 3.5, 1.0)
    ]
    assert told == [False, False, True, False, False]


def test_a_limit_without_a_bucket_covers_everything():
    budgets = Budgets()
    budgets.block("me", Limit(seconds=30), now=100.0)
    assert budgets.wait("me", "core", now=100.0) == 30.0
    budgets.block("you", Limit(seconds=5), now=200.0)
    assert budgets.wait("me", "core", now=200.0) == 0.0


def guessed(budgets: Budgets, now: float, identity: str = "me", bucket: str = "core") -> float:
    limit = Limit(seconds=60, bucket=bucket, is_guess=True)
    return budgets.guess(identity, limit, now=now).seconds


def test_each_guess_in_a_row_is_twice_as_long():
    budgets = Budgets()
    now, found = 1000.0, list[float]()
    for _ in range(7):
        found.append(guessed(budgets, now))
        now += found[-1]
    assert found == [60, 120, 240, 480, 960, 1800, 1800]


def test_refusals_at_a_time_are_one():
    budgets = Budgets()
    assert [guessed(budgets, now) for now in (100.0, 100.0, 130.0)] == [60, 60, 30]
    assert guessed(budgets, 160.0) == 120


def test_a_row_of_guesses_is_over_after_as_long_a_peace():
    budgets = Budgets()
    assert guessed(budgets, 100.0) == 60
    assert guessed(budgets, 160.0 + 59) == 120
    assert guessed(budgets, 339.0 + 120) == 60


def test_guesses_are_apart_and_what_a_host_says_is_none():
    budgets = Budgets()
    assert guessed(budgets, 100.0) == 60
    assert guessed(budgets, 160.0, identity="you") == 60
    assert guessed(budgets, 160.0, bucket="search") == 60
    said = Limit(seconds=7, bucket="core")
    assert budgets.guess("me", said, now=160.0) == said
    assert guessed(budgets, 160.0) == 120


def test_backoff_grows_with_full_jitter_up_to_a_bound():
    assert backoff(1, random=0.0) == 0.0
    assert [backoff(n, random=1.0) for n in range(1, 7)] == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert backoff(2, random=0.5) == 0.5
