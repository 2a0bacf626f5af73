"""The addresses of the REST interface, below ``/api/0/``. Each ends with a slash."""

from django.urls import URLPattern, path, re_path, register_converter
from django.views.decorators.csrf import csrf_exempt

from sentry.api.base import Endpoint
from sentry.api.endpoints.api_keys import (
    OrganizationApiKeyDetailsEndpoint,
    OrganizationApiKeysEndpoint,
)
from sentry.api.endpoints.api_tokens import ApiTokenDetailsEndpoint, ApiTokensEndpoint
from sentry.api.endpoints.auth_index import AuthIndexEndpoint
from sentry.api.endpoints.code_mappings import (
    OrganizationCodeMappingDetailsEndpoint,
    OrganizationCodeMappingsEndpoint,
)
from sentry.api.endpoints.integrations import (
    OrganizationIntegrationDetailsEndpoint,
    OrganizationIntegrationsEndpoint,
)
from sentry.api.endpoints.members import (
    OrganizationMemberDetailsEndpoint,
    OrganizationMemberMeEndpoint,
    OrganizationMembersEndpoint,
    OrganizationMemberTeamEndpoint,
)
from sentry.api.endpoints.org_auth_tokens import (
    OrganizationAuthTokenDetailsEndpoint,
    OrganizationAuthTokensEndpoint,
)
from sentry.api.endpoints.organizations import OrganizationDetailsEndpoint, OrganizationsEndpoint
from sentry.api.endpoints.project_teams import ProjectTeamDetailsEndpoint, ProjectTeamsEndpoint
from sentry.api.endpoints.projects import OrganizationProjectsEndpoint, ProjectDetailsEndpoint
from sentry.api.endpoints.repositories import (
    OrganizationRepositoriesEndpoint,
    OrganizationRepositoryCommitsEndpoint,
    OrganizationRepositoryDetailsEndpoint,
)
from sentry.api.endpoints.repository_webhook import OrganizationRepositoryWebhookEndpoint
from sentry.api.endpoints.teams import OrganizationTeamDetailsEndpoint, OrganizationTeamsEndpoint
from sentry.api.errors import not_found
from sentry.api.openapi import OpenApiView

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

_ORGANIZATION = "organizations/<slug:organization_slug>/"
_PROJECT = f"{_ORGANIZATION}projects/<slug:project_slug>/"
_MEMBER = f"{_ORGANIZATION}members/<row_id:member_id>/"
_REPOSITORY = f"{_ORGANIZATION}repos/<row_id:repository_id>/"

ENDPOINTS: tuple[tuple[str, type[Endpoint]], ...] = (
    ("api-tokens/", ApiTokensEndpoint),
    ("api-tokens/<row_id:token_id>/", ApiTokenDetailsEndpoint),
    ("organizations/", OrganizationsEndpoint),
    (_ORGANIZATION, OrganizationDetailsEndpoint),
    (f"{_ORGANIZATION}members/", OrganizationMembersEndpoint),
    (f"{_ORGANIZATION}members/me/", OrganizationMemberMeEndpoint),
    (_MEMBER, OrganizationMemberDetailsEndpoint),
    (f"{_MEMBER}teams/<slug:team_slug>/", OrganizationMemberTeamEndpoint),
    (f"{_ORGANIZATION}teams/", OrganizationTeamsEndpoint),
    (f"{_ORGANIZATION}teams/<slug:team_slug>/", OrganizationTeamDetailsEndpoint),
    (f"{_ORGANIZATION}projects/", OrganizationProjectsEndpoint),
    (_PROJECT, ProjectDetailsEndpoint),
    (f"{_PROJECT}teams/", ProjectTeamsEndpoint),
    (f"{_PROJECT}teams/<slug:team_slug>/", ProjectTeamDetailsEndpoint),
    (f"{_ORGANIZATION}api-keys/", OrganizationApiKeysEndpoint),
    (f"{_ORGANIZATION}api-keys/<row_id:api_key_id>/", OrganizationApiKeyDetailsEndpoint),
    (f"{_ORGANIZATION}org-auth-tokens/", OrganizationAuthTokensEndpoint),
    (f"{_ORGANIZATION}org-auth-tokens/<row_id:token_id>/", OrganizationAuthTokenDetailsEndpoint),
    (f"{_ORGANIZATION}integrations/", OrganizationIntegrationsEndpoint),
    (
        f"{_ORGANIZATION}integrations/<row_id:integration_id>/",
        OrganizationIntegrationDetailsEndpoint,
    ),
    (f"{_ORGANIZATION}repos/", OrganizationRepositoriesEndpoint),
    (_REPOSITORY, OrganizationRepositoryDetailsEndpoint),
    (f"{_REPOSITORY}webhook/", OrganizationRepositoryWebhookEndpoint),
    (f"{_REPOSITORY}commits/", OrganizationRepositoryCommitsEndpoint),
    (f"{_ORGANIZATION}code-mappings/", OrganizationCodeMappingsEndpoint),
    (
        f"{_ORGANIZATION}code-mappings/<row_id:code_mapping_id>/",
        OrganizationCodeMappingDetailsEndpoint,
    ),
)

# What belongs to a signed-in user and to no organization: no scope opens it, a session does.
SESSION_ENDPOINTS: tuple[tuple[str, type[Endpoint]], ...] = (("auth/", AuthIndexEndpoint),)

urlpatterns: list[URLPattern] = [
    *(
        path(route, endpoint.as_view(), name=endpoint.url_name)
        for route, endpoint in (*ENDPOINTS, *SESSION_ENDPOINTS)
    ),
    path("openapi.json", OpenApiView.as_view(), name="sentry-api-0-openapi"),
    re_path("", csrf_exempt(not_found)),
]
