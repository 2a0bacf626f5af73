"""Counters of rate limits, shared by all processes where there is no Redis."""

from django.db import models

from sentry.silo import all_silo_model


@all_silo_model
class RateLimitCounter(models.Model):
    """How many requests of one window have been leased to processes."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200)
    window = models.BigIntegerField()
    used = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_ratelimitcounter"
        constraints = [
            models.UniqueConstraint(fields=["key", "window"], name="sentry_ratelimit_key_window")
        ]

    def __str__(self) -> str:
        return self.key
