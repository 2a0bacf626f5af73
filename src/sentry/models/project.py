"""A project: one piece of running software."""

from django.db import models
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.models.organization import Organization
from sentry.silo import region_silo_model


@region_silo_model
class Project(RegionModel):
    """One piece of running software whose errors are collected."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    slug = models.SlugField(max_length=100)
    name = models.CharField(max_length=200)
    platform = models.CharField(max_length=64, blank=True, default="")
    teams = models.ManyToManyField("sentry.Team", through="sentry.ProjectTeam")
    date_added = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_project"
        constraints = [
            models.UniqueConstraint(fields=["organization", "slug"], name="sentry_project_org_slug")
        ]

    def __str__(self) -> str:
        return self.slug


@region_silo_model
class ProjectTeam(RegionModel):
    """A team that works on a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    team = models.ForeignKey("sentry.Team", on_delete=models.CASCADE)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_projectteam"
        constraints = [
            models.UniqueConstraint(fields=["project", "team"], name="sentry_projectteam_pair")
        ]

    def __str__(self) -> str:
        return f"{self.project_id} of team {self.team_id}"
