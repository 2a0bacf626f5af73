"""The tables that allow more than reading, and what they allow."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from sentry import models
from sentry.actions import credentials, sessions
from sentry.web.admin.base import PlatformAdmin


class UserAdmin(PlatformAdmin):
    """People. Disabling one ends their sessions and refuses their tokens."""

    changeable = ("first_name", "last_name", "is_staff", "is_superuser")
    actions = ("disable", "enable", "end_sessions")

    @admin.action(permissions=["change"], description="Disable: sessions end, tokens are refused")
    def disable(self, request: HttpRequest, queryset: "QuerySet[models.User]") -> None:  # noqa: ARG002
        """Disables the users."""
        for user_id in _ids(queryset):
            sessions.set_active(user_id=user_id, is_active=False)

    @admin.action(permissions=["change"], description="Enable")
    def enable(self, request: HttpRequest, queryset: "QuerySet[models.User]") -> None:  # noqa: ARG002
        """Enables the users again; they have to sign in."""
        for user_id in _ids(queryset):
            sessions.set_active(user_id=user_id, is_active=True)

    @admin.action(permissions=["change"], description="End all sessions")
    def end_sessions(self, request: HttpRequest, queryset: "QuerySet[models.User]") -> None:  # noqa: ARG002
        """Ends the users' sessions, everywhere."""
        for user_id in _ids(queryset):
            sessions.end_sessions(user_id=user_id)


class CredentialAdmin(PlatformAdmin):
    """Keys and tokens: their hashes are not shown, and they can be revoked."""

    actions = ("revoke",)
    revoke_one: Callable[[Any], None]

    @admin.action(permissions=["change"], description="Revoke")
    def revoke(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:  # noqa: ARG002
        """Revokes the credentials; revoked ones stay so."""
        for row in queryset:
            type(self).revoke_one(row)


class ApiKeyAdmin(CredentialAdmin):
    """API keys."""

    changeable = ("label",)

    @staticmethod
    def revoke_one(row: models.ApiKey) -> None:
        """Revokes one."""
        credentials.revoke_api_key(organization_id=row.organization_id, api_key_id=row.id)


class OrgAuthTokenAdmin(CredentialAdmin):
    """Organization tokens."""

    changeable = ("name",)

    @staticmethod
    def revoke_one(row: models.OrgAuthToken) -> None:
        """Revokes one."""
        credentials.revoke_organization_token(organization_id=row.organization_id, token_id=row.id)


class ApiTokenAdmin(CredentialAdmin):
    """User tokens."""

    changeable = ("name",)

    @staticmethod
    def revoke_one(row: models.ApiToken) -> None:
        """Revokes one."""
        credentials.revoke_user_token(user_id=row.user_id, token_id=row.id)


class NamedAdmin(PlatformAdmin):
    """Tables whose rows have a name that people read, and nothing else depends on."""

    changeable = ("name",)


TABLES: dict[type[Model], type[PlatformAdmin]] = {
    models.ApiKey: ApiKeyAdmin,
    models.ApiToken: ApiTokenAdmin,
    models.OrgAuthToken: OrgAuthTokenAdmin,
    models.Organization: NamedAdmin,
    models.Project: NamedAdmin,
    models.Team: NamedAdmin,
    models.User: UserAdmin,
}


def _ids(queryset: "QuerySet[models.User]") -> list[int]:
    return list(queryset.order_by().values_list("id", flat=True))
