"""Values of the database stay fresh by a thread of their own."""

from threading import Event, current_thread

import pytest
from django.db import OperationalError, connection

from sentry import options
from sentry.options import store
from sentry.testutils.cases import TransactionTestCase
from sentry.utils import refresh
from sentry.utils.refresh import Refresher, is_missing_table

PATIENCE = 30


class Load:
    """A load that tells when it was called, and fails as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.threads: list[str] = []
        self.called = Event()

    def __call__(self) -> None:
        self.threads.append(current_thread().name)
        try:
            if self.failures:
                raise self.failures.pop(0)
        finally:
            self.called.set()

    def next(self) -> None:
        """Waits for the next call that begins after this one."""
        self.called.clear()
        assert self.called.wait(PATIENCE)


@pytest.fixture
def started(request: pytest.FixtureRequest):
    """Starts a refresher with the loads given; it is stopped at the end."""
    made = []

    def start(load: Load, interval: float = 0.001) -> Refresher:
        refresher = Refresher(lambda: interval)
        made.append(refresher)
        refresher.add(load)
        refresher.ensure_started()
        return refresher

    yield start
    for refresher in made:
        refresher.stop()


def test_the_first_reader_waits_for_the_first_load_and_one_thread_goes_on(started) -> None:
    load = Load()
    refresher = started(load)
    assert load.threads
    assert refresher._is_started
    refresher.ensure_started()
    load.next()
    assert set(load.threads) == {"sentry-refresh"}


def test_a_failure_is_told_once_and_the_next_load_comes(
    started, caplog: pytest.LogCaptureFixture
) -> None:
    down = OperationalError("no answer")
    load = Load(down, down, down)
    started(load)
    while load.failures:
        load.next()
    load.next()
    records = [record for record in caplog.records if record.name == "sentry.utils.refresh"]
    assert [record.message for record in records] == ["refresh.failed"]
    assert records[0].__dict__["cause"] == "OperationalError"


def test_a_database_without_tables_is_no_failure(started, caplog: pytest.LogCaptureFixture) -> None:
    started(Load(OperationalError("no such table: sentry_option")))
    assert caplog.records == []


def test_by_hand_there_is_no_thread() -> None:
    load = Load()
    refresher = Refresher(lambda: 1)
    refresher.by_hand()
    refresher.add(load)
    refresher.ensure_started()
    refresher.reset()
    refresher.ensure_started()
    assert load.threads == []
    refresher.load_all()
    assert load.threads == [current_thread().name]


def test_an_option_says_how_often() -> None:
    for seconds in (2.0, 3.0):
        with options.override({"options.refresh-interval": seconds}):
            assert refresh.refresher._interval() == seconds


def test_nothing_starts_while_django_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.apps.apps.ready", False)
    refresher = Refresher(lambda: 1)
    refresher.ensure_started()
    assert not refresher._is_started


def test_a_reset_begins_anew_as_a_forked_process_must(started) -> None:
    load = Load()
    refresher = started(load, interval=3600)
    first = refresher._thread
    refresher._stopped.set()
    refresher.reset()
    assert not refresher._is_started
    refresher.ensure_started()
    assert refresher._thread is not first
    assert len(load.threads) == 2


class RefreshFromTheDatabaseTest(TransactionTestCase):
    def test_another_threads_value_is_seen(self) -> None:
        refresher = Refresher(lambda: 3600)
        refresher.add(lambda: options.manager.apply_stored(store.read_all()))
        self.create_option(key="auth.cache-ttl", value=1.5)
        options.manager.apply_stored({})
        assert options.get("auth.cache-ttl") == 5.0
        refresher.ensure_started()
        try:
            assert options.get("auth.cache-ttl") == 1.5
        finally:
            refresher.stop()

    def test_a_missing_table_is_recognized_on_either_database(self) -> None:
        with (
            pytest.raises(Exception, match="sentry_nothing") as raised,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT 1 FROM sentry_nothing")
        assert is_missing_table(raised.value)  # type: ignore[arg-type]
