"""Values of options that were changed while the platform ran."""

from django.db import models
from django.utils import timezone

from sentry.silo import all_silo_model


@all_silo_model
class Option(models.Model):
    """The value of one option, in place of its default."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=128)
    value = models.JSONField()
    last_updated = models.DateTimeField(default=timezone.now)
    updated_by = models.CharField(max_length=128, default="")

    class Meta:
        app_label = "sentry"
        db_table = "sentry_option"
        constraints = [models.UniqueConstraint(fields=["key"], name="sentry_option_key")]

    def __str__(self) -> str:
        return self.key
