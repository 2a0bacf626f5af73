"""Organization tokens: credentials of automation, bound to one organization."""

from collections.abc import Iterable
from typing import ClassVar

from django.db import models
from django.utils import timezone

from sentry.auth.scopes import validate_scopes
from sentry.db.models import ControlModel
from sentry.silo import control_silo_model
from sentry.utils.tokens import hash_token, new_organization_token


class OrgAuthTokenManager(models.Manager["OrgAuthToken"]):
    """Makes tokens."""

    def create_with_token(
        self,
        *,
        organization_id: int,
        organization_slug: str,
        scope_list: Iterable[str],
        name: str = "",
        created_by: int | None = None,
    ) -> "tuple[OrgAuthToken, str]":
        """A new token and its secret, which is stored only as a hash and cannot be read again.

        Raises:
            ValueError: a scope is unknown.
        """
        secret = new_organization_token(organization_slug)
        token = self.create(
            organization_id=organization_id,
            name=name,
            token_hashed=hash_token(secret),
            token_last_characters=secret[-4:],
            scope_list=validate_scopes(scope_list),
            created_by=created_by,
        )
        return token, secret


@control_silo_model
class OrgAuthToken(ControlModel):
    """A credential of an organization's automation (``sntrys_…``)."""

    organization_id = models.BigIntegerField(db_index=True)
    name = models.CharField(max_length=255, blank=True, default="")
    token_hashed = models.CharField(max_length=64, unique=True)
    token_last_characters = models.CharField(max_length=4)
    scope_list = models.JSONField(default=list)
    created_by = models.BigIntegerField(null=True)
    date_deactivated = models.DateTimeField(null=True)
    date_added = models.DateTimeField(default=timezone.now)

    objects: ClassVar[OrgAuthTokenManager] = OrgAuthTokenManager()

    class Meta:
        app_label = "sentry"
        db_table = "sentry_orgauthtoken"

    def __str__(self) -> str:
        return f"{self.name or 'organization token'} …{self.token_last_characters}"
