"""An issue group: events that are the same error."""

from django.db import models
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.models.project import Project
from sentry.silo import region_silo_model


@region_silo_model
class Group(RegionModel):
    """Events of a project that are the same error: what people call an issue."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    title = models.CharField(max_length=255, blank=True, default="")
    date_added = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_group"

    def __str__(self) -> str:
        return self.title
