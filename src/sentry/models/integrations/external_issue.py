"""An issue or work item on a host."""

from django.db import models
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.models.organization import Organization
from sentry.silo import region_silo_model


@region_silo_model
class ExternalIssue(RegionModel):
    """A ticket on a host. Its web address is computed from ``key`` by the installation."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    integration_id = models.BigIntegerField()
    key = models.CharField(max_length=256)
    title = models.TextField(null=True)
    description = models.TextField(null=True)
    metadata = models.JSONField(default=dict)
    date_added = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_externalissue"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "integration_id", "key"],
                name="sentry_externalissue_org_intg_key",
            )
        ]

    def __str__(self) -> str:
        return self.key
