"""Background work that is to be done, or that failed for good."""

from django.db import models
from django.utils import timezone

from sentry.silo import all_silo_model


class TaskStatus(models.IntegerChoices):
    """The life of a record; one that is done is deleted."""

    PENDING = 0, "pending"
    FAILED = 1, "failed"


@all_silo_model
class TaskRecord(models.Model):
    """One call of a task. The row is the work; a message in a queue only announces it.

    ``arguments`` is a JSON text ``{"args": […], "kwargs": {…}}``. A pending record may be claimed
    from ``available_at`` on; a claim writes a random ``claim`` and moves ``available_at`` to its
    own end, ``claimed_until``. ``message_due_at`` is when a message must be sent (again). For a
    failed record ``available_at`` is when it failed, and ``error`` the name of the error's class.
    ``key`` is null, or names the work so that a task has one record for it at most.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=128)
    queue = models.CharField(max_length=64)
    key = models.CharField(max_length=128, null=True)
    arguments = models.TextField()
    status = models.PositiveSmallIntegerField(
        choices=TaskStatus.choices, default=TaskStatus.PENDING
    )
    attempts = models.PositiveIntegerField(default=0)
    available_at = models.DateTimeField(default=timezone.now)
    message_due_at = models.DateTimeField(default=timezone.now)
    claim = models.CharField(max_length=32, default="")
    claimed_until = models.DateTimeField(null=True)
    error = models.CharField(max_length=255, default="")
    request_id = models.CharField(max_length=128, default="")
    date_added = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_taskrecord"
        constraints = [
            models.UniqueConstraint(fields=["name", "key"], name="sentry_taskrecord_name_key")
        ]
        indexes = [
            models.Index(fields=["status", "available_at", "id"], name="sentry_task_stat_avail_id"),
            models.Index(
                fields=["status", "queue", "available_at"], name="sentry_task_stat_queue_avail"
            ),
            models.Index(fields=["status", "message_due_at"], name="sentry_task_stat_message"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"
