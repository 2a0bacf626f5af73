"""Nonces of signed requests, kept until they cannot be replayed."""

from django.db import models

from sentry.silo import all_silo_model


@all_silo_model
class SignatureNonce(models.Model):
    """A nonce that was used; its row is the reservation."""

    id = models.BigAutoField(primary_key=True)
    key_id = models.CharField(max_length=128)
    nonce = models.CharField(max_length=128)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "sentry"
        db_table = "sentry_signaturenonce"
        constraints = [
            models.UniqueConstraint(fields=["key_id", "nonce"], name="sentry_nonce_key_nonce")
        ]

    def __str__(self) -> str:
        return self.key_id
