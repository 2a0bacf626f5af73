"""The store through which processes share results: a table, or Redis."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from sentry.integrations.source_code_management.shared_store import (
    Entry,
    TableStore,
    shared_store,
)
from sentry.models import SharedResult
from sentry.testutils.factories import Factories

pytestmark = pytest.mark.django_db


def test_what_is_written_is_read(store):
    shared_store().write({"a": b"\0one", "b": b""}, seconds=60)
    assert shared_store().read(["a", "b", "c"]) == {
        "a": Entry(value=b"\0one"), "b": Entry(value=b""),
    }  # fmt: skip
    shared_store().write({"a": b"two"}, seconds=60)
    assert shared_store().read(["a"]) == {"a": Entry(value=b"two")}
    assert shared_store().read([]) == {}


def test_one_of_many_has_the_claim(store):
    shared_store().write({"known": b"x"}, seconds=60)
    for holder in ("first", "second"):
        shared_store().claim(["a", "known"], holder, seconds=60)
    assert shared_store().read(["a", "known"]) == {
        "a": Entry(holder="first"), "known": Entry(value=b"x"),
    }  # fmt: skip


def test_only_the_holder_gives_a_claim_up(store):
    shared_store().claim(["a", "b"], "first", seconds=60)
    shared_store().release(["a", "b"], "second")
    assert shared_store().read(["a"]) == {"a": Entry(holder="first")}
    shared_store().write({"b": b"x"}, seconds=60)
    shared_store().release(["a", "b"], "first")
    assert shared_store().read(["a", "b"]) == {"b": Entry(value=b"x")}
    shared_store().claim(["a"], "second", seconds=60)
    assert shared_store().read(["a"]) == {"a": Entry(holder="second")}


def test_the_value_that_lasts_longer_stays(store):
    for value, seconds in ((b"minute", 60), (b"hour", 3600), (b"half", 1800)):
        shared_store().write_longer("a", value, seconds=seconds)
    assert shared_store().read(["a"]) == {"a": Entry(value=b"hour")}
    shared_store().write({"a": b"moment"}, seconds=0.02)
    shared_store().write_longer("a", b"minute", seconds=60)
    assert shared_store().read(["a"]) == {"a": Entry(value=b"minute")}


@pytest.mark.parametrize("before", [1, 2])
@pytest.mark.parametrize("seconds", [(60, 3600), (3600, 60)])
def test_of_two_at_once_the_longer_one_stays(before, seconds):
    """All of the second one's statements come before the first one's, or between them."""
    store, count = TableStore(), 0

    def interrupt(execute: Any, *statement: Any) -> Any:
        nonlocal count
        count += 1
        if count == before:
            store.write_longer("a", b"%d" % seconds[1], seconds=seconds[1])
        return execute(*statement)

    with connection.execute_wrapper(interrupt):
        store.write_longer("a", b"%d" % seconds[0], seconds=seconds[0])
    assert store.read(["a"]) == {"a": Entry(value=b"3600")}
    assert count == 4


def test_what_has_expired_is_not_there(store):
    shared_store().write({"value": b"x"}, seconds=0.02)
    shared_store().claim(["claim"], "first", seconds=0.02)
    end = time.monotonic() + 10
    while shared_store().read(["value", "claim"]):
        assert time.monotonic() < end
    shared_store().claim(["value", "claim"], "second", seconds=60)
    assert shared_store().read(["value", "claim"]) == {
        "value": Entry(holder="second"), "claim": Entry(holder="second"),
    }  # fmt: skip


def test_an_expired_row_is_taken_over_in_its_place():
    row = Factories.create_shared_result(key="a")
    SharedResult.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    shared_store().claim(["a"], "second", seconds=60)
    row.refresh_from_db()
    assert (row.holder, row.value) == ("second", None)
