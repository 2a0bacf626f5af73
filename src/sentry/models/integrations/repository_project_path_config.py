"""A code mapping: where the paths of a project's stack traces lie in a repository."""

from django.db import models
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.models.organization import Organization
from sentry.models.project import Project
from sentry.models.repository import Repository
from sentry.silo import region_silo_model


@region_silo_model
class RepositoryProjectPathConfig(RegionModel):
    """Maps ``stack_root`` of a project to ``source_root`` of a repository.

    A stack root may have several source roots; ``position`` orders them. The integration ids
    point into the control silo.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    repository = models.ForeignKey(Repository, on_delete=models.CASCADE)
    organization_integration_id = models.BigIntegerField(null=True, db_index=True)
    integration_id = models.BigIntegerField(null=True)
    stack_root = models.TextField(blank=True)
    source_root = models.TextField(blank=True)
    default_branch = models.TextField(null=True)
    automatically_generated = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    date_added = models.DateTimeField(default=timezone.now)
    date_updated = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_repositoryprojectpathconfig"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "stack_root", "repository", "source_root"],
                name="sentry_codemapping_project_roots",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="sentry_codemapping_org_id"),
            models.Index(
                fields=["organization", "project", "id"], name="sentry_codemapping_org_proj_id"
            ),
            models.Index(
                fields=["organization", "integration_id", "id"],
                name="sentry_codemapping_org_intg_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stack_root} -> {self.source_root}"
