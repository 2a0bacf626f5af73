"""SQLite's connections: a statement ends with the deadline of the call, and only with it."""

import time

import pytest
from django.db import OperationalError, connection, connections

from sentry.db.sqlite import _past_deadline
from sentry.models import Organization
from sentry.utils.deadline import deadline_at, deadline_end, remaining

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {}) SELECT count(*) FROM n"


def count(limit):
    with connection.cursor() as cursor:
        cursor.execute(COUNT.format(limit))
        return cursor.fetchone()[0]


def test_whether_it_is_past():
    assert not _past_deadline()
    with deadline_at(time.monotonic() + 60):
        assert not _past_deadline()
    with deadline_at(time.monotonic() - 1):
        assert _past_deadline()
    with deadline_at(None):
        assert not _past_deadline()
    assert deadline_end() is None


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQLite's own")
class TestStatements:
    def test_one_that_takes_too_long_is_stopped(self):
        with (
            deadline_at(time.monotonic() + 0.2),
            pytest.raises(OperationalError, match="interrupted"),
        ):
            count(2_000_000_000)
        assert count(10) == 10

    def test_one_without_a_deadline_is_not(self):
        assert count(300_000) == 300_000

    def test_one_takes_many_parameters(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert Organization.objects.in_bulk(range(10_000)) == {}

    def test_one_in_time_is_not(self):
        with deadline_at(time.monotonic() + 60):
            assert count(300_000) == 300_000

    def test_a_connection_that_is_made_anew_is_watched_too(self):
        connections.close_all()
        with deadline_at(time.monotonic() - 1), pytest.raises(OperationalError):
            count(2_000_000_000)


def test_what_is_left():
    assert remaining(5.0) == 5.0
    with deadline_at(time.monotonic() - 1):
        assert remaining(5.0) == 0.0
    with deadline_at(time.monotonic() + 60):
        assert 0 < remaining(5.0) <= 60
