"""An organization: the tenant that everything belongs to."""

from django.db import models
from django.utils import timezone

from sentry.db.models import RegionModel
from sentry.silo import region_silo_model


@region_silo_model
class Organization(RegionModel):
    """The tenant. Every other row of a region belongs to exactly one."""

    name = models.CharField(max_length=64)
    slug = models.SlugField(max_length=50, unique=True)
    date_added = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_organization"

    def __str__(self) -> str:
        return self.slug
