"""The store through which processes share results: a table, or Redis."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from sentry.integrations.source_code_management.shared_store import Entry, shared_store
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
