"""Pauses that a host asked one process for, and what the others do."""

from typing import Any

import httpx
import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from forge_emulator import Emulator, Fault
from sentry.integrations.source_code_management.errors import HostRateLimited
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_limits import Limit
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.http_pauses import SharedPauses
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.shared_store import TableStore, shared_store
from sentry.models import SharedResult

from .http_fakes import SECRET, FakeAuth, FakeDialect, World, ok
from .processes import python

pytestmark = pytest.mark.django_db

WHERE = route("/things/{name}", name="x")
SEARCH = route("/search")
REFUSED = httpx.Response(429, headers={"retry-after": "60"})


def process(*answers: httpx.Response) -> World:
    """What a process of its own knows and asks; only the store joins it with others."""
    world = World(*answers)
    object.__setattr__(world.runtime, "pauses", SharedPauses(shared_store))
    return world


def get(world: World, where: Any = WHERE) -> Any:
    return world.session.get_json(where, resource="thing")


def refusal(world: World, where: Any = WHERE) -> float:
    """For how many seconds a process leaves the host alone; it asks nothing."""
    before = len(world.requests)
    with pytest.raises(HostRateLimited) as told:
        get(world, where)
    assert len(world.requests) == before
    assert told.value.retry_after is not None
    return told.value.retry_after


def test_one_is_told_and_all_obey(store):
    told, other = process(REFUSED), process(ok())
    with pytest.raises(HostRateLimited):
        get(told)
    other.pass_time(20)
    assert refusal(other) == pytest.approx(40)
    assert refusal(other, SEARCH) == pytest.approx(40)
    other.pass_time(41)
    assert get(other).status == 200


def test_so_it_is_with_a_success_that_asks_for_a_pause(store):
    """Azure DevOps delays so."""
    told, other = process(ok(retry_after="30")).telling(), process(ok()).telling()
    get(told)
    assert refusal(other) == pytest.approx(30)
    assert get(other, SEARCH).status == 200


def test_and_with_a_limit_that_only_a_body_tells_of(store):
    told, other = process(ok()), process(ok())
    told.session.limited(get(told))
    assert refusal(other) == pytest.approx(60)


def test_a_pause_is_heard_of_within_a_second(store):
    told, other = process(REFUSED), process(ok())
    get(other)
    with pytest.raises(HostRateLimited):
        get(told)
    get(other)
    other.pass_time(1)
    assert refusal(other) == pytest.approx(59)


def test_a_pause_that_grows_while_a_thread_waits_is_waited_for(store):
    told, other = process(ok(retry_after="3")).telling(), process(ok()).telling()
    get(told)

    def sleep(seconds: float) -> None:
        other.sleep(seconds)
        if len(other.slept) == 1:
            told.now = other.now
            told.session._gate.block(Limit(seconds=4, bucket="core"))

    object.__setattr__(other.runtime, "sleep", sleep)
    assert get(other).status == 200
    assert other.slept == pytest.approx([3, 4])


def test_the_longer_of_two_pauses_stays(store):
    long, short, other = process(REFUSED), process(ok()), process(ok())
    get(short)  # it has looked: it does not hear of the other one for a second
    short.answers = [httpx.Response(429, headers={"retry-after": "10"})]
    for each in (long, short):
        with pytest.raises(HostRateLimited):
            get(each)
    assert refusal(other) == pytest.approx(60)


@pytest.mark.parametrize("asked", ["86400", "999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_pause_is_longer_than_an_hour(store, asked):
    told = process(httpx.Response(429, headers={"retry-after": asked}), ok())
    other = process(ok())
    with pytest.raises(HostRateLimited) as refused:
        get(told)
    assert refused.value.retry_after == 3600
    assert refusal(told) == pytest.approx(3600)
    assert refusal(other) == pytest.approx(3600)
    for each in (told, other):
        each.pass_time(3601)
        assert get(each).status == 200


def test_others_credentials_and_hosts_are_not_concerned(store):
    told, other = process(REFUSED), process(ok())
    with pytest.raises(HostRateLimited):
        get(told)
    another = other.session_with(FakeAuth(token="another"))
    assert another.get_json(WHERE, resource="thing").status == 200
    elsewhere = other.session_with(FakeAuth(), base="https://other.example/api")
    assert elsewhere.get_json(WHERE, resource="thing").status == 200


def test_a_moment_is_not_worth_telling():
    told = process(ok(retry_after="0.9")).telling()
    get(told)
    assert not SharedResult.objects.exists()


def test_no_secret_is_told():
    with pytest.raises(HostRateLimited):
        get(process(REFUSED))
    (row,) = SharedResult.objects.all()
    assert row.value is not None
    assert SECRET not in row.key
    assert float(bytes(row.value)) == 1060.0


def test_looks_and_repeats_cost_little():
    world = process(ok())
    with CaptureQueriesContext(connection) as looks:
        for _ in range(50):
            get(world)
    assert len(looks) == 1
    with CaptureQueriesContext(connection) as told:
        for _ in range(50):
            world.session._gate.block(Limit(seconds=60))
    assert len(told) == 2


@pytest.mark.parametrize("broken", ["read", "write_longer"])
def test_a_store_that_is_down_takes_nobodys_work_away(monkeypatch, caplog, broken):
    calls = []

    def fail(*_: object, **__: object) -> None:
        calls.append(broken)
        raise DatabaseError("down")

    monkeypatch.setattr(TableStore, broken, fail)
    world = process(ok(retry_after="60"), ok()).telling()
    assert get(world).status == 200
    assert refusal(world) == 60.0
    assert "scm.shared.store_failed" in caplog.text
    world.pass_time(61)
    assert get(world).status == 200
    assert len(calls) == {"read": 2, "write_longer": 1}[broken]


def test_a_store_that_is_down_is_left_alone(monkeypatch):
    calls = []

    def fail(*_: object) -> None:
        calls.append(1)
        raise DatabaseError("down")

    monkeypatch.setattr(TableStore, "read", fail)
    world = process(ok())
    for _ in range(29):
        get(world)
        world.pass_time(1)
    assert len(calls) == 1
    world.pass_time(1)
    get(world)
    assert len(calls) == 2


_CHILD = """
import sys
from sentry.runner import configure
configure()
from sentry.integrations.source_code_management.errors import HostRateLimited
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_paths import route
from tests.sentry.integrations.source_code_management.http_fakes import FakeAuth, FakeDialect
session = HostSession(sys.argv[1], auth=FakeAuth(), dialect=FakeDialect())
try:
    session.get_json(route("/things/y"), resource="thing")
except HostRateLimited as error:
    print("waits", 0 < error.retry_after <= 60)
"""


@pytest.mark.django_db(transaction=True)
def test_real_processes_obey(settings):
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    shared_runtime.cache_clear()
    with Emulator("github", []) as host:
        many = {f"x-{number:03}": "value" for number in range(200)}
        headers = {**many, "retry-after": "60"}
        host.faults.add(Fault(kind="status", status=429, headers=headers))
        session = HostSession(host.url, auth=FakeAuth(), dialect=FakeDialect())
        with pytest.raises(HostRateLimited):
            session.get_json(WHERE, resource="thing")
        told, _ = python(_CHILD, host.url).communicate(timeout=60)
        assert told == "waits True\n"
        assert len(host.requests) == 1
    shared_runtime.cache_clear()
