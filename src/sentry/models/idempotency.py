"""What became of mutations that carried an idempotency key."""

from django.db import models
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.silo import region_silo_model


@region_silo_model
class IdempotencyRecord(RegionModel):
    """One mutation of one caller under one key.

    ``outcome`` is null while the call is in flight; until ``claimed_until`` a retry is told to
    wait. The outcome is a JSON text: the response or a permanent error.
    """

    organization_id = models.BigIntegerField()
    caller = models.CharField(max_length=128)
    method = models.CharField(max_length=128)
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    outcome = models.TextField(null=True)
    claimed_until = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    date_added = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_idempotencyrecord"
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "organization_id", "method", "key"],
                name="sentry_idempotency_call",
            )
        ]

    def __str__(self) -> str:
        return f"{self.method} of {self.caller}"
