"""A team of an organization."""

from django.db import models
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.models.organization import Organization
from sentry.silo import region_silo_model


@region_silo_model
class Team(RegionModel):
    """A group of members; a project's access is given to teams."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    slug = models.SlugField(max_length=50)
    name = models.CharField(max_length=64)
    date_added = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_team"
        constraints = [
            models.UniqueConstraint(fields=["organization", "slug"], name="sentry_team_org_slug")
        ]

    def __str__(self) -> str:
        return self.slug
