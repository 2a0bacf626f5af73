"""A file that a commit changed."""

from django.db import models

from sentry.db.models import RegionModel
from sentry.models.commit import Commit
from sentry.models.organization import Organization
from sentry.silo import region_silo_model


class ChangeType(models.TextChoices):
    """What happened to the file. A move is a removal here and an addition there."""

    ADDED = "A", "added"
    MODIFIED = "M", "modified"
    REMOVED = "D", "removed"


@region_silo_model
class CommitFileChange(RegionModel):
    """A path that a commit changed against its first parent, from the repository's root."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    commit = models.ForeignKey(Commit, on_delete=models.CASCADE, db_index=False)
    filename = models.CharField(max_length=512)
    type = models.CharField(max_length=1, choices=ChangeType.choices)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_commitfilechange"
        constraints = [
            models.UniqueConstraint(
                fields=["commit", "filename"], name="sentry_commitfilechange_file"
            )
        ]
        indexes = [
            models.Index(fields=["organization", "filename"], name="sentry_filechange_org_file")
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.filename}"
