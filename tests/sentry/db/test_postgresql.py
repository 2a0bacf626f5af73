"""PostgreSQL's statement timeout: set before the first statement, gone afterwards."""

import time

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from sentry.db.deadline import statement_deadline
from sentry.utils.deadline import deadline_at


@pytest.fixture
def needs_postgresql(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's own")


def show():
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_without_a_deadline_that_was_sent_nothing_happens(django_assert_num_queries):
    with django_assert_num_queries(0), statement_deadline(is_sent=False):
        pass


@pytest.mark.django_db
def test_on_sqlite_nothing_happens():
    if connection.vendor == "sqlite":
        with (
            deadline_at(time.monotonic() + 5),
            statement_deadline(is_sent=True),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)


@pytest.mark.usefixtures("needs_postgresql")
class TestTimeout:
    def test_it_is_the_time_that_is_left(self):
        with deadline_at(time.monotonic() + 30), statement_deadline(is_sent=True):
            inside = show()
        assert inside.endswith(("ms", "s"))
        milliseconds = int(inside.rstrip("ms")) * (1 if inside.endswith("ms") else 1000)
        assert 25_000 < milliseconds <= 30_020
        assert show() == "0"

    def test_a_block_without_statements_sends_none(self):
        with deadline_at(time.monotonic() + 30), statement_deadline(is_sent=True):
            pass
        assert show() == "0"

    def test_a_statement_that_takes_too_long_is_stopped(self):
        with (
            pytest.raises(OperationalError),
            deadline_at(time.monotonic() + 0.2),
            statement_deadline(is_sent=True),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT pg_sleep(60)")
        assert show() == "0"

    def test_it_is_reset_after_a_transaction_that_failed(self):
        with (
            pytest.raises(DatabaseError),
            deadline_at(time.monotonic() + 30),
            statement_deadline(is_sent=True),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT * FROM nowhere")
        assert show() == "0"

    def test_inside_a_transaction_that_has_failed_it_is_left_alone(self):
        """A RESET would fail there; the rollback takes the SET back."""
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            deadline_at(time.monotonic() + 30),
            statement_deadline(is_sent=True),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT * FROM nowhere")
        assert show() == "0"

    def test_it_holds_after_a_transaction_that_was_rolled_back(self):
        with deadline_at(time.monotonic() + 30), statement_deadline(is_sent=True):
            for _ in range(2):
                with transaction.atomic():
                    assert show() != "0"
                    transaction.set_rollback(True)
            assert show() != "0"
        assert show() == "0"

    def test_a_statement_of_its_own_time_has_the_usual_one(self):
        with deadline_at(time.monotonic() + 30), statement_deadline(is_sent=True):
            with deadline_at(None):
                assert show() == "0"
            assert show() != "0"
            with transaction.atomic():
                with deadline_at(None):
                    assert show() == "0"
                transaction.set_rollback(True)
            assert show() != "0"
            with deadline_at(None):
                assert show() == "0"
        assert show() == "0"

    def test_a_connection_that_was_closed_needs_none(self):
        with deadline_at(time.monotonic() + 30), statement_deadline(is_sent=True):
            show()
            # for good: back in the pool it would have the timeout for whoever gets it next
            connection.connection.close()
            connection.close()
        assert show() == "0"
