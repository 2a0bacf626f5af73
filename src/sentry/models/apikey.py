"""API keys: credentials of programs, bound to one organization."""

from collections.abc import Iterable
from typing import ClassVar

from django.db import models
from django.utils import timezone

from sentry.auth.scopes import validate_scopes
from sentry.db.models import ControlModel
from sentry.silo import control_silo_model
from sentry.utils.tokens import hash_token, new_token

TOKEN_PREFIX = "sapk_"  # noqa: S105


class ApiKeyStatus(models.IntegerChoices):
    """Whether a key is accepted."""

    ACTIVE = 0, "active"
    INACTIVE = 1, "inactive"


class ApiKeyManager(models.Manager["ApiKey"]):
    """Makes keys."""

    def create_with_token(
        self, *, organization_id: int, scope_list: Iterable[str], label: str = ""
    ) -> "tuple[ApiKey, str]":
        """A new key and its secret, which is stored only as a hash and cannot be read again.

        Raises:
            ValueError: a scope is unknown.
        """
        token = new_token(TOKEN_PREFIX)
        key = self.create(
            organization_id=organization_id,
            label=label,
            token_hashed=hash_token(token),
            token_last_characters=token[-4:],
            scope_list=validate_scopes(scope_list),
        )
        return key, token


@control_silo_model
class ApiKey(ControlModel):
    """A program's credential for one organization. The secret itself is nowhere stored."""

    organization_id = models.BigIntegerField(db_index=True)
    label = models.CharField(max_length=64, blank=True, default="")
    token_hashed = models.CharField(max_length=64, unique=True)
    token_last_characters = models.CharField(max_length=4)
    scope_list = models.JSONField(default=list)
    status = models.PositiveSmallIntegerField(
        choices=ApiKeyStatus.choices, default=ApiKeyStatus.ACTIVE
    )
    date_added = models.DateTimeField(default=timezone.now)

    objects: ClassVar[ApiKeyManager] = ApiKeyManager()

    class Meta:
        app_label = "sentry"
        db_table = "sentry_apikey"

    def __str__(self) -> str:
        return f"{self.label or 'API key'} …{self.token_last_characters}"
