"""An integration as one organization uses it."""

from django.db import models
from django.utils import timezone

from sentry.db.models import ControlModel
from sentry.models.integrations.integration import Integration, ObjectStatus
from sentry.silo import control_silo_model


@control_silo_model
class OrganizationIntegration(ControlModel):
    """Ties an integration to an organization."""

    organization_id = models.BigIntegerField()
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE)
    config = models.JSONField(default=dict)
    status = models.PositiveSmallIntegerField(
        choices=ObjectStatus.choices, default=ObjectStatus.ACTIVE
    )
    date_added = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_organizationintegration"
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "integration"], name="sentry_orgintegration_pair"
            )
        ]

    def __str__(self) -> str:
        return f"integration {self.integration_id} in {self.organization_id}"
