"""User tokens: a user's own credentials for programs."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone

from sentry.auth.scopes import validate_scopes
from sentry.db.models import ControlModel
from sentry.models.user import User
from sentry.silo import control_silo_model
from sentry.utils.tokens import hash_token, new_token

TOKEN_PREFIX = "sntryu_"  # noqa: S105


class ApiTokenManager(models.Manager["ApiToken"]):
    """Makes tokens."""

    def create_with_token(
        self,
        *,
        user: User,
        scope_list: Iterable[str],
        name: str = "",
        expires_at: datetime | None = None,
    ) -> "tuple[ApiToken, str]":
        """A new token and its secret, which is stored only as a hash and cannot be read again.

        Raises:
            ValueError: a scope is unknown.
        """
        secret = new_token(TOKEN_PREFIX)
        token = self.create(
            user=user,
            name=name,
            token_hashed=hash_token(secret),
            token_last_characters=secret[-4:],
            scope_list=validate_scopes(scope_list),
            expires_at=expires_at,
        )
        return token, secret


@control_silo_model
class ApiToken(ControlModel):
    """A user's credential. It may do what its scopes and the user's role both allow."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    name = models.CharField(max_length=255, blank=True, default="")
    token_hashed = models.CharField(max_length=64, unique=True)
    token_last_characters = models.CharField(max_length=4)
    scope_list = models.JSONField(default=list)
    expires_at = models.DateTimeField(null=True)
    date_deactivated = models.DateTimeField(null=True)
    date_added = models.DateTimeField(default=timezone.now)

    objects: ClassVar[ApiTokenManager] = ApiTokenManager()

    class Meta:
        app_label = "sentry"
        db_table = "sentry_apitoken"

    def __str__(self) -> str:
        return f"{self.name or 'user token'} …{self.token_last_characters}"
