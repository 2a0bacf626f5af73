"""The site: who may enter, and which tables a process shows."""

import codecs
import math
from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

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

    def login(
        self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None
    ) -> HttpResponse:
        """The page to sign in at.

        Raises:
            BadRequest: the body is in another encoding than UTF-8.
        """
        _check_encoding(request)
        return super().login(request, dict(extra_context or {}))

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the request is a signed-in, active staff user's, and carries no credential.

        Raises:
            BadRequest: its body is in another encoding than UTF-8.
        """
        if request.headers.get("x-api-key") or request.headers.get("authorization"):
            return False
        _check_encoding(request)
        return super().has_permission(request)


def _check_encoding(request: HttpRequest) -> None:
    if codecs.lookup(request.encoding or "utf-8").name != "utf-8":
        # Others can say half a surrogate pair, which no page can show and no database takes.
        raise BadRequest("forms are read as UTF-8")


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
