"""Makes rows of what the platform keeps for itself; a part of ``Factories``."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from sentry.models import (
    EVERY_ORGANIZATION,
    AnalyticsEvent,
    FeatureRule,
    IdempotencyRecord,
    Lease,
    Option,
    PeriodicTask,
    RateLimitCounter,
    SharedResult,
    SignatureNonce,
    TaskRecord,
)
from sentry.options import OptionValue
from sentry.utils.refresh import refresher

_numbers = count(1)


def next_number() -> int:
    """A number that no row of this process was given yet."""
    return next(_numbers)


class BookkeepingFactories:
    """``create_*`` for tables that belong to no noun of the domain."""

    @staticmethod
    def create_idempotency_record(*, organization_id: int, **fields: Any) -> IdempotencyRecord:
        """A record of a mutation in flight, for an hour."""
        soon = timezone.now() + timedelta(hours=1)
        given = {
            "caller": "api_key:1",
            "method": "CreateCodeMapping",
            "key": f"key-{next_number()}",
            "request_sha256": "0" * 64,
            "claimed_until": soon,
            "expires_at": soon,
            **fields,
        }
        return IdempotencyRecord.objects.create(organization_id=organization_id, **given)

    @staticmethod
    def create_signature_nonce(*, key_id: str = "key", nonce: str = "") -> SignatureNonce:
        """A nonce that was used, reserved for five minutes."""
        return SignatureNonce.objects.create(
            key_id=key_id,
            nonce=nonce or f"nonce-{next_number()}",
            expires_at=timezone.now() + timedelta(minutes=5),
        )

    @staticmethod
    def create_rate_limit_counter(
        *, key: str = "", window: int = 0, used: int = 0
    ) -> RateLimitCounter:
        """A counter of one window, kept for a minute."""
        return RateLimitCounter.objects.create(
            key=key or f"api_key:{next_number()}",
            window=window,
            used=used,
            expires_at=timezone.now() + timedelta(minutes=1),
        )

    @staticmethod
    def create_option(*, key: str, value: OptionValue, updated_by: str = "") -> Option:
        """A stored value, which this process uses from now on."""
        row = Option.objects.create(key=key, value=value, updated_by=updated_by)
        refresher.load_all()
        return row

    @staticmethod
    def create_feature_rule(
        *, feature: str, organization_id: int = EVERY_ORGANIZATION, percentage: int = 100
    ) -> FeatureRule:
        """For whom a flag is on, which holds in this process from now on."""
        row = FeatureRule.objects.create(
            feature=feature, organization_id=organization_id, percentage=percentage
        )
        refresher.load_all()
        return row

    @staticmethod
    def create_analytics_event(*, organization_id: int, **fields: Any) -> AnalyticsEvent:
        """An event of analytics, kept for a day."""
        given = {
            "type": "code_mapping.created",
            "expires_at": timezone.now() + timedelta(days=1),
            **fields,
        }
        return AnalyticsEvent.objects.create(organization_id=organization_id, **given)

    @staticmethod
    def create_task_record(
        *, name: str = "sentry.tasks.sweep_expired", **fields: Any
    ) -> TaskRecord:
        """A task's pending record, due now."""
        given = {"queue": "maintenance", "arguments": '{"args": [], "kwargs": {}}', **fields}
        return TaskRecord.objects.create(name=name, **given)

    @staticmethod
    def create_periodic_task(
        *, name: str = "sentry.tasks.sweep_expired", next_run_at: datetime | None = None
    ) -> PeriodicTask:
        """When a task of the schedule is due: now."""
        return PeriodicTask.objects.create(name=name, next_run_at=next_run_at or timezone.now())

    @staticmethod
    def create_lease(*, name: str = "", holder: str = "holder") -> Lease:
        """A duty that somebody has for a minute."""
        return Lease.objects.create(
            name=name or f"lease-{next_number()}",
            holder=holder,
            expires_at=timezone.now() + timedelta(minutes=1),
        )

    @staticmethod
    def create_shared_result(
        *, key: str = "", holder: str = "somebody", value: bytes | None = b"a result"
    ) -> SharedResult:
        """A result that processes share, kept for a minute; without a value, one in the making."""
        return SharedResult.objects.create(
            key=key or f"{next_number():064}",
            holder=holder,
            value=value,
            expires_at=timezone.now() + timedelta(minutes=1),
        )
