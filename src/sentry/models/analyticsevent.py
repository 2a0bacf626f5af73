"""Events of analytics, where the option ``analytics.backend`` keeps them in the database."""

from django.db import models
from django.utils import timezone

from sentry.silo import all_silo_model


@all_silo_model
class AnalyticsEvent(models.Model):
    """One event: what happened, where, and its fields."""

    id = models.BigAutoField(primary_key=True)
    type = models.CharField(max_length=64)
    organization_id = models.BigIntegerField()
    data = models.JSONField(default=dict)
    date_added = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_analyticsevent"
        indexes = [
            models.Index(
                fields=["organization_id", "type", "date_added"], name="sentry_analytics_org_type"
            )
        ]

    def __str__(self) -> str:
        return self.type
