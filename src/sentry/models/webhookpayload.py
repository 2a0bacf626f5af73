"""What hosts delivered to the platform's webhooks: the inbox."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from sentry.db.fields import EncryptedJSONField
from sentry.db.models import ControlModel
from sentry.models.integrations.integration import Integration
from sentry.silo import control_silo_model


class WebhookStatus(models.IntegerChoices):
    """The life of a delivery; a dead one is given up until somebody tries it again."""

    PENDING = 0, "pending"
    DONE = 1, "done"
    DEAD = 2, "dead"


@control_silo_model
class WebhookPayload(ControlModel):
    """A delivery whose signature was good. The row is the work, and later what tells a repeat.

    ``digest`` is the SHA-256 of the body, in hex; ``delivery_id`` the host's
    own id, "" where it sends none; ``event`` what the host calls it. ``payload`` holds the body and
    the headers that matter, encrypted, and is null once the delivery is done. ``reason`` names
    the last error's class, or says why it was given up. ``expires_at`` is null while it waits.
    """

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, db_index=False)
    delivery_id = models.CharField(max_length=255, default="")
    digest = models.CharField(max_length=64)
    event = models.CharField(max_length=64, default="")
    payload = EncryptedJSONField(null=True)
    status = models.PositiveSmallIntegerField(
        choices=WebhookStatus.choices, default=WebhookStatus.PENDING
    )
    attempts = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=255, default="")
    received_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_webhookpayload"
        constraints = [
            models.UniqueConstraint(
                fields=["integration", "digest"], name="sentry_webhook_intg_digest"
            ),
            models.UniqueConstraint(
                fields=["integration", "delivery_id"],
                condition=~Q(delivery_id=""),
                name="sentry_webhook_intg_delivery",
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "received_at", "id"], name="sentry_webhook_stat_recv_id"
            ),
            models.Index(
                fields=["integration", "status", "id"], name="sentry_webhook_intg_stat_id"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.pk}"
