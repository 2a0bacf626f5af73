"""The tables that allow more than reading, and what they allow."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from sentry import models
from sentry.actions import credentials, sessions, superusers
from sentry.integrations.source_code_management.errors import PreconditionFailed
from sentry.web.admin.base import PlatformAdmin

if TYPE_CHECKING:
    _ModelForm = ModelForm[models.User]
else:
    _ModelForm = ModelForm


class UserForm(_ModelForm):
    """Takes rights from others alone."""

    asked_by: int

    def clean(self) -> dict[str, Any]:
        """The form's values.

        Raises:
            ValidationError: they would take rights that have to stay.
        """
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if any(
            values.get(name) is False
            for name in {"is_staff", "is_superuser"}.intersection(self.changed_data)
        ):
            try:
                superusers.check_may_take(user_id=self.instance.pk, by=self.asked_by)
            except PreconditionFailed as error:
                raise ValidationError(str(error)) from None
        return values


class UserAdmin(PlatformAdmin):
    """People. Disabling one ends their sessions and refuses their tokens."""

    changeable = ("first_name", "last_name", "is_staff", "is_superuser")
    actions = ("disable", "enable", "end_sessions")
    form = UserForm

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any
    ) -> type[Any]:
        """The form, which knows who asks."""
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"asked_by": _asker(request)})

    @admin.action(permissions=["change"], description="Disable: sessions end, tokens are refused")
    def disable(self, request: HttpRequest, queryset: "QuerySet[models.User]") -> None:
        """Disables the users; says so of one who has to stay."""
        for user_id in _ids(queryset):
            try:
                superusers.disable(user_id=user_id, by=_asker(request))
            except PreconditionFailed as error:
                self.message_user(request, f"User {user_id} stays: {error}.", messages.ERROR)

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


def _asker(request: HttpRequest) -> int:
    return int(request.user.pk or 0)  # the site lets nobody else in


def _ids(queryset: "QuerySet[models.User]") -> list[int]:
    return list(queryset.order_by().values_list("id", flat=True))
