"""For whom feature flags are on."""

from django.db import models
from django.utils import timezone

from sentry.silo import all_silo_model

# The organization of a rule that holds for all of them.
EVERY_ORGANIZATION = 0


@all_silo_model
class FeatureRule(models.Model):
    """How far one flag is on: for one organization (0 or 100 percent), or for a share of all.

    The rule of an organization is stronger than that of all. ``organization_id`` is no foreign key:
    both silos ask flags, and one of them has no organizations.
    """

    id = models.BigAutoField(primary_key=True)
    feature = models.CharField(max_length=128)
    organization_id = models.BigIntegerField(default=EVERY_ORGANIZATION)
    percentage = models.PositiveSmallIntegerField()
    last_updated = models.DateTimeField(default=timezone.now)
    updated_by = models.CharField(max_length=128, default="")

    class Meta:
        app_label = "sentry"
        db_table = "sentry_featurerule"
        constraints = [
            models.UniqueConstraint(
                fields=["feature", "organization_id"], name="sentry_featurerule_feature_org"
            ),
            models.CheckConstraint(
                condition=models.Q(percentage__lte=100), name="sentry_featurerule_percentage"
            ),
        ]

    def __str__(self) -> str:
        return self.feature
