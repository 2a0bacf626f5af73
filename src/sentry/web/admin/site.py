"""The site: who may enter, and which tables a process shows."""

import math

from django.apps import apps
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest

from sentry.integrations.source_code_management.errors import RateLimited, ServiceUnavailable
from sentry.silo import SiloMode, silo_modes_of
from sentry.web.admin.base import PlatformAdmin
from sentry.web.admin.tables import TABLES


class SignInForm(AdminAuthenticationForm):
    """Name and password; says when too many were tried."""

    def clean(self) -> dict[str, object]:
        """The form's values, with a user who may enter.

        Raises:
            ValidationError: there is no such user, they are no staff, or too much was tried.
        """
        try:
            return super().clean()
        except RateLimited as error:
            minutes = math.ceil((error.retry_after or 0) / 60)
            raise ValidationError(f"Too many tries. Come back in {minutes} minutes.") from None
        except ServiceUnavailable:
            raise ValidationError("Nobody can sign in now: try again later.") from None


class PlatformAdminSite(AdminSite):
    """Lets staff in who signed in; a request with a credential of a program is nobody's here."""

    site_header = site_title = "Sentry"
    index_title = "Tables"
    site_url = None
    login_form = SignInForm
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the request is a signed-in, active staff user's, and carries no credential."""
        if request.headers.get("x-api-key") or request.headers.get("authorization"):
            return False
        return super().has_permission(request)


def build_site(mode: SiloMode) -> PlatformAdminSite:
    """The site of a process in this mode: the tables that are there."""
    site = PlatformAdminSite(name="admin")
    for model in apps.get_app_config("sentry").get_models():
        if is_served(model, mode):
            site.register(model, TABLES.get(model, PlatformAdmin))
    return site


def is_served(model: type[Model], mode: SiloMode) -> bool:
    """Whether a process in this mode has the model's table."""
    return mode is SiloMode.MONOLITH or mode in silo_modes_of(model)
