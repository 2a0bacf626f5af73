"""An installation on a host."""

from typing import Any

from django.db import models
from django.utils import timezone

from sentry.db.fields import EncryptedJSONField
from sentry.db.models import ControlModel
from sentry.silo import control_silo_model


class ObjectStatus(models.IntegerChoices):
    """Whether an integration may be used."""

    ACTIVE = 0, "active"
    DISABLED = 1, "disabled"
    PENDING_DELETION = 2, "pending_deletion"
    DELETION_IN_PROGRESS = 3, "deletion_in_progress"


@control_silo_model
class Integration(ControlModel):
    """An installation on a host; several organizations may share it.

    ``metadata`` holds what is needed to reach the host, credentials included, encrypted at rest;
    ``credential_version`` grows with each credential that somebody gives, not with the tokens that
    the platform renews by itself. While the host rejects the credential, ``broken_reason`` says
    why, ``broken_at`` since when, and ``probe_at`` when the host may be asked again.
    ``webhook_secrets`` is what the host signs its deliveries with, newest first: the first signs
    new registrations, all verify; null without any.
    """

    provider = models.CharField(max_length=64)
    external_id = models.CharField(max_length=256)
    name = models.CharField(max_length=200)
    metadata = EncryptedJSONField(default=dict)
    webhook_secrets = EncryptedJSONField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(
        choices=ObjectStatus.choices, default=ObjectStatus.ACTIVE
    )
    date_added = models.DateTimeField(default=timezone.now)
    credential_version = models.PositiveIntegerField(default=0, db_default=0)
    broken_reason = models.CharField(max_length=200, null=True, blank=True)
    broken_at = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_integration"
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "external_id"], name="sentry_integration_provider_external"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.name}"

    def plain_metadata(self) -> dict[str, Any]:
        """The decrypted metadata. Never log it."""
        value: dict[str, Any] = self.metadata
        return value

    def plain_webhook_secrets(self) -> list[str]:
        """The decrypted webhook secrets, newest first. Never log them."""
        value: list[str] | None = self.webhook_secrets
        return list(value or ())
