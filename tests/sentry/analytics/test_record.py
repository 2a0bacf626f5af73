"""Recording events: both forms, all back ends, and what a failing one costs."""

from dataclasses import dataclass
from datetime import timedelta
from unittest import mock

import pytest
from django.db import DatabaseError, connection, transaction

from sentry import analytics, options
from sentry.analytics import backends
from sentry.analytics.event import _by_type, _kinds_of, eventclass
from sentry.models import AnalyticsEvent
from sentry.testutils.cases import TestCase, TransactionTestCase


@dataclass(frozen=True, kw_only=True, slots=True)
class FeatureUsedEvent(analytics.Event):
    """A feature was used."""

    feature: str
    times: int | None = None


@pytest.fixture(autouse=True)
def _registered():
    eventclass("feature.used")(FeatureUsedEvent)
    yield
    del _by_type["feature.used"], _kinds_of[FeatureUsedEvent]


def to(backend):
    return options.override({"analytics.backend": backend})


class RecordTest(TestCase):
    def record(self, *args, **fields):
        with self.captureOnCommitCallbacks(execute=True):
            analytics.record(*args, **fields)

    def event(self):
        return FeatureUsedEvent(
            user_id=self.user.id, organization_id=self.organization.id, feature="new-dashboard"
        )

    def fields(self):
        return {
            "organization_id": self.organization.id,
            "user_id": self.user.id,
            "feature": "new-dashboard",
            "times": None,
        }

    def test_an_event_in_the_database(self):
        with to("database"), options.override({"analytics.retention-days": 7}):
            self.record(self.event())
        row = AnalyticsEvent.objects.get()
        assert (row.type, row.organization_id) == ("feature.used", self.organization.id)
        assert row.data == self.fields()
        assert row.expires_at - row.date_added == timedelta(days=7)

    def test_the_form_with_keywords(self):
        with to("database"):
            self.record(
                "feature.used",
                user_id=self.user.id,
                organization_id=self.organization.id,
                feature="new-dashboard",
            )
        assert AnalyticsEvent.objects.get().data == self.fields()

    def test_an_event_in_the_log(self):
        with to("log"), self.assertLogs("sentry.analytics", "INFO") as logged:
            self.record(self.event())
        (line,) = logged.records
        assert line.getMessage() == "feature.used"
        assert {name: vars(line)[name] for name in self.fields()} == self.fields()

    def test_by_default_nowhere(self):
        with self.assertNoLogs("sentry"):
            self.record(self.event())
        backends.backend("none").deliver(self.event())
        assert not AnalyticsEvent.objects.exists()

    def test_a_back_end_that_fails_fails_nobody(self):
        broken = mock.patch.object(AnalyticsEvent.objects, "create", side_effect=DatabaseError)
        with to("database"), broken, self.assertLogs("sentry.analytics", "ERROR") as logged:
            self.record(self.event())
        assert logged.records[0].getMessage() == "analytics.delivery_failed"
        assert connection.is_usable()

    def test_a_back_end_that_is_not_there_fails_nobody(self):
        with to("clickhouse"), self.assertLogs("sentry.analytics", "ERROR") as logged:
            self.record(self.event())
        assert "expected one of none, log, database, got 'clickhouse'" in logged.output[0]

    def test_an_event_of_no_type_that_we_know(self):
        with pytest.raises(analytics.UnknownEventError, match=r"feature\.unused"):
            analytics.record("feature.unused", organization_id=1)

    def test_fields_that_the_event_does_not_have(self):
        for fields in ({}, {"feature": "x", "more": 1}, {"feature": 1}, {"feature": None}):
            with self.subTest(fields), pytest.raises(TypeError):
                analytics.record("feature.used", organization_id=1, **fields)
        with pytest.raises(TypeError, match=r"feature\.used: times may not be of type bool"):
            FeatureUsedEvent(organization_id=1, feature="x", times=True)


class CommitTest(TransactionTestCase):
    def record(self):
        analytics.record(FeatureUsedEvent(organization_id=1, feature="x"))

    def test_nothing_before_the_transaction_is_done(self):
        with to("database"):
            with transaction.atomic():
                self.record()
                assert not AnalyticsEvent.objects.exists()
            assert AnalyticsEvent.objects.count() == 1
            self.record()
            assert AnalyticsEvent.objects.count() == 2

    def test_nothing_of_a_transaction_that_is_rolled_back(self):
        with to("database"):
            with transaction.atomic():
                self.record()
                transaction.set_rollback(True)
            assert not AnalyticsEvent.objects.exists()


def test_an_event_that_was_not_registered():
    @dataclass(frozen=True, kw_only=True, slots=True)
    class Bare(analytics.Event):
        pass

    with pytest.raises(TypeError, match="Bare is no registered event"):
        Bare(organization_id=1)


@pytest.mark.parametrize("name", ["feature.used", "feature", "Feature.used", "a..b", ".a", "a.b "])
def test_types_that_cannot_be_registered(name):
    with pytest.raises(ValueError, match=r"registered twice|no dotted name"):
        eventclass(name)(FeatureUsedEvent)


def test_fields_that_cannot_be_kept():
    @dataclass(frozen=True, kw_only=True, slots=True)
    class WithList(analytics.Event):
        names: list[str]

    with pytest.raises(TypeError, match=r"WithList\.names: expected str, int, float, bool"):
        eventclass("with.list")(WithList)
