"""On SQLite a call does not wait longer for another writer than its caller does."""

import sqlite3
import time

import pytest
from django.db import OperationalError, connection, transaction

from sentry.db.deadline import statement_deadline
from sentry.testutils.factories import Factories
from sentry.utils.deadline import deadline_at

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own"),
]


@pytest.fixture
def writer():
    """Another process's transaction, which does not end."""
    connection.ensure_connection()
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def busy_timeout() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        return int(cursor.fetchone()[0])


def test_a_writer_is_waited_for_until_the_deadline(writer):
    with (
        deadline_at(time.monotonic() + 0.05),
        statement_deadline(is_sent=True),
        pytest.raises(OperationalError, match="locked"),
        transaction.atomic(),
    ):
        Factories.create_organization()
    assert busy_timeout() == 20_000


def test_the_wait_is_the_time_that_is_left():
    with deadline_at(time.monotonic() + 5), statement_deadline(is_sent=True):
        assert 4_000 < busy_timeout() <= 5_000
    assert busy_timeout() == 20_000


def test_without_a_deadline_the_usual_wait_holds():
    with statement_deadline(is_sent=False):
        assert busy_timeout() == 20_000


def test_a_statement_of_its_own_time_waits_as_long_as_usual():
    with deadline_at(time.monotonic() + 5), statement_deadline(is_sent=True):
        with deadline_at(None):
            assert busy_timeout() == 20_000
        assert 4_000 < busy_timeout() <= 5_000
        with deadline_at(None):
            assert busy_timeout() == 20_000
        assert 4_000 < busy_timeout() <= 5_000
    assert busy_timeout() == 20_000
