"""Who of several processes leads."""

from django.db import models

from sentry.silo import all_silo_model


@all_silo_model
class Lease(models.Model):
    """A duty that one holder has until ``expires_at``, unless it renews it."""

    name = models.CharField(max_length=64, primary_key=True)
    holder = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        app_label = "sentry"
        db_table = "sentry_lease"

    def __str__(self) -> str:
        return self.name
