"""Expired rows are deleted, in batches."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from sentry.actions import expired
from sentry.models import (
    AnalyticsEvent,
    IdempotencyRecord,
    RateLimitCounter,
    SharedResult,
    SignatureNonce,
)
from sentry.tasks import sweep_expired
from sentry.testutils.cases import TestCase

MODELS = (SignatureNonce, RateLimitCounter, IdempotencyRecord, AnalyticsEvent, SharedResult)


class SweepExpiredTest(TestCase):
    @pytest.fixture(autouse=True)
    def _given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expired, "_ROWS_AT_ONCE", 2)

    def rows(self, count: int):
        for _ in range(count):
            self.create_signature_nonce()
            self.create_rate_limit_counter()
            self.create_idempotency_record(organization_id=1)
            self.create_analytics_event(organization_id=1)
            self.create_shared_result()

    def expire(self):
        for model in MODELS:
            model.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    def counts(self) -> list[int]:
        return [model.objects.count() for model in MODELS]

    def test_what_has_expired_goes_and_the_rest_stays(self):
        self.rows(5)
        self.expire()
        self.rows(2)
        sweep_expired.apply().get()
        assert self.counts() == [2, 2, 2, 2, 2]

    def test_one_run_has_an_end(self):
        self.rows(5)
        self.expire()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(expired, "_BATCHES", 2)
            assert expired.delete_expired() == 20
        assert self.counts() == [1, 1, 1, 1, 1]

    def test_a_control_silo_asks_only_its_own_tables(self):
        self.rows(1)
        self.expire()
        with self.settings(SILO_MODE="CONTROL"):
            assert expired.delete_expired() == 4
        assert self.counts() == [0, 0, 1, 0, 0]

    def test_sessions_that_have_ended_go(self):
        self.login_as(self.user)
        Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
        self.login_as(self.create_user())
        assert expired.delete_expired() == 1
        assert Session.objects.count() == 1
