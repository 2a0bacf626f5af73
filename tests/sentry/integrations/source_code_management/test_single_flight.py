"""One of many finds it out: who leads, who waits, and what happens when a leader fails or dies."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection

from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostUnavailable,
    NotFound,
)
from sentry.integrations.source_code_management.shared_store import (
    Entry,
    TableStore,
    shared_store,
)
from sentry.integrations.source_code_management.single_flight import (
    Answers,
    Found,
    SingleFlight,
)
from sentry.testutils.helpers.options import override_options
from sentry.utils.deadline import deadline_at

PATIENCE = 30


class Host:
    """Counts what it is asked; ``gate`` holds its answers back."""

    def __init__(self, *, keep: float = 0.0) -> None:
        self.keep = keep
        self.asked: list[tuple[str, ...]] = []
        self.gate = threading.Event()
        self.called = threading.Event()

    def __call__(self, keys: Sequence[str]) -> Answers:
        self.asked.append(tuple(keys))
        self.called.set()
        assert self.gate.wait(PATIENCE)
        return {
            key: Found(value=f"{key} {len(self.asked)}".encode(), keep=self.keep) for key in keys
        }


def fly(keys: Sequence[str], host: Callable[[Sequence[str]], Answers], **options) -> Answers:
    """A call as a thread makes it: with a connection of its own."""
    try:
        return SingleFlight(shared_store(), **options).run(keys, host)
    finally:
        connection.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def told(answers: Answers, key: str) -> bytes:
    """The value of an answer, which is no error."""
    answer = answers[key]
    assert isinstance(answer, Found)
    return answer.value


def waiting(*, until: int) -> tuple[Callable[[float], None], threading.Event]:
    """A sleep that tells when so many followers wait."""
    reached, lock, waiters = threading.Event(), threading.Lock(), set[int]()

    def sleep(seconds: float) -> None:
        with lock:
            waiters.add(threading.get_ident())
            if len(waiters) >= until:
                reached.set()
        time.sleep(seconds)

    return sleep, reached


@pytest.mark.django_db(transaction=True)
class TestTogether:
    """Callers that come while one is at it."""

    @pytest.mark.parametrize("keep", [0.0, 60.0])
    def test_all_have_the_answer_of_the_first(self, store, pool, keep):
        host = Host(keep=keep)
        sleep, reached = waiting(until=3)
        first = pool.submit(fly, ["a"], host)
        assert host.called.wait(PATIENCE)
        others = [pool.submit(fly, ["a"], host, sleep=sleep) for _ in range(3)]
        assert reached.wait(PATIENCE)
        host.gate.set()
        assert [told(each.result(PATIENCE), "a") for each in (first, *others)] == [b"a 1"] * 4
        assert host.asked == [("a",)]
        fly(["a"], host)
        assert len(host.asked) == (1 if keep else 2)

    def test_each_finds_out_what_nobody_else_does(self, store, pool):
        slow, quick = Host(), Host()
        quick.gate.set()
        first = pool.submit(fly, ["a", "b"], slow)
        assert slow.called.wait(PATIENCE)
        sleep, reached = waiting(until=1)
        second = pool.submit(fly, ["b", "c", "b"], quick, sleep=sleep)
        assert reached.wait(PATIENCE)
        slow.gate.set()
        answers = second.result(PATIENCE)
        assert {key: told(answers, key) for key in answers} == {"b": b"b 1", "c": b"c 1"}
        assert first.result(PATIENCE).keys() == {"a", "b"}
        assert (slow.asked, quick.asked) == ([("a", "b")], [("c",)])

    @pytest.mark.parametrize("raises", [True, False])
    def test_what_fails_in_passing_is_tried_by_the_next(self, store, pool, raises):
        gate, called = threading.Event(), threading.Event()

        def down(keys: Sequence[str]) -> Answers:
            called.set()
            assert gate.wait(PATIENCE)
            if raises:
                raise HostUnavailable("down")
            return dict.fromkeys(keys, HostUnavailable("down"))

        host = Host()
        host.gate.set()
        first = pool.submit(fly, ["a"], down)
        assert called.wait(PATIENCE)
        sleep, reached = waiting(until=1)
        second = pool.submit(fly, ["a"], host, sleep=sleep)
        assert reached.wait(PATIENCE)
        gate.set()
        if raises:
            with pytest.raises(HostUnavailable):
                first.result(PATIENCE)
        else:
            assert isinstance(first.result(PATIENCE)["a"], HostUnavailable)
        assert told(second.result(PATIENCE), "a") == b"a 1"

    def test_the_claim_of_a_dead_leader_ends(self, store):
        shared_store().claim(["a"], "somebody who died", seconds=0.3)
        host = Host()
        host.gate.set()
        assert told(fly(["a"], host), "a") == b"a 1"

    def test_nobody_waits_beyond_the_deadline(self, store):
        shared_store().claim(["a"], "somebody who takes long", seconds=60)
        host = Host()
        with deadline_at(time.monotonic() + 0.2), pytest.raises(DeadlineExceeded):
            fly(["a"], host)
        assert host.asked == []

    def test_who_has_no_deadline_asks_in_the_end(self, store):
        shared_store().claim(["a"], "somebody who takes long", seconds=60)
        host = Host()
        host.gate.set()
        with override_options({"scm.http.total-timeout": 0.2}):
            assert told(fly(["a"], host), "a") == b"a 1"


@pytest.mark.django_db
class TestAlone:
    """What one caller sees."""

    def test_further_answers_are_kept_too(self, store):
        def generous(keys: Sequence[str]) -> Answers:
            return {**dict.fromkeys(keys, NotFound("line")), "more": Found(value=b"x", keep=60)}

        flight = SingleFlight(shared_store())
        assert isinstance(flight.run(["a"], generous)["a"], NotFound)
        assert shared_store().read(["a", "more"]) == {"more": Entry(value=b"x")}

    def test_without_a_lease_each_asks_by_itself(self, store):
        host = Host(keep=60)
        host.gate.set()
        with override_options({"scm.single-flight.lease": 0.0}):
            for _ in range(2):
                assert SingleFlight(shared_store()).run(["a", "b"], host).keys() == {"a", "b"}
        assert host.asked == [("a", "b")] * 2
        assert shared_store().read(["a"]) == {}

    @pytest.mark.parametrize("broken", ["claim", "read", "write"])
    def test_a_store_that_is_down_takes_no_answer_away(self, monkeypatch, caplog, broken):
        def fail(*_: object, **__: object) -> None:
            raise DatabaseError("down")

        monkeypatch.setattr(TableStore, broken, fail)
        host = Host(keep=60)
        host.gate.set()
        assert told(SingleFlight(TableStore()).run(["a"], host), "a") == b"a 1"
        assert host.asked == [("a",)]
        assert "scm.shared.store_failed" in caplog.text

    def test_a_redis_that_nobody_answers_for(self, settings, caplog):
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        host = Host()
        host.gate.set()
        assert told(SingleFlight(shared_store()).run(["a"], host), "a") == b"a 1"
        assert "scm.shared.store_failed" in caplog.text
