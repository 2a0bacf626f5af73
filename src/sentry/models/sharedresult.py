"""What one process found out on a host and others need a moment later, where there is no Redis."""

from django.db import models

from sentry.silo import all_silo_model


@all_silo_model
class SharedResult(models.Model):
    """A result under a digest of everything that it depends on, the organization included.

    While ``holder`` finds it out, ``value`` is null and ``expires_at`` is when it counts as dead.
    """

    key = models.CharField(max_length=64, primary_key=True)
    holder = models.CharField(max_length=32)
    value = models.BinaryField(null=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_sharedresult"

    def __str__(self) -> str:
        return self.key
