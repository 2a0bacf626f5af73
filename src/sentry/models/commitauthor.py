"""A person as commits name them."""

from django.db import models

from sentry.db.models import RegionModel
from sentry.models.organization import Organization
from sentry.silo import region_silo_model


@region_silo_model
class CommitAuthor(RegionModel):
    """The author of commits in an organization; ``email`` is stored in lower case."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=128, null=True)
    email = models.CharField(max_length=200)
    external_id = models.CharField(max_length=164, null=True)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_commitauthor"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"], name="sentry_commitauthor_org_email"
            ),
            models.UniqueConstraint(
                fields=["organization", "external_id"], name="sentry_commitauthor_org_external"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"
