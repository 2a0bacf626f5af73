"""The addresses of the REST interface, below ``/api/0/``. Each ends with a slash."""

from django.urls import URLPattern, path, re_path, register_converter
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularJSONAPIView

from sentry.api.base import Endpoint
from sentry.api.endpoints.auth_index import AuthIndexEndpoint
from sentry.api.endpoints.code_mappings import OrganizationCodeMappingsEndpoint
from sentry.api.endpoints.organizations import OrganizationDetailsEndpoint, OrganizationsEndpoint
from sentry.api.endpoints.repositories import (
    OrganizationRepositoriesEndpoint,
    OrganizationRepositoryCommitsEndpoint,
    OrganizationRepositoryDetailsEndpoint,
)
from sentry.api.errors import not_found

_MAX_ID = 2**63 - 1


class RowIdConverter:
    """A row's id in a path: anything else is nothing that we have."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """The id.

        Raises:
            ValueError: it is beyond what the database holds; the path is then unknown.
        """
        if int(value) > _MAX_ID:
            raise ValueError(value)
        return int(value)

    def to_url(self, value: int) -> str:
        """The id in a path."""
        return str(value)


register_converter(RowIdConverter, "row_id")

ENDPOINTS: tuple[tuple[str, type[Endpoint]], ...] = (
    ("organizations/", OrganizationsEndpoint),
    ("organizations/<slug:organization_slug>/", OrganizationDetailsEndpoint),
    ("organizations/<slug:organization_slug>/repos/", OrganizationRepositoriesEndpoint),
    (
        "organizations/<slug:organization_slug>/repos/<row_id:repository_id>/",
        OrganizationRepositoryDetailsEndpoint,
    ),
    (
        "organizations/<slug:organization_slug>/repos/<row_id:repository_id>/commits/",
        OrganizationRepositoryCommitsEndpoint,
    ),
    ("organizations/<slug:organization_slug>/code-mappings/", OrganizationCodeMappingsEndpoint),
)

# What belongs to a signed-in user and to no organization: no scope opens it, a session does.
SESSION_ENDPOINTS: tuple[tuple[str, type[Endpoint]], ...] = (("auth/", AuthIndexEndpoint),)

urlpatterns: list[URLPattern] = [
    *(
        path(route, endpoint.as_view(), name=endpoint.url_name)
        for route, endpoint in (*ENDPOINTS, *SESSION_ENDPOINTS)
    ),
    path(
        "openapi.json",
        SpectacularJSONAPIView.as_view(authentication_classes=[], permission_classes=[]),
        name="sentry-api-0-openapi",
    ),
    re_path("", csrf_exempt(not_found)),
]
