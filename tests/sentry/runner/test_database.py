"""Waiting for a database that is not up yet."""

import pytest
from django.db import OperationalError

from sentry.db.probe import check_connection
from sentry.integrations.source_code_management.errors import ServiceUnavailable
from sentry.runner import database


def down_for(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Lets the next attempts to connect fail; gives a list that grows with each attempt."""
    attempts: list[int] = []

    def connect() -> None:
        attempts.append(1)
        if len(attempts) <= times:
            raise OperationalError

    monkeypatch.setattr(database, "check_connection", connect)
    monkeypatch.setattr(database, "_PAUSE", 0.001)
    return attempts


def test_it_tries_until_the_database_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = down_for(monkeypatch, 3)
    database.wait_for_database(60)
    assert len(attempts) == 4


def test_without_patience_it_tries_once(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = down_for(monkeypatch, 3)
    with pytest.raises(ServiceUnavailable, match="the database is not available"):
        database.wait_for_database(0)
    assert len(attempts) == 1


@pytest.mark.django_db
def test_the_tests_own_database_answers() -> None:
    check_connection()
    assert database.pending_migrations() == []
