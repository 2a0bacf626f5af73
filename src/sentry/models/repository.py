"""A source code repository of an organization."""

from django.db import models
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.models.organization import Organization
from sentry.silo import region_silo_model


class RepositoryStatus(models.IntegerChoices):
    """The life of a repository's row."""

    ACTIVE = 0, "active"
    DISABLED = 1, "disabled"
    PENDING_DELETION = 2, "pending_deletion"
    DELETION_IN_PROGRESS = 3, "deletion_in_progress"
    HIDDEN = 4, "hidden"


@region_silo_model
class Repository(RegionModel):
    """A repository on a host. ``provider`` is stored as ``integrations:<key>``.

    ``integration_id`` points into the control silo. ``config`` holds facts that are no secret.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=200)
    url = models.URLField(max_length=500, null=True)
    provider = models.CharField(max_length=64, null=True)
    external_id = models.CharField(max_length=64, null=True)
    config = models.JSONField(default=dict)
    status = models.PositiveSmallIntegerField(
        choices=RepositoryStatus.choices, default=RepositoryStatus.ACTIVE
    )
    integration_id = models.BigIntegerField(null=True, db_index=True)
    languages = models.JSONField(default=list)
    date_added = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_repository"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "provider", "external_id"],
                name="sentry_repository_org_provider_external",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "name", "id"], name="sentry_repo_org_name_id"),
            models.Index(
                fields=["organization", "provider", "name", "id"],
                name="sentry_repo_org_prov_name_id",
            ),
            models.Index(
                fields=["organization", "status", "name", "id"],
                name="sentry_repo_org_stat_name_id",
            ),
            # the few that are being deleted, of all organizations
            models.Index(
                fields=["id"],
                condition=models.Q(
                    status__in=[
                        RepositoryStatus.PENDING_DELETION,
                        RepositoryStatus.DELETION_IN_PROGRESS,
                    ]
                ),
                name="sentry_repo_in_deletion",
            ),
        ]

    def __str__(self) -> str:
        return self.name
