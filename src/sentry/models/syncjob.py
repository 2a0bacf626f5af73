"""A reading of all repositories of an integration, asked for by a caller."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.models.organization import Organization
from sentry.silo import region_silo_model


class SyncJobStatus(models.IntegerChoices):
    """The life of a job; one that waits or runs has a task."""

    WAITING = 0, "waiting"
    RUNNING = 1, "running"
    SUCCEEDED = 2, "succeeded"
    FAILED = 3, "failed"


@region_silo_model
class SyncJob(RegionModel):
    """One run over an integration's repositories, and how far it came, in repositories.

    ``integration_id`` points into the control silo. ``error`` is null, or a JSON object with the
    ``reason``, the ``message`` and the ``retry_after`` of what ended it. Of one integration and
    query there is one job at most that waits or runs.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    integration_id = models.BigIntegerField()
    query = models.CharField(max_length=200, default="")
    status = models.PositiveSmallIntegerField(
        choices=SyncJobStatus.choices, default=SyncJobStatus.WAITING
    )
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    error = models.JSONField(null=True)
    date_added = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_syncjob"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "integration_id", "query"],
                condition=Q(status__in=[SyncJobStatus.WAITING, SyncJobStatus.RUNNING]),
                name="sentry_syncjob_one_active",
            )
        ]

    def __str__(self) -> str:
        return f"synchronization {self.pk} of integration {self.integration_id}"
