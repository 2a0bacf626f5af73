"""When each task of the schedule is due next."""

from django.db import models

from sentry.silo import all_silo_model


@all_silo_model
class PeriodicTask(models.Model):
    """A task that is started at intervals. Whoever moves ``next_run_at`` on starts it."""

    name = models.CharField(max_length=128, primary_key=True)
    next_run_at = models.DateTimeField()

    class Meta:
        app_label = "sentry"
        db_table = "sentry_periodictask"

    def __str__(self) -> str:
        return self.name
